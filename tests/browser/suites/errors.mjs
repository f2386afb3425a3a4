import assert from 'node:assert/strict';
import { files } from '../paths.mjs';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';
const small = 'all-minilm-l6-v2';

/** Bad input and broken servers end in one typed error whose message helps. */
export async function errors({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);
  await page.evaluate(() => clearStorage());

  const expectCode = (name, codes, work, ...models) =>
    report.test(`${run}: ${name}`, async () => {
      models.forEach(needModel);
      const error = await page.evaluate(work, { device, id, small, file: files[id] });
      assert.ok(error?.typed, `a RushlightError, not ${JSON.stringify(error)}`);
      assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
      assert.ok(error.message.length > 20, error.message);
      return `${error.code}: ${error.message}`;
    });

  await expectCode('a model that the catalog lacks', ['MODEL_NOT_FOUND'], ({ device }) =>
    failure(() => lib.Embedder.create({ device, model: 'no-such-model' })),
  );
  await expectCode('a model that the server lacks', ['MODEL_NOT_FOUND'], ({ device }) =>
    failure(() => lib.Embedder.create({ device, modelsUrl: '/nowhere/' })),
  );
  await expectCode(
    'a damaged download',
    ['INTEGRITY'],
    ({ device }) => failure(() => lib.LanguageModel.create({ device, modelsUrl: '/corrupt/' })),
    id,
  );
  await expectCode(
    'a download that is too short',
    ['INTEGRITY', 'NETWORK'],
    ({ device }) => failure(() => lib.LanguageModel.create({ device, modelsUrl: '/truncated/' })),
    id,
  );
  await expectCode(
    'a truncated GGUF file',
    ['BAD_MODEL'],
    async ({ device, id, file }) => {
      const blob = await (await fetch(`/truncated/${id}/${file}`)).blob();
      return failure(() => lib.LanguageModel.create({ device, model: { files: { 'model.gguf': blob } } }));
    },
    id,
  );
  await expectCode('a file that is no model', ['BAD_MODEL', 'UNSUPPORTED_MODEL'], ({ device }) =>
    failure(() => lib.LanguageModel.create({ device, model: { files: { 'model.gguf': new Uint8Array(4096).buffer } } })),
  );
  await expectCode(
    'a model for another task',
    ['BAD_INPUT', 'UNSUPPORTED_MODEL'],
    ({ device, small }) => failure(() => lib.LanguageModel.create({ device, model: small })),
    small,
  );
  await expectCode('a runtime that is not there', ['WASM_UNAVAILABLE'], ({ device }) =>
    failure(() => lib.Embedder.create({ device, wasmUrl: '/nowhere/runtime.wasm' })),
  );
  if (device === 'wasm') {
    await expectCode('WebGPU where there is none', ['WEBGPU_UNAVAILABLE'], () =>
      failure(() => lib.Embedder.create({ device: 'webgpu' })),
      small,
    );
  }
  await page.close();
}
