import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const chat = 'smollm2-135m-instruct';
const embedding = 'all-minilm-l6-v2';
const heapLimit = 96 * 1024 * 1024; // bytes, on the WebGPU path

/** What users are promised: no request once a model is there, no special headers, little memory, a reason for the device. */
export async function promises({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);

  await report.test(`${run}: no request after create`, async () => {
    needModel(chat);
    needModel(embedding);
    await page.evaluate(async (device) => {
      kept.embedder = await lib.Embedder.create({ device });
      kept.model = await lib.LanguageModel.create({ device });
      kept.loaded = await kept.model.memory();
    }, device);
    const seen = [];
    browser.context.on('request', (request) => seen.push(request.url()));
    const before = server.requests.length;
    const answer = await page.evaluate(async () => {
      await kept.embedder.embed(['one', 'two']);
      return kept.model.prompt('Say hello.', { maxTokens: 4 });
    });
    assert.ok(answer.length > 0, 'the model answered');
    await page.waitForTimeout(500);
    assert.deepEqual(server.requests.slice(before), [], 'requests seen by the server');
    assert.deepEqual(seen, [], 'requests seen by the browser');
  });

  await report.test(`${run}: no isolation, no policy violation, no other host`, async () => {
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    assert.deepEqual(browser.violations, []);
    assert.deepEqual(browser.outside, []);
  });

  await report.test(`${run}: memory of SmolLM2`, async () => {
    needModel(chat);
    const { loaded, used, info } = await page.evaluate(async (device) => {
      const model = (kept.model ??= await lib.LanguageModel.create({ device }));
      const loaded = kept.loaded ?? (await model.memory());
      return { loaded, used: await model.memory(), info: model.info() };
    }, device);
    assert.equal(info.device, device);
    assert.ok(info.reason.length > 0);
    // The heap never shrinks: its size after loading is the peak while loading.
    if (device === 'webgpu') {
      assert.match(info.adapter, /swiftshader/i, 'the name of the adapter');
      assert.ok(loaded.heap <= heapLimit, `the heap is ${loaded.heap} bytes after loading`);
      assert.ok(used.heap <= heapLimit, `the heap is ${used.heap} bytes after use`);
      assert.ok(used.device > 90e6, `the weights are on the GPU: ${used.device} bytes`);
    } else {
      assert.equal(used.device, 0);
      assert.ok(used.host > 90e6, `the weights are in the heap: ${used.host} bytes`);
      assert.ok(used.heap <= 1.15 * used.weights + 64e6, `the heap is ${used.heap} bytes for ${used.weights} of weights`);
    }
    return `heap ${mb(loaded.heap)} loaded, ${mb(used.heap)} used; ${mb(used.device)} on the device; ${info.adapter}`;
  });

  await report.test(`${run}: the second visit loads without the network`, async () => {
    needModel(embedding);
    const again = await browser.open(`${server.origin}/test/`);
    await again.waitForFunction(() => globalThis.ready);
    const load = async (device) => {
      const availability = await lib.Embedder.availability({ device });
      const embedder = await lib.Embedder.create({ device });
      const { length } = await embedder.embed('hello');
      embedder.destroy();
      return { length, availability };
    };
    await again.evaluate(load, device);
    const before = server.requests.length;
    const { length, availability } = await again.evaluate(load, device);
    assert.equal(length, 384);
    assert.equal(availability, 'available');
    assert.deepEqual(server.log('/models/', before), []);
    await again.close();
  });

  await report.test(`${device} browser: device 'auto' says what it took and why`, async () => {
    needModel(embedding);
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
