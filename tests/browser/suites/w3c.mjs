import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

/** The behaviour that code written for the browser's own `LanguageModel` and `Summarizer` relies on. */
export async function w3c({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: create fires downloadprogress from 0 to 1`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const events = await page.evaluate(async (device) => {
      const events = [];
      const { create } = lib.LanguageModel; // statics work detached
      kept.model = await create({
        device,
        monitor: (monitor) => {
          monitor.addEventListener('downloadprogress', ({ loaded, total, lengthComputable }) => {
            events.push({ loaded, total, lengthComputable });
          });
        },
      });
      return events;
    }, device);
    assert.equal(events[0]?.loaded, 0);
    assert.equal(events.at(-1)?.loaded, 1);
    events.forEach((event, index) => {
      assert.ok(event.total === 1 && event.lengthComputable);
      assert.equal((event.loaded * 65536) % 1, 0);
      if (index > 0) assert.ok(event.loaded > events[index - 1].loaded, 'strictly increasing');
    });
  });

  await report.test(`${run}: an error of the monitor callback is what create rejects with`, async () => {
    const error = await page.evaluate(
      (device) =>
        failure(() =>
          lib.LanguageModel.create({
            device,
            monitor: () => {
              throw new RangeError('mine');
            },
          }),
        ),
      device,
    );
    assert.deepEqual([error?.name, error?.message], ['RangeError', 'mine']);
  });

  await report.test(`${run}: streaming gives string deltas that add up to the answer`, async () => {
    needModel(id);
    const result = await page.evaluate(async () => {
      const options = { maxTokens: 6, temperature: 0 };
      const copy = await kept.model.clone();
      const whole = await copy.prompt('Name a colour.', options);
      const stream = kept.model.promptStreaming('Name a colour.', options);
      const tag = Object.prototype.toString.call(stream);
      const deltas = [];
      for await (const delta of stream) deltas.push(delta);
      return { whole, tag, deltas, usage: kept.model.contextUsage, window: kept.model.contextWindow };
    });
    assert.equal(result.tag, '[object ReadableStream]');
    assert.ok(result.deltas.length > 1 && result.deltas.every((delta) => typeof delta === 'string'));
    assert.equal(result.deltas.join(''), result.whole);
    assert.ok(result.usage > 0 && result.usage < result.window);
    return JSON.stringify(result.whole);
  });

  await report.test(`${run}: a system message that is not first is a TypeError`, async () => {
    needModel(id);
    const error = await page.evaluate(() =>
      failure(() =>
        kept.model.prompt([
          { role: 'user', content: 'hello' },
          { role: 'system', content: 'be brief' },
        ]),
      ),
    );
    assert.equal(error?.name, 'TypeError');
  });

  await report.test(`${run}: the summarizer's attributes and the empty text`, async () => {
    needModel(id);
    const result = await page.evaluate(async (device) => {
      const summarizer = await lib.Summarizer.create({ device });
      const { type, format, length, sharedContext } = summarizer;
      const empty = await summarizer.summarize('  ');
      let chunks = 0;
      for await (const _ of summarizer.summarizeStreaming('')) chunks += 1;
      summarizer.destroy();
      return { type, format, length, sharedContext, empty, chunks };
    }, device);
    assert.deepEqual(result, {
      type: 'key-points',
      format: 'markdown',
      length: 'short',
      sharedContext: '',
      empty: '',
      chunks: 0,
    });
  });

  await report.test(`${run}: destroy ends running and later calls`, async () => {
    needModel(id);
    const { running, later } = await page.evaluate(async () => {
      const running = failure(() => kept.model.prompt('Tell a long story.'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      kept.model.destroy();
      return { running: await running, later: await failure(() => kept.model.prompt('hello')) };
    });
    assert.ok(['AbortError', 'InvalidStateError'].includes(running?.name), JSON.stringify(running));
    assert.ok(['AbortError', 'InvalidStateError'].includes(later?.name), JSON.stringify(later));
  });
  await page.close();
}
