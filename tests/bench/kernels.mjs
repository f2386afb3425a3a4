/**
 * `node kernels.mjs FOLDER`: matrix products of the CPU backend beside candle-core's `QMatMul` in headless Chromium, taking
 * turns; each folder in FOLDER is a build of `tests/kernel-bench`. One JSON line each: GB of weights (as they lie in the
 * file) a second, GOP (a multiplication or an addition) a second, and ours over candle-core's of the same build.
 * Says what it measured and judges nothing. Environment: CHROMIUM, ROUNDS (default 5, after one that is not counted),
 * BUILDS (folders in FOLDER), DTYPES, TOKENS, ROWS, COLUMNS, MS of a round.
 */
import { join } from 'node:path';
import { launch } from '../browser/browser.mjs';
import { root } from '../browser/paths.mjs';
import { startServer } from '../browser/server.mjs';
import { median } from './report.mjs';

const list = (name, usual) => (process.env[name] ?? usual).split(',');
const number = (name, usual) => Number(process.env[name] ?? usual);
const dtypes = list('DTYPES', 'q4_0,q4_1,q8_0,q4_k,q6_k,q5_0,q5_1,q2_k,q3_k,q5_k,f16,f32');
const tokenCounts = list('TOKENS', '1,4,64').map(Number);
const [rows, columns] = [number('ROWS', 4096), number('COLUMNS', 2048)];
const [rounds, milliseconds] = [number('ROUNDS', 5), number('MS', 150)];

const builds = list('BUILDS', 'simd128,relaxed-simd');

const server = await startServer({ folders: { '/kernels/': process.argv[2], '/bench/': join(root, 'tests/bench/pages') } });
const browser = await launch({ backend: 'wasm' });
const page = await browser.open(`${server.origin}/bench/kernels.html`);
await page.waitForFunction(() => globalThis.ready);
await page.evaluate((builds) => load(builds), builds);
for (const dtype of dtypes) for (const tokens of tokenCounts) await measure(dtype, tokens);
await browser.close();
server.close();

async function measure(dtype, tokens) {
  const shape = [dtype, rows, columns, tokens];
  const weightBytes = await page.evaluate((shape) => make(...shape), shape);
  const contenders = builds.flatMap((build) => [{ build, runtime: 'rushlight', times: [] }, { build, runtime: 'candle-core', times: [] }]);
  for (let round = 0; round <= rounds; round += 1) {
    for (const { build, runtime, times } of contenders) {
      // The first one is long enough for the engine to compile what it measures.
      const seconds = await page.evaluate((args) => time(...args), [build, runtime, (round === 0 ? 5 : 1) * milliseconds]);
      if (round > 0) times.push(seconds);
    }
  }
  for (const { build, runtime, times } of contenders) {
    const seconds = median(times);
    const theirs = contenders.find((other) => other.build === build && other.runtime === 'candle-core');
    const line = {
      kind: 'kernel', dtype, rows, columns, tokens, build, runtime,
      gigabytesPerSecond: weightBytes / seconds / 1e9,
      gigaOperationsPerSecond: (2 * rows * columns * tokens) / seconds / 1e9,
      ...(runtime === 'rushlight' && { overCandle: median(times.map((own, index) => theirs.times[index] / own)) }),
    };
    console.log(JSON.stringify(line, (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value)));
  }
}
