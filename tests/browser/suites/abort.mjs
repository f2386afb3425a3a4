import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

/** Stopping: a generation ends at the next token and leaves the model usable. */
export async function abort({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: an aborted generation ends and the next one works`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const { error, deltas, after } = await page.evaluate(async (device) => {
      kept.model ??= await lib.LanguageModel.create({ device });
      const controller = new AbortController();
      let deltas = 0;
      const error = await failure(async () => {
        const stream = kept.model.promptStreaming('Count from one to one hundred.', { signal: controller.signal });
        for await (const delta of stream) {
          deltas += delta.length > 0 ? 1 : 0;
          if (deltas === 2) controller.abort();
        }
      });
      const after = await kept.model.prompt('Say hello.', { maxTokens: 3 });
      return { error, deltas, after };
    }, device);
    assert.equal(error?.name, 'AbortError');
    assert.ok(deltas >= 2 && deltas <= 4, `${deltas} deltas came`);
    assert.ok(after.length > 0);
  });

  await report.test(`${run}: a signal that is aborted already stops everything`, async () => {
    const errors = await page.evaluate(async (device) => {
      const signal = AbortSignal.abort(new Error('changed my mind'));
      return [
        await failure(() => lib.Embedder.create({ device, signal })),
        await failure(() => kept.model?.prompt('hello', { signal }) ?? Promise.reject(signal.reason)),
      ];
    }, device);
    for (const error of errors) assert.equal(error?.message, 'changed my mind');
  });
  await page.evaluate(() => kept.model?.destroy());
  await page.close();
}
