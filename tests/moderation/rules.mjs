/**
 * What the word list and the injection rules say of texts as they are spelled: `node rules.mjs < texts.jsonl`.
 *
 * A line in is a string, a line out `{ profanity, injection }`, 0 to 1.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const pkg = new URL('../../pkg/', import.meta.url);
const { build } = createRequire(fileURLToPath(new URL('package.json', pkg)))('esbuild');

/** A module of the package's sources: the word list is not exported. */
async function source(name) {
  const entry = fileURLToPath(new URL(`src/moderation/${name}.ts`, pkg));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const [{ findProfanity }, { findInjection }] = [await source('lexicon'), await source('injection')];

for await (const line of createInterface({ input: process.stdin })) {
  const text = JSON.parse(line);
  const profanity = findProfanity(text).length > 0 ? 1 : 0;
  const injection = Math.max(0, ...findInjection(text).map(({ score }) => score));
  process.stdout.write(`${JSON.stringify({ profanity, injection })}\n`);
}
