import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

/**
 * The page goes on drawing while a prompt is read, because a worker reads it. That a GPU is not kept busy for too long is
 * tested natively (tests/models/pace.rs): a software adapter draws next to any submit.
 */
export async function frames({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: the page draws while a prompt is read`, async () => {
    needModel(id);
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
