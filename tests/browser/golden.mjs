/** Reference outputs: what the same models say in other, trusted software. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const folder = join(root, 'tests/golden');

export const minilm = read('minilm.json');
export const smollm2 = read('smollm2.json');
export const gemma3 = read('gemma3.json');
export const moderation = read('moderation.json');

function read(name) {
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Cosine of the angle between two vectors. */
export function cosine(left, right) {
  const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

/**
 * Rows of the moderation golden for a software GPU: some of every kind, which lie together; for each label the text whose
 * score a small error moves most; and the longest text. `tests/models/moderation.rs` chooses the same.
 */
export function sample({ labels, rows }) {
  const least = (value) => rows.reduce((best, row) => (value(row) < value(best) ? row : best));
  const kinds = rows.filter((_, index) => index % 40 === 0);
  const undecided = labels.map((_, label) => least(({ scores }) => Math.abs(scores[label] - 0.5)));
  return [...new Set([...kinds, ...undecided, least(({ text }) => -text.length)])];
}
