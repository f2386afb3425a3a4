import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { files, models } from '../paths.mjs';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

/** A stopped download is kept, and the next one asks for the rest only. */
export async function download({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: an aborted download is continued`, async () => {
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
      (await lib.LanguageModel.create({ device, modelsUrl: '/slow/' })).destroy();
    }, device);
    const second = server.log('.gguf', middle);
    assert.ok(second.length > 0 && second.every(({ status }) => status === 206), 'the rest is asked for by range');
    const sum = (log) => log.reduce((bytes, entry) => bytes + entry.bytes, 0);
    assert.ok(sum(second) < size * 0.9, `the second time ${sum(second)} of ${size} bytes`);
    return `${mb(sum(first))} served before the stop, ${mb(sum(second))} after, of ${mb(size)}`;
  });
  await page.close();
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
