/**
 * What the built package says of texts: `node pipeline.mjs MODEL < texts.jsonl`.
 *
 * A line in is a string, a line out the moderator's scores by label.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Moderator } from '../../pkg/dist/index.js';

const BATCH = 64;

const file = new Blob([await readFile(join(process.argv[2], 'minilm-moderation.gguf'))]);
const moderator = await Moderator.create({ device: 'wasm', model: { files: { 'minilm-moderation.gguf': file } } });

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
