import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths.mjs';

/** The table of op cases on the browser's WebGPU, and what only a browser can show of the backend. */
export async function ops({ report, browser, server, run, full }) {
  await report.always(`target/browser-ops is built`, async () => {
    if (!existsSync(join(root, 'target/browser-ops/ops.js'))) throw new Error('run cargo xtask build first');
  });
  const page = await browser.open(`${server.origin}/test/`);
  const names = await page.evaluate(async () => {
    kept.ops = await import('/ops/ops.js');
    await kept.ops.default({ module_or_path: '/ops/ops_bg.wasm' });
    return JSON.parse(kept.ops.names());
  });

  // Cases are called `op/…`: a line for each op says enough when it passes, and lists the cases when it does not. Those of
  // fused kernels take a name more: what a software adapter compiles for seconds goes to a device of its own. What is not
  // fused is planned without a GPU, and runs natively.
  const group = (name) => name.split('/').slice(0, name.startsWith('fused/') ? 2 : 1).join('/');
  const groups = [...new Set(names.map(group))].filter((name) => full || name !== 'fused/not');
  const adds = ['linear', 'rms_norm', 'layer_norm', 'normalize', 'attention', 'fused/attention', 'fused/gemma', 'fused/encoder'];
  const added = groups.filter((op) => full || adds.includes(op));
  const tiers = [...groups.map((op) => [op, 'fused']), ...['subgroups', 'quads'].flatMap((tier) => added.map((op) => [op, tier]))];
  const hasSubgroups = await page.evaluate(async () => (await navigator.gpu.requestAdapter()).features.has('subgroups'));
  for (const [op, tier] of tiers) {
    if (tier !== 'fused' && !hasSubgroups) continue;
    await report.test(`${run}: op ${op}, ${tier}`, async () => {
      const wanted = some(op, tier);
      const run = await page.evaluate(async ([wanted, tier]) => JSON.parse(await kept.ops.run_ops(wanted, tier)), [wanted, tier]);
      assert.match(run.limits, new RegExp(`tier: ${tier}`, 'i'));
      assert.deepEqual(run.cases.map(({ name }) => name), wanted, 'every case ran');
      assert.deepEqual(run.cases.filter(({ passed }) => !passed), []);
      return `${wanted.length} of ${names.filter((name) => name.startsWith(`${op}/`)).length} cases, ${run.adapter}`;
    });
  }
  await report.test(`${run}: a step is one submit and creates nothing`, () => outcome('check_run'));
  await report.test(`${run}: a lost device is an error from then on`, () => outcome('check_loss'));
  await page.close();

  /**
   * Cases of an op. Of matrix products a third, and another third on each other tier: each has kernels of its own, which a
   * software adapter compiles for a second; all of them run natively.
   */
  function some(op, tier) {
    const all = names.filter((name) => name.startsWith(`${op}/`));
    if (full || op !== 'linear') return all;
    return all.filter((_, index) => index % 3 === ['fused', 'subgroups', 'quads'].indexOf(tier));
  }

  async function outcome(name) {
    const { passed, detail } = await page.evaluate(async (name) => JSON.parse(await kept.ops[name]()), name);
    assert.ok(passed, detail);
    return detail;
  }
}
