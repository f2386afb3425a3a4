import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

/** Nothing leaves the page once a model is there; no policy is broken; no isolation headers are needed. */
export async function network({ report, browser, server, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${device}: no request after create`, async () => {
    needModel('all-minilm-l6-v2');
    needModel('smollm2-135m-instruct');
    await page.waitForFunction(() => globalThis.ready);
    await page.evaluate(async (device) => {
      kept.embedder = await lib.Embedder.create({ device });
      kept.model = await lib.LanguageModel.create({ device });
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
    await page.evaluate(() => {
      kept.embedder.destroy();
      kept.model.destroy();
    });
  });

  await report.test(`${device}: the second visit loads without the network`, async () => {
    needModel('all-minilm-l6-v2');
    const again = await browser.open(`${server.origin}/test/`);
    await again.waitForFunction(() => globalThis.ready);
    const before = server.requests.length;
    const { length, availability } = await again.evaluate(async (device) => {
      const availability = await lib.Embedder.availability({ device });
      const embedder = await lib.Embedder.create({ device });
      const { length } = await embedder.embed('hello');
      embedder.destroy();
      return { length, availability };
    }, device);
    assert.equal(length, 384);
    assert.equal(availability, 'available');
    assert.deepEqual(server.log('/models/', before), []);
    await again.close();
  });

  await report.test(`${device}: no isolation, no policy violation, no other host`, async () => {
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    assert.deepEqual(browser.violations, []);
    assert.deepEqual(browser.outside, []);
  });
  await page.close();
}
