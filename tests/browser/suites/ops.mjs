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
  tiers.push(...['linear', 'fused/layer norm', 'fused/gemma'].map((op) => [op, 'dots']));
  const hasSubgroups = await page.evaluate(async () => (await navigator.gpu.requestAdapter()).features.has('subgroups'));
  for (const [op, tier] of tiers) {
    if (['subgroups', 'quads'].includes(tier) && !hasSubgroups) continue;
    await report.test(`${run}: op ${op}, ${tier}`, async () => {
      const wanted = some(op, tier);
      const run = await page.evaluate(async ([wanted, tier]) => JSON.parse(await kept.ops.run_ops(wanted, tier)), [wanted, tier]);
      assert.match(run.limits, tier === 'dots' ? /dots: true/ : new RegExp(`tier: ${tier}.* dots: false`, 'i'));
      assert.deepEqual(run.cases.map(({ name }) => name), wanted, 'every case ran');
      assert.deepEqual(run.cases.filter(({ passed }) => !passed), []);
      return `${wanted.length} of ${names.filter((name) => name.startsWith(`${op}/`)).length} cases, ${run.adapter}`;
    });
  }
  await report.test(`${run}: a step is one submit and creates nothing`, () => outcome('check_run'));
  await report.test(`${run}: a shader that does not compile is an error`, () => outcome('check_shader'));
  await report.test(`${run}: pipelines are compiled at once, and none where the browser draws`, async () => {
    const { passed, alone, together, most } = await page.evaluate(count, names.filter((name) => name.startsWith('fused/encoder/')));
    assert.ok(passed && alone === 0 && most > 1, `${alone} alone, ${together} together, ${most} at the same time`);
    return `${together} pipelines, ${most} at the same time`;
  });
  await report.test(`${run}: a lost device is an error from then on`, () => outcome('check_loss'));
  await page.close();

  /**
   * Cases of an op. Of matrix products a third, and another third on each other tier: each has kernels of its own, which a
   * software adapter compiles for a second; all of them run natively. Packed products are for many tokens by blocks.
   */
  function some(op, tier) {
    const all = names.filter((name) => name.startsWith(`${op}/`));
    if (tier === 'dots') return all.filter((name) => /\/(9|\d\d+)(x|$)/.test(name) && !/\/b?f\d\d\//.test(name));
    if (full || op !== 'linear') return all;
    return all.filter((_, index) => index % 3 === ['fused', 'subgroups', 'quads'].indexOf(tier));
  }

  /** Runs in the page: some cases, and how their pipelines were made. */
  async function count(wanted) {
    const { createComputePipeline: alone, createComputePipelineAsync: together } = GPUDevice.prototype;
    const counts = { alone: 0, together: 0, most: 0 };
    let now = 0;
    GPUDevice.prototype.createComputePipeline = function (descriptor) {
      counts.alone += 1;
      return alone.call(this, descriptor);
    };
    GPUDevice.prototype.createComputePipelineAsync = async function (descriptor) {
      counts.together += 1;
      counts.most = Math.max(counts.most, ++now);
      return together.call(this, descriptor).finally(() => now--);
    };
    const { failed } = JSON.parse(await kept.ops.run_ops(wanted, 'fused'));
    Object.assign(GPUDevice.prototype, { createComputePipeline: alone, createComputePipelineAsync: together });
    return { ...counts, passed: failed === 0 };
  }

  async function outcome(name) {
    const { passed, detail } = await page.evaluate(async (name) => JSON.parse(await kept.ops[name]()), name);
    assert.ok(passed, detail);
    return detail;
  }
}
