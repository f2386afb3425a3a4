/** Reference outputs: what the same models say in other, trusted software. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const folder = join(root, 'tests/golden');

export const minilm = read('minilm.json');
export const smollm2 = read('smollm2.json');
export const gemma3 = read('gemma3.json');

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
