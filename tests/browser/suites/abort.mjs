import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { files, models } from '../paths.mjs';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

/** Stopping: a download is kept and continued, a generation ends at the next token and leaves the model usable. */
export async function abort({ report, browser, server, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${device}: an aborted download is continued`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const { size } = await stat(join(models, id, files[id]));
    const before = server.requests.length;
    const stopped = await page.evaluate(async (device) => {
      await clearStorage();
      const controller = new AbortController();
      let loaded = 0;
      const error = await failure(() =>
        lib.LanguageModel.create({
          device,
          modelsUrl: '/slow/',
          signal: controller.signal,
          onProgress: (progress) => {
            if (progress.phase === 'download') loaded = progress.loaded;
            if (progress.phase === 'download' && progress.progress > 0.3) controller.abort();
          },
        }),
      );
      return { error, loaded };
    }, device);
    assert.equal(stopped.error?.name, 'AbortError');
    assert.ok(stopped.loaded > 0 && stopped.loaded < size, `stopped at ${stopped.loaded} of ${size}`);
    await page.waitForTimeout(500);
    const first = server.log('.gguf', before);
    const middle = server.requests.length;

    await page.evaluate(async (device) => {
      kept.model = await lib.LanguageModel.create({ device, modelsUrl: '/slow/' });
    }, device);
    const second = server.log('.gguf', middle);
    assert.ok(second.length > 0 && second.every(({ status }) => status === 206), 'the rest is asked for by range');
    const sum = (log) => log.reduce((bytes, entry) => bytes + entry.bytes, 0);
    assert.ok(sum(second) < size * 0.9, `the second time ${sum(second)} of ${size} bytes`);
    return `${mb(sum(first))} served before the stop, ${mb(sum(second))} after, of ${mb(size)}`;
  });

  await report.test(`${device}: an aborted generation ends and the next one works`, async () => {
    needModel(id);
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

  await report.test(`${device}: a signal that is aborted already stops everything`, async () => {
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

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
