import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const heapLimit = 96 * 1024 * 1024; // bytes, on the WebGPU path
const id = 'smollm2-135m-instruct';

/** What `info()` and `memory()` say: the device and why, and a wasm heap that weights only pass through. */
export async function memory({ report, browser, server, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${device}: memory of SmolLM2`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const { loaded, used, info } = await page.evaluate(async (device) => {
      const model = await lib.LanguageModel.create({ device });
      const loaded = await model.memory();
      await model.prompt('Say hello.', { maxTokens: 4 });
      const used = await model.memory();
      const info = model.info();
      model.destroy();
      return { loaded, used, info };
    }, device);
    assert.equal(info.device, device);
    assert.ok(info.reason.length > 0);
    // The heap never shrinks: its size after loading is the peak while loading.
    if (device === 'webgpu') {
      assert.ok(loaded.heap <= heapLimit, `the heap is ${loaded.heap} bytes after loading`);
      assert.ok(used.heap <= heapLimit, `the heap is ${used.heap} bytes after use`);
      assert.ok(used.device > 90e6, `the weights are on the GPU: ${used.device} bytes`);
    } else {
      assert.equal(used.device, 0);
      assert.ok(used.host > 90e6, `the weights are in the heap: ${used.host} bytes`);
    }
    return `heap ${mb(loaded.heap)} loaded, ${mb(used.heap)} used; ${mb(used.device)} on the device; ${info.adapter}`;
  });

  await report.test(`${device} browser: device 'auto' says what it took and why`, async () => {
    needModel('all-minilm-l6-v2');
    const info = await page.evaluate(async () => {
      const embedder = await lib.Embedder.create();
      const info = embedder.info();
      embedder.destroy();
      return info;
    });
    // A software adapter is slower than Wasm, so neither browser of these tests is right for WebGPU.
    assert.equal(info.device, 'wasm');
    assert.match(info.reason, device === 'wasm' ? /WebGPU/ : /software|fallback/);
    return info.reason;
  });
  await page.close();
}

function mb(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
