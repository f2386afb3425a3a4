import assert from 'node:assert/strict';
import { files } from '../paths.mjs';
import { needModel } from '../report.mjs';
import { isolation, startServer } from '../server.mjs';

const chat = 'smollm2-135m-instruct';

/** Kernels in relaxed SIMD, where the browser has it, change the time and no bit, whether activations have 8 bits or 16. */
export async function precision({ report, browser, server, run }) {
  const page = await browser.open(`${server.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);
  const url = `/models/${chat}/${files[chat]}`;

  await report.test(`${run}: either precision is the same bits with relaxed SIMD and without`, async () => {
    needModel(chat);
    const found = await page.evaluate(scored, [url, files[chat]]);
    for (const precision of ['exact', 'quick']) {
      const { none, best, other } = found[precision];
      assert.equal(none.precision, precision);
      assert.ok(none.scores.length > 20 && none.scores.every(Number.isFinite));
      // One of the two has kernels for 'exact', both have some for 'quick'.
      const words = [best, other].map((way) => way.precision).sort();
      const by = `${precision}, by relaxed SIMD`;
      if (best.hasRelaxed) assert.deepEqual(words, [precision === 'exact' ? 'exact' : by, by].sort());
      else assert.equal(best.precision, precision);
      for (const { scores } of [best, other]) assert.deepEqual(scores, none.scores);
    }
    const [quick, exact] = [found.quick.none.scores, found.exact.none.scores];
    assert.notDeepEqual(quick, exact);
    const apart = quick.reduce((sum, score, at) => sum + Math.abs(score - exact[at]), 0) / quick.length;
    assert.ok(apart < 0.2, `${apart} nats a token`);
    return `${found.exact.best.precision}; ${found.quick.best.precision}; ${apart.toFixed(4)} nats a token apart`;
  });

  await report.test(`${run}: a precision that there is not is told of`, async () => {
    needModel(chat);
    const error = await page.evaluate((url) => failure(() => openRuntime('wasm', { 'model.gguf': url }, { precision: 'Quick' })), url);
    assert.equal(error?.code, 'BAD_INPUT');
  });
  await page.close();
  await withThreads({ report, browser, run });
}

async function withThreads({ report, browser, run }) {
  const isolated = await startServer({ headers: isolation });
  const page = await browser.open(`${isolated.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);

  await report.test(`${run}: precision 'quick' is the same text on two threads`, async () => {
    needModel(chat);
    const answers = [];
    for (const threads of [1, 2]) {
      answers.push(await page.evaluate(async (threads) => {
        const model = await lib.LanguageModel.create({ device: 'wasm', threads, precision: 'quick' });
        const text = await model.prompt('Write about a lighthouse.', { maxTokens: 24, temperature: 0 });
        const { precision, threads: count } = model.info().details;
        model.destroy();
        return { text, precision, count };
      }, threads));
    }
    assert.deepEqual(answers.map(({ count }) => count), ['1', '2']);
    assert.ok(answers[0].text.length > 0);
    assert.equal(answers[1].text, answers[0].text);
    assert.equal(answers[1].precision, answers[0].precision);
    return answers[1].precision;
  });
  await page.close();
  isolated.close();
}

/** Runs in the page: negative log-likelihoods of some tokens, in each way that an engine may have. */
async function scored([url, name]) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const readAt = (offset, into) => into.set(bytes.subarray(offset, offset + into.length));
  const { validate, Instance } = WebAssembly;
  const tokens = Uint32Array.from({ length: 39 }, (_, index) => 400 + 91 * index);
  let instances = 0;
  const ways = {
    none: { validate: () => false },
    best: {},
    // The way of adding that this engine would not choose.
    other: {
      Instance: function (...args) {
        const { exports } = new Instance(...args);
        return { exports: exports.is_pairs ? { ...exports, is_pairs: () => 1 - exports.is_pairs(-1) } : exports };
      },
    },
  };
  const found = { exact: {}, quick: {} };
  const all = ['exact', 'quick'].flatMap((precision) => Object.entries(ways).map(([way, changes]) => ({ precision, way, changes })));
  for (const { precision, way, changes } of all) {
    // Another address, another instance: one asks for the kernels once.
    const glue = await import(`/pkg/runtime.js?${(instances += 1)}`);
    await glue.default({ module_or_path: '/pkg/runtime.wasm' });
    let hasRelaxed = false;
    WebAssembly.validate = changes.validate ?? ((bytes) => (hasRelaxed = validate(bytes)));
    WebAssembly.Instance = changes.Instance ?? Instance;
    const file = { name, size: bytes.length, readAt };
    const runtime = await glue.Runtime.open([file], { device: 'wasm', context: 128, precision }, () => true);
    Object.assign(WebAssembly, { validate, Instance });
    const scores = [...(await runtime.score(tokens, () => true))];
    // One token a step.
    const { logProbability } = (await runtime.continuations('The sea', [' was calm that day'], {}, () => true))[0];
    found[precision][way] = { precision: runtime.info().details.precision, scores: [...scores, logProbability], hasRelaxed };
    runtime.free();
  }
  return found;
}
