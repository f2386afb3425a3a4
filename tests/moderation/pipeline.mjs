/**
 * What the built package says of texts: `node pipeline.mjs TRUNK MODEL < texts.jsonl`.
 *
 * A line in is a string, a line out the moderator's scores by label.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Moderator } from '../../pkg/dist/index.js';

const BATCH = 64;

const [trunk, model] = process.argv.slice(2);
const paths = [
  ...['model.safetensors', 'tokenizer.json', 'tokenizer_config.json'].map((name) => join(trunk, name)),
  ...['config.json', 'moderation.safetensors'].map((name) => join(model, name)),
];
const files = Object.fromEntries(await Promise.all(paths.map(async (path) => [basename(path), new Blob([await readFile(path)])])));
const moderator = await Moderator.create({ device: 'wasm', model: { files } });

async function judge(texts) {
  for (const { scores } of await moderator.moderate(texts)) process.stdout.write(`${JSON.stringify(scores)}\n`);
}

let batch = [];
for await (const line of createInterface({ input: process.stdin })) {
  batch.push(JSON.parse(line));
  if (batch.length === BATCH) await judge(batch.splice(0));
}
await judge(batch);
moderator.destroy();
