import assert from 'node:assert/strict';
import { files } from '../paths.mjs';
import { gemma3, smollm2 } from '../golden.mjs';
import { needModel } from '../report.mjs';

/** Two candidates closer than this (nats) may change places; the paths may part after such a step. */
const nearTie = 0.01;
const models = [
  { title: 'SmolLM2', id: 'smollm2-135m-instruct', golden: smollm2, ends: [0, 2] }, // <|endoftext|>, <|im_end|>
  { title: 'Gemma 3', id: 'gemma-3-270m', golden: gemma3, ends: [1, 106] }, // <eos>, <end_of_turn>
];

/** What a token of SmolLM2 costs with the kernels that a GPU gets; a software adapter gets others unless it is asked. */
export async function counts({ report, browser, server, run, device }) {
  const [{ title, id, golden }] = models;
  const page = await browser.open(`${server.origin}/test/`);
  await report.test(`${run}: ${title}: a token is five launches a layer, a submit and a read`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const wanted = 2;
    const args = { device, url: `/models/${id}/${files[id]}`, file: files[id], prompt: golden.prompts[0], steps: wanted, wanted, tier: 'fused' };
    await page.evaluate(drawn, args); // the prompt is in the cache from now on
    const { tokens, info, dispatches, submits, reads, bytesRead, objects } = await page.evaluate(drawn, args);
    assert.equal(info.details.tier, 'fused');
    assert.equal(tokens.length, wanted);
    assert.ok(dispatches <= wanted * (5 * info.layers + 5), `${dispatches} launches for ${wanted} tokens, ${info.layers} layers`);
    assert.deepEqual([submits, reads, objects], [wanted, wanted, 0]);
    assert.ok(bytesRead <= wanted * 64, `${bytesRead} bytes read`);
    return `${dispatches / wanted} launches and ${bytesRead / wanted} bytes read a token, ${info.layers} layers`;
  });
  await page.evaluate(() => kept.runtime?.free());
  await page.close();
}

/** Greedy decoding, token by token, against fp32 arithmetic on the same weights. */
export async function generate({ report, browser, server, run, device, full }) {
  // The software adapter of CI takes about a second a token.
  const steps = device === 'wasm' || full ? 32 : 4;
  for (const { title, id, golden, ends } of models) {
    const page = await browser.open(`${server.origin}/test/`);
    for (const [index, reference] of golden.greedy.entries()) {
      await report.test(`${run}: ${title}: greedy tokens of prompt ${index + 1} equal the reference`, async () => {
        needModel(id);
        await page.waitForFunction(() => globalThis.ready);
        const prompt = golden.prompts[index];
        const args = { device, url: `/models/${id}/${files[id]}`, file: files[id], prompt, steps };
        const { tokens, text, count } = await page.evaluate(greedy, args);
        assert.equal(count, reference.prompt_ids.length, 'tokens of the prompt');
        const equal = compare(tokens, reference, steps, ends);
        assert.ok(text.length > 0, 'there is text');
        return `${equal} tokens: ${JSON.stringify(text.slice(0, 60))}`;
      });
    }
    if (id === models[0].id) {
      await report.test(`${run}: ${title}: steps that are queued before a token is known change none`, async () => {
        needModel(id);
        await page.waitForFunction(() => globalThis.ready);
        // The first one reads the prompt; the others find it in the cache, and their arithmetic is the same.
        const outcomes = [];
        for (const [runAhead, wanted] of [[1, 5], [1, 5], [4, 5], [4, 2], [4, 5]]) {
          const args = { device, url: `/models/${id}/${files[id]}`, file: files[id], prompt: golden.prompts[0], runAhead, wanted };
          outcomes.push(await page.evaluate(drawn, args));
        }
        const [, one, four, stopped, again] = outcomes;
        assert.deepEqual(four.tokens, one.tokens);
        assert.deepEqual(stopped.tokens, one.tokens.slice(0, 2));
        assert.deepEqual(again.tokens, one.tokens);
        // The prompt is in the cache but for its last token: a submit and a read a token, queued or not.
        for (const { submits, reads, bytesRead } of [four, again]) assert.deepEqual([submits, reads, bytesRead], [5, 5, 20]);
        assert.deepEqual([stopped.submits, again.objects], [5, 0], 'queued for nothing, and created');
        return `${one.tokens}`;
      });
    }
    await page.evaluate(() => kept.runtime?.free());
    await page.close();
  }
}

/** Runs in the page: tokens drawn, five unless it is said, of which the caller wants so many; and what the backend did for them. */
async function drawn({ device, url, file, prompt, runAhead, wanted, steps = 5, tier }) {
  kept.runtime ??= await openRuntime(device, { [file]: url }, { tier });
  const tokens = [];
  const before = kept.runtime.counters();
  await kept.runtime.generate(prompt, { maxTokens: steps, temperature: 1, seed: 7, ignoreEos: true, runAhead }, (event) => {
    if (event.type === 'text') tokens.push(event.token);
    return tokens.length < wanted;
  });
  const after = kept.runtime.counters();
  const spent = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
  return { tokens, info: kept.runtime.info(), ...spent };
}

/** Runs in the page. */
async function greedy({ device, url, file, prompt, steps }) {
  kept.runtime ??= await openRuntime(device, { [file]: url });
  const tokens = [];
  let text = '';
  await kept.runtime.generate(prompt, { maxTokens: steps, temperature: 0 }, (event) => {
    if (event.type === 'text') {
      tokens.push(event.token);
      text += event.text;
    }
    return true;
  });
  return { tokens, text, count: kept.runtime.countTokens(prompt) };
}

/** The number of equal tokens; throws where they differ without a near tie of the reference itself. */
function compare(tokens, reference, steps, ends) {
  // Generation ends at the end-of-text token; the reference ran on.
  const end = reference.ids.findIndex((token) => ends.includes(token));
  const expected = reference.ids.slice(0, Math.min(steps, end < 0 ? steps : end));
  for (const [step, token] of expected.entries()) {
    if (tokens[step] === token) continue;
    const [[, first], [, second]] = reference.top20[step];
    assert.ok(first - second <= nearTie, `step ${step}: token ${tokens[step]} instead of ${token}; got ${tokens}`);
    return step;
  }
  assert.ok(tokens.length <= expected.length + 1, `${tokens.length} tokens after the end of the text`);
  return expected.length;
}
