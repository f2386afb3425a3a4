import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

const id = 'smollm2-135m-instruct';

const schema = {
  type: 'object',
  properties: { sentiment: { enum: ['positive', 'negative', 'neutral'] }, stars: { type: 'integer', minimum: 1, maximum: 5 } },
  required: ['sentiment', 'stars'],
  additionalProperties: false,
};

/** `responseConstraint` of the Prompt API, with a real model. */
export async function constraints({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);

  await report.test(`${run}: a response constraint is met by every answer`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const result = await page.evaluate(
      async ({ device, schema }) => {
        kept.model = await lib.LanguageModel.create({ device, temperature: 1.5, seed: 3 });
        const ask = async (options) => {
          const copy = await kept.model.clone();
          let text = '';
          for await (const delta of copy.promptStreaming('The lamp is bright and I love it!', options)) text += delta;
          const { tokens } = copy.stats;
          copy.destroy();
          return { text, tokens };
        };
        return {
          json: await ask({ responseConstraint: schema }),
          bare: await ask({ responseConstraint: schema, omitResponseConstraintInput: true, temperature: 0 }),
          date: await ask({ responseConstraint: /\d{4}-\d\d-\d\d/ }),
          word: await ask({ responseConstraint: /(yes|no)[.!]/, repetitionPenalty: 1.3, topK: 5 }),
        };
      },
      { device, schema },
    );
    for (const { text } of [result.json, result.bare]) {
      const { sentiment, stars, ...rest } = JSON.parse(text);
      assert.ok(schema.properties.sentiment.enum.includes(sentiment) && [1, 2, 3, 4, 5].includes(stars), text);
      assert.deepEqual(rest, {});
    }
    assert.match(result.date.text, /^\d{4}-\d\d-\d\d$/);
    assert.match(result.word.text, /^(yes|no)[.!]$/);
    assert.ok(result.word.tokens <= 4, `${result.word.tokens} tokens: the end of the expression ends the answer`);
    return JSON.stringify(Object.values(result).map(({ text }) => text));
  });

  await report.test(`${run}: a response constraint that cannot be used is refused, and the session goes on`, async () => {
    needModel(id);
    const result = await page.evaluate(async () => {
      const refused = (responseConstraint) => failure(() => kept.model.prompt('x', { responseConstraint }));
      const errors = [
        await refused({ type: 'nothing' }),
        await refused({ type: 'integer', minimum: 2, maximum: 1 }),
        await refused(/(a)\1/),
        await refused(/a/i),
        await refused('{}'),
      ];
      const abort = new AbortController();
      const running = failure(() => kept.model.prompt('x', { responseConstraint: /(na ){300}/, maxTokens: 500, signal: abort.signal }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      abort.abort(new Error('enough'));
      return { errors, aborted: await running, after: await kept.model.prompt('x', { responseConstraint: /ok/ }) };
    });
    assert.deepEqual(
      result.errors.map(({ name, code }) => [name, code]),
      [
        ['NotSupportedError', 'UNSUPPORTED_CONSTRAINT'],
        ['SyntaxError', 'IMPOSSIBLE_CONSTRAINT'],
        ['NotSupportedError', 'UNSUPPORTED_CONSTRAINT'],
        ['NotSupportedError', 9],
        ['TypeError', undefined],
      ],
    );
    assert.deepEqual([result.aborted?.message, result.after], ['enough', 'ok']);
    await page.evaluate(() => kept.model.destroy());
  });
  await page.close();
}
