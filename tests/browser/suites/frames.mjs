import assert from 'node:assert/strict';
import { files } from '../paths.mjs';
import { needModel } from '../report.mjs';

const decoder = 'smollm2-135m-instruct';
const classifier = 'minilm-moderation';

/**
 * The page goes on drawing while a prompt is read, because a worker reads it. That a GPU is not kept busy for too long is
 * tested natively (tests/models/pace.rs): a software adapter draws next to any submit.
 */
export async function frames({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: the page draws while a prompt is read`, async () => {
    needModel(decoder);
    await page.waitForFunction(() => globalThis.ready);
    const { drawn, longest, prefillMs, promptTokens } = await page.evaluate(async (device) => {
      const model = await lib.LanguageModel.create({ device, temperature: 0 });
      await model.prompt('Hello.', { maxTokens: 1 }); // prepares, and measures what a token costs
      let drawn = 0;
      let longest = 0;
      let last = performance.now();
      let counting = true;
      const count = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        drawn += 1;
        if (counting) requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
      await model.prompt('The rush was dipped in fat and burned for half an hour. '.repeat(3), { maxTokens: 1 });
      counting = false;
      const { prefillMs, promptTokens } = model.stats;
      model.destroy();
      return { drawn, longest, prefillMs, promptTokens };
    }, device);
    const note = `${drawn} frames in ${Math.round(prefillMs)} ms, ${promptTokens} tokens, longest gap ${Math.round(longest)} ms`;
    assert.ok(drawn >= prefillMs / 100, note);
    return note;
  });
  await page.close();
}

/** In the background prompts and batches are read in many short submits, and the page draws between them. */
export async function background({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);
  const compare = async (id, work) => {
    needModel(id);
    const { usual, gentle } = await page.evaluate(work, { device, file: files[id], url: `/models/${id}/${files[id]}` });
    const note = `${gentle.submits} submits and ${gentle.drawn} frames, otherwise ${usual.submits} and ${usual.drawn}`;
    assert.ok(gentle.drawn >= gentle.submits, note);
    // A frame is waited for by a timer.
    assert.ok(usual.timers === 0 && gentle.timers > 0, `${gentle.timers} timers, otherwise ${usual.timers}`);
    return { usual, gentle, note };
  };

  await report.test(`${run}: in the background a frame is drawn for each submit of a prompt`, async () => {
    const { usual, gentle, note } = await compare(decoder, read);
    assert.ok(gentle.submits > usual.submits, note);
    return note;
  });

  // A software adapter gets single texts in any case.
  await report.test(`${run}: in the background a frame comes after each batch of texts`, async () => (await compare(classifier, sort)).note);
  await page.close();
}

/** Runs in the page. */
async function read({ device, url, file }) {
  const runtime = await openRuntime(device, { [file]: url });
  const options = { maxTokens: 1, temperature: 0 };
  const read = (prompt, priority) => watched(runtime, () => runtime.generate(prompt, { ...options, priority }, () => true));
  const sentence = 'The rush was dipped in fat and burned for half an hour. ';
  await read('Hello to everybody who is here.', 'user-visible'); // prepares, and measures what a token costs
  const usual = await read(`Once. ${sentence.repeat(4)}`, 'user-visible');
  const gentle = await read(`Again. ${sentence.repeat(4)}`, 'background');
  runtime.free();
  return { usual, gentle };
}

/** Runs in the page. */
async function sort({ device, url, file }) {
  const runtime = await openRuntime(device, { [file]: url });
  const texts = Array(8).fill('The rush was dipped in fat.');
  const sort = (options) => watched(runtime, () => runtime.classify(texts, options, () => true));
  await sort({});
  const usual = await sort({});
  const gentle = await sort({ priority: 'background' });
  runtime.free();
  return { usual, gentle };
}
