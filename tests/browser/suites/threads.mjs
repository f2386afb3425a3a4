import assert from 'node:assert/strict';
import { cosine, minilm } from '../golden.mjs';
import { needModel } from '../report.mjs';
import { isolation, startServer } from '../server.mjs';

const chat = 'smollm2-135m-instruct';
const embedding = 'all-minilm-l6-v2';

/** The CPU path on several threads, which a page gets when it is cross-origin isolated. */
export async function threads({ report, browser, server, run }) {
  const isolated = await startServer({ headers: isolation });
  const page = await browser.open(`${isolated.origin}/test/`);
  const plain = await browser.open(`${server.origin}/test/`);
  for (const each of [page, plain]) await each.waitForFunction(() => globalThis.ready);

  await report.test(`${run}: a page gets the module that it can use, and no other`, async () => {
    needModel(embedding);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    const outcomes = [
      [page, isolated, 2, undefined],
      [plain, server, 1, /not cross-origin isolated/],
    ];
    for (const [page, { requests, log }, threads, why] of outcomes) {
      const before = requests.length;
      const { details } = await opened(page, { threads: 2 });
      const module = threads === 2 ? 'runtime-threads.wasm' : 'runtime.wasm';
      assert.deepEqual(log('.wasm', before).map(({ path }) => path), [`/pkg/${module}`]);
      assert.equal(details.module, module);
      assert.equal(details.threads, String(threads));
      if (why === undefined) assert.equal(details.whyOneThread, undefined);
      else assert.match(details.whyOneThread, why);
      await page.evaluate(() => kept.embedder.destroy());
    }
  });
  await compute({ report, run, page });
  if (browser.context) await watch({ report, browser, run, page, isolated });
  for (const each of [page, plain]) await each.close();
  isolated.close();
}

async function compute({ report, run, page }) {
  await report.test(`${run}: threads change no bit of an embedding, and it is the reference's`, async () => {
    needModel(embedding);
    const texts = minilm.sentences;
    const vectors = [];
    for (const threads of [1, 2, 3]) {
      const { details } = await opened(page, { threads });
      assert.equal(details.threads, String(threads));
      assert.equal(details.module, threads === 1 ? 'runtime.wasm' : 'runtime-threads.wasm');
      vectors.push(await page.evaluate(async (texts) => {
        const vectors = await kept.embedder.embed(texts);
        kept.embedder.destroy();
        return vectors.map((vector) => [...vector]);
      }, texts));
    }
    assert.deepEqual(vectors[1], vectors[0]);
    assert.deepEqual(vectors[2], vectors[0]);
    const least = Math.min(...vectors[1].map((vector, index) => cosine(vector, minilm.embeddings[index])));
    assert.ok(least >= 0.99999, `cosine ${least}`);
    return `${texts.length} sentences, least cosine ${least.toFixed(7)}`;
  });

  await report.test(`${run}: threads change no token, and an abort arrives`, async () => {
    needModel(chat);
    const answers = [];
    for (const threads of [1, 2]) {
      answers.push(await page.evaluate(async (threads) => {
        const model = await lib.LanguageModel.create({ device: 'wasm', threads });
        const text = await model.prompt('Write about a lighthouse.', { maxTokens: 24, temperature: 0 });
        const controller = new AbortController();
        const reader = model.promptStreaming('Count to a thousand.', { signal: controller.signal }).getReader();
        await reader.read();
        controller.abort();
        const error = await failure(async () => { while (!(await reader.read()).done); });
        const again = await (await model.clone()).prompt('Say hello.', { maxTokens: 4, temperature: 0 });
        const { threads: count } = model.info().details;
        model.destroy();
        return { text, again, error: error?.name, count };
      }, threads));
    }
    assert.deepEqual(answers.map(({ count }) => count), ['1', '2']);
    assert.equal(answers[1].error, 'AbortError');
    assert.ok(answers[0].text.length > 0 && answers[0].again.length > 0);
    assert.deepEqual([answers[1].text, answers[1].again], [answers[0].text, answers[0].again]);
    return JSON.stringify(answers[1].text.slice(0, 60));
  });

  await report.test(`${run}: threads are as many as half of the cores, but both of two`, async () => {
    needModel(embedding);
    const { details } = await opened(page, {});
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    assert.equal(details.threads, String(Math.min(cores, 8, Math.max(2, Math.floor(cores / 2)))));
    await page.evaluate(() => kept.embedder.destroy());
    return `${details.threads} of ${cores}`;
  });

  await report.test(`${run}: threads that cannot start are told of, and one computes`, async () => {
    needModel(embedding);
    const { details } = await opened(page, { threads: 2, ownWorker: '/test/worker-without-threads.js' });
    assert.equal(details.threads, '1');
    assert.match(details.whyOneThread, /threads failed: .*refuses threads/);
    assert.equal(await page.evaluate(async () => (await kept.embedder.embed('hello')).length), 384);
    await page.evaluate(() => kept.embedder.destroy());
  });
}

/** What only Chromium can be asked. */
async function watch({ report, browser, run, page, isolated }) {
  await report.test(`${run}: threads end with the object`, async () => {
    needModel(embedding);
    const before = await workers(browser);
    await opened(page, { threads: 3 });
    assert.equal(await workers(browser), before + 3, 'the worker that computes and two more');
    await page.evaluate(() => kept.embedder.destroy());
    for (let tries = 0; (await workers(browser)) > before; tries++) {
      assert.ok(tries < 50, 'workers are left');
      await page.waitForTimeout(100);
    }
  });

  await report.test(`${run}: threads obey the policy`, async () => {
    assert.deepEqual(browser.violations, []);
    assert.deepEqual(isolated.log('/pkg/worker').filter(({ status }) => status !== 200), []);
  });
}

/** Longer than this, loading stands still. */
const STILL_MS = 100_000;

/** The `info()` of `kept.embedder`, made anew; or an error that says how far it came. */
async function opened(page, options) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(async () => {
      const last = await page.evaluate(() => kept.progress);
      reject(new Error(`loading stands still; the last that was heard: ${JSON.stringify(last)}`));
    }, STILL_MS);
  });
  return Promise.race([page.evaluate(open, options), late]).finally(() => clearTimeout(timer));
}

/** Runs in the page. */
async function open({ threads, ownWorker }) {
  kept.progress = 'nothing';
  const worker = ownWorker && (() => new Worker(ownWorker, { type: 'module' }));
  const onProgress = (progress) => (kept.progress = progress);
  kept.embedder = await lib.Embedder.create({ device: 'wasm', threads, onProgress, ...(worker && { worker }) });
  return kept.embedder.info();
}

/** Dedicated workers of all pages, those that workers have started among them. */
async function workers(browser) {
  const session = await browser.context.browser().newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
  await session.detach();
  return targetInfos.length;
}
