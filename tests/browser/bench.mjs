/**
 * `node bench.mjs`: prefill and decode tokens per second, embeddings per second, milliseconds to moderate a sentence and
 * load seconds of the package in headless Chromium, one JSON line a backend and number of threads. Says what it measured
 * and judges nothing.
 */
import { cpus, totalmem } from 'node:os';
import { launch } from './browser.mjs';
import { hasModel } from './paths.mjs';
import { isolation, startServer } from './server.mjs';

const chat = 'smollm2-135m-instruct';
const embedding = 'all-minilm-l6-v2';
const moderation = 'minilm-moderation';

/** What the CPU path runs on; pages without isolation have one thread. */
const threads = (process.env.THREADS ?? '1,2').split(',').map(Number);

/** The software adapter is a hundred times slower than a GPU: less to do, the same rates. */
const amount = { wasm: { prompt: 256, answer: 64, texts: 64, sentences: 30 }, webgpu: { prompt: 64, answer: 12, texts: 16, sentences: 5 } };

const server = await startServer({ headers: isolation });
const devices = (process.env.RUNS ?? 'wasm,webgpu').split(',');
const runs = devices.flatMap((device) => (device === 'wasm' ? threads.map((threads) => ({ device, threads })) : [{ device }]));
for (const { device, ...options } of runs) {
  const browser = await launch({ backend: device });
  const page = await browser.open(`${server.origin}/test/`);
  await page.waitForFunction(() => globalThis.ready);
  const measured = {};
  const args = { options: { device, ...options }, ...amount[device] };
  if (hasModel(chat)) Object.assign(measured, await page.evaluate(measureChat, args));
  if (hasModel(embedding)) Object.assign(measured, await page.evaluate(measureEmbeddings, args));
  if (hasModel(moderation)) Object.assign(measured, await page.evaluate(measureModeration, args));
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) };
  console.log(JSON.stringify({ runner: 'browser', device, ...options, chromium: browser.version, ...machine, ...measured }));
  await browser.close();
}
server.close();

/** Runs in the page. The second `create` loads from the browser's storage, without the download. */
async function measureChat({ options: where, prompt, answer }) {
  (await lib.LanguageModel.create(where)).destroy();
  const started = performance.now();
  const model = await lib.LanguageModel.create(where);
  const loadSeconds = (performance.now() - started) / 1000;
  // A warm-up compiles and prepares what the measured call uses. About 12 tokens a line.
  const lines = (count, what) => `The ${what} came in early and stayed until the evening.\n`.repeat(count);
  const question = 'Continue this story with as many details as you can:\n';
  const options = { maxTokens: answer, temperature: 0 };
  await (await model.clone()).prompt(question + lines(prompt / 12, 'rain'), { ...options, maxTokens: 2 });
  const session = await model.clone();
  await session.prompt(question + lines(prompt / 12, 'fog'), options);
  const { stats } = session;
  const { adapter, dtype } = model.info();
  const memory = await model.memory();
  model.destroy();
  return {
    adapter,
    chat: {
      model: 'smollm2-135m-instruct',
      dtype,
      loadSeconds,
      promptTokens: stats.promptTokens,
      tokens: stats.tokens,
      prefillTokensPerSecond: stats.prefillTokensPerSecond,
      decodeTokensPerSecond: stats.decodeTokensPerSecond,
      memory,
    },
  };
}

async function measureEmbeddings({ options: where, texts }) {
  (await lib.Embedder.create(where)).destroy();
  const started = performance.now();
  const embedder = await lib.Embedder.create(where);
  const loadSeconds = (performance.now() - started) / 1000;
  const batch = Array.from({ length: texts }, (_, index) => `Number ${index} of many short sentences about the weather and the sea.`);
  await embedder.embed(batch.slice(0, 4));
  const begun = performance.now();
  await embedder.embed(batch);
  const seconds = (performance.now() - begun) / 1000;
  const memory = await embedder.memory();
  embedder.destroy();
  return { embed: { model: 'all-minilm-l6-v2', loadSeconds, texts, embeddingsPerSecond: texts / seconds, memory } };
}

/** One sentence a call, as a page scores what somebody types: the median, because a page is not alone on a machine. */
async function measureModeration({ options: where, sentences }) {
  (await lib.Moderator.create(where)).destroy();
  const started = performance.now();
  const moderator = await lib.Moderator.create(where);
  const loadSeconds = (performance.now() - started) / 1000;
  const sentence = (index) => `Number ${index} of many short sentences about the weather and the sea.`;
  await moderator.moderate(sentence(sentences));
  const times = [];
  for (let index = 0; index < sentences; index += 1) {
    const begun = performance.now();
    await moderator.moderate(sentence(index));
    times.push(performance.now() - begun);
  }
  const millisecondsPerSentence = times.sort((a, b) => a - b)[sentences >> 1];
  const memory = await moderator.memory();
  moderator.destroy();
  return { moderate: { model: 'minilm-moderation', loadSeconds, sentences, millisecondsPerSentence, memory } };
}
