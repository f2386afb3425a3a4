/**
 * `node peers.mjs`: ours and the peers in one headless Chromium, taking turns, with as many threads each.
 *
 * Prints one JSON line a measurement and writes `peers.md` and `peers.svg` beside this file. Says what it measured
 * and judges nothing. A peer that fails is reported as such and left out. wllama has no WebGPU without shader-f16, which software
 * adapters lack. transformers.js runs on models that are made here of the files that the others load.
 * Environment: MODELS, CHROMIUM, ROUNDS (default 5, after one that is not counted),
 * ONLY=smollm2,gemma3,minilm,minilm-webgpu, THREADS=1,2 of what runs on the CPU. GPU=1 measures everything on WebGPU on the GPU of
 * the machine instead, ONLY=smollm2,gemma3,minilm, and writes `peers-gpu.md` and `peers-gpu.svg`.
 */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { launch } from '../browser/browser.mjs';
import { cosine, minilm } from '../browser/golden.mjs';
import { files, models, root } from '../browser/paths.mjs';
import { isolation, startServer } from '../browser/server.mjs';
import { writeLlama, writeMiniLm } from './onnx/write.mjs';
import { markdown, median, svg } from './report.mjs';

const here = join(root, 'tests/bench');
const rounds = Number(process.env.ROUNDS ?? 5);
const gpu = process.env.GPU === '1';
const wanted = (process.env.ONLY ?? `smollm2,gemma3,minilm${gpu ? '' : ',minilm-webgpu'}`).split(',');
const threadCounts = (process.env.THREADS ?? '1,2').split(',').map(Number);
const prefillTokens = 256;
const decodeTokens = 64;
/** Milliseconds between contenders: threads of the one before may look for work for a while before they sleep. */
const rest = 1000;
/** Milliseconds of use before transformers.js has reached its speed: its wasm is compiled in tiers. */
const warmUp = 10_000;

const chats = [
  { key: 'smollm2', title: 'SmolLM2-135M Q4_1', id: 'smollm2-135m-instruct', contenders: ['rushlight', 'rushlight-quick', 'wllama2', 'wllama3', 'transformers-q8'] },
  { key: 'gemma3', title: 'Gemma 3 270M Q4_K_M', id: 'gemma-3-270m', contenders: ['rushlight', 'rushlight-quick', 'wllama2', 'wllama3'] },
];
const versions = Object.entries(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies);
/** By name: what the tables call it, the runtime in the page, and what that is told. */
const contenders = {
  rushlight: { title: 'Rushlight', runtime: 'rushlight' },
  // Activations of 8 bits, as the peers have them.
  'rushlight-quick': { title: "Rushlight, precision 'quick'", runtime: 'rushlight', precision: 'quick' },
  wllama2: { title: `wllama ${version('wllama2')}`, runtime: 'wllama2' },
  wllama3: { title: `wllama ${version('wllama3')}`, runtime: 'wllama3' },
  ...Object.fromEntries(
    ['fp32', 'q8'].map((dtype) => {
      const title = `transformers.js ${version('@huggingface/transformers')} ${dtype}`;
      return [`transformers-${dtype}`, { title, runtime: 'transformers', dtype }];
    }),
  ),
};
const names = Object.fromEntries(Object.entries(contenders).map(([name, { title }]) => [name, title]));

const onnx = join(root, 'target/bench/onnx');
const server = await startServer({
  folders: { '/bench/': join(here, 'pages'), '/wasm/': join(root, 'pkg/wasm'), '/peers/': join(here, 'node_modules'), '/onnx/': onnx },
  // The peers need blob workers and eval; ours does not, and is tested without.
  headers: { ...isolation, 'content-security-policy': "default-src 'self' blob: data: 'unsafe-inline' 'unsafe-eval'" },
});
if (wanted.includes('smollm2')) {
  const id = 'smollm2-135m-instruct';
  await writeLlama(join(models, id, files[id]), join(onnx, 'smollm2'), ['q8']);
}
if (wanted.some((name) => name.startsWith('minilm'))) await writeMiniLm(join(models, 'all-minilm-l6-v2'), join(onnx, 'minilm'), ['fp32', 'q8']);
let browser = await launch({ backend: gpu ? 'gpu' : 'wasm' });
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version, date: new Date().toISOString().slice(0, 10) };
const measured = [];

if (gpu) Object.assign(machine, await adapter());
for (const threads of gpu ? [1] : threadCounts) {
  for (const chat of chats.filter(({ key }) => wanted.includes(key))) await measureChat(chat, threads);
  if (wanted.includes('minilm')) await measureEmbeddings(gpu ? 'webgpu' : 'wasm', threads);
}
await browser.close();
if (wanted.includes('minilm-webgpu') && !gpu) {
  browser = await launch({ backend: 'webgpu' });
  await measureEmbeddings('webgpu', 1);
  await browser.close();
}
server.close();
const name = gpu ? 'peers-gpu' : 'peers';
await writeFile(join(here, `${name}.md`), markdown(machine, rounds, measured, names));
await writeFile(join(here, `${name}.svg`), svg(measured, names));
console.log(`wrote ${join(here, name)}.md and ${name}.svg`);

/** The GPU of the machine, as the browser tells it. A software adapter is none. */
async function adapter() {
  const page = await open();
  const { architecture, vendor, isFallbackAdapter, features } = await page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    const { architecture, vendor, isFallbackAdapter } = adapter?.info ?? {};
    return { architecture, vendor, isFallbackAdapter, features: [...(adapter?.features ?? [])] };
  });
  await page.close();
  if (!vendor || isFallbackAdapter || /swiftshader/.test(architecture)) {
    throw new Error(`Chromium has no GPU here, but ${vendor ? `the software adapter ${architecture}` : 'no adapter'}. It needs a Vulkan driver.`);
  }
  return { gpu: [vendor, architecture, ...features.filter((name) => /f16|subgroups/.test(name))].filter(Boolean).join(', ') };
}

function version(name) {
  return versions.find(([key]) => key === name)[1].replace(/.*@/, '');
}

/** Prefill and decode, every contender once a round. */
async function measureChat({ key, title: model, id, contenders }, threads) {
  const title = gpu ? `${model}, WebGPU` : withThreads(model, threads);
  if (gpu) contenders = contenders.filter((name) => ['rushlight', 'wllama3'].includes(name));
  const page = await open();
  const url = `/models/${id}/${files[id]}`;
  const options = { device: gpu ? 'webgpu' : 'wasm', threads, model: url, files: { [files[id]]: url }, task: 'text-generation', exported: key };
  const loaded = await loadAll(page, contenders, options);
  await compare(page, loaded, options);
  const text = await readFile(join(root, 'tests/golden/prefill.txt'), 'utf8');
  const words = text.split(' ');
  const count = (prompt) => page.evaluate((prompt) => kept.rushlight.countTokens(prompt), prompt);
  let length = 0;
  while ((length = await count(words.join(' '))) > prefillTokens) words.pop();

  const samples = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of [...loaded]) {
      // Another first word, so that nobody finds the prompt in a cache.
      const prompt = `${String.fromCharCode(65 + round)} ${words.join(' ')}`;
      const until = performance.now() + (round === 0 ? warmUp : 0);
      let result;
      await setTimeout(rest);
      do {
        result = await generate(page, name, prompt, round === 0 ? 16 : decodeTokens, length + 1).catch((error) => drop(loaded, name, error));
      } while (result && performance.now() < until);
      if (!result || round === 0) continue;
      const prefill = (1000 * result.prompt) / result.prefillMs;
      const decode = (1000 * result.decoded) / result.decodeMs;
      const { text: _, ...figures } = result;
      samples.push({ name, round, prefill, decode });
      print({ workload: title, contender: names[name], round, prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode, ...figures });
    }
  }
  summarize(`${title}: prefill of ${prefillTokens} tokens`, 'tokens/s', samples, 'prefill');
  summarize(`${title}: decode of ${decodeTokens} tokens`, 'tokens/s', samples, 'decode');
  await page.close();
}

function generate(page, name, ...args) {
  return page.evaluate(([runtime, name, ...args]) => generate(runtime, name, ...args), [contenders[name].runtime, name, ...args]);
}

/** A model made here for a peer that does not begin as ours does, read in this thread, is wrong: the peer is left out. */
async function compare(page, loaded, options) {
  const prompt = 'The capital of France is';
  for (const name of loaded.filter((name) => contenders[name].dtype)) {
    const ours = await page.evaluate(
      async ([prompt, options]) => {
        await load('rushlight', 'reference', options);
        // Each of these four tokens is likelier than the next best by more than a nat.
        const { text } = await generate('rushlight', 'reference', prompt, 4);
        kept.reference.free();
        return text;
      },
      [prompt, { ...options, threads: 1 }],
    );
    const { text } = await generate(page, name, prompt, 16, 5);
    print({ contender: names[name], prompt, ours, continuation: text });
    if (!text.startsWith(ours)) drop(loaded, name, `the model made for it is wrong: it does not begin with ${JSON.stringify(ours)}`);
  }
}

/** One short text, one of 256 tokens, and on the CPU a batch of 32 of 64 tokens. */
async function measureEmbeddings(device, threads) {
  const page = await open();
  const id = 'all-minilm-l6-v2';
  const side = ['model.safetensors', 'config.json', 'tokenizer.json', 'tokenizer_config.json', 'modules.json', '1_Pooling/config.json'];
  const urls = Object.fromEntries(side.map((name) => [name, `/models/${id}/${name}`]));
  // What transformers.js takes by default on the CPU, and only there.
  const all = ['rushlight', 'transformers-fp32', ...(device === 'wasm' ? ['transformers-q8'] : [])];
  const loaded = await loadAll(page, all, { device, threads, files: urls, task: 'feature-extraction', exported: 'minilm' });
  const where = device === 'wasm' ? withThreads('MiniLM F32', threads) : 'MiniLM F32, WebGPU';
  const text = (tokens, index) => `${index} ${'the sea and the wind '.repeat(tokens)}`.split(' ').slice(0, tokens - 2).join(' ');
  // A software adapter needs seconds to minutes a call.
  const slow = device === 'webgpu' && !gpu;
  const workloads = [
    { title: 'one text of 16 tokens', texts: [text(16, 1)], repeats: slow ? 1 : 20 },
    { title: 'one text of 256 tokens', texts: [text(256, 1)], repeats: slow ? 1 : 2 },
    ...(slow ? [] : [{ title: '32 texts of 64 tokens', texts: Array.from({ length: 32 }, (_, index) => text(64, index)), repeats: 1 }]),
  ];
  const call = (name, texts, repeats) =>
    page.evaluate(([runtime, name, texts, repeats]) => embed(runtime, name, texts, repeats), [contenders[name].runtime, name, texts, repeats]);

  for (const name of [...loaded]) {
    const until = performance.now() + warmUp;
    while (performance.now() < until) await call(name, workloads[0].texts, workloads[0].repeats);
    const limit = slow ? 20 : 500;
    const short = minilm.sentences.map((_, index) => index).filter((index) => minilm.input_ids[index].length < limit);
    const { vectors } = await call(name, short.map((index) => minilm.sentences[index]), 1);
    const least = Math.min(...short.map((index, at) => cosine(vectors[at], minilm.embeddings[index])));
    print({ workload: `${where}: reference sentences`, contender: names[name], leastCosine: least });
  }
  for (const { title, texts, repeats } of workloads) {
    const samples = [];
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of [...loaded]) {
        await setTimeout(rest);
        const result = await call(name, texts, repeats).catch((error) => drop(loaded, name, error));
        if (!result || round === 0) continue;
        samples.push({ name, round, rate: (1000 * texts.length) / result.ms });
        print({ workload: `${where}: ${title}`, contender: names[name], round, embeddingsPerSecond: (1000 * texts.length) / result.ms });
      }
    }
    summarize(`${where}: ${title}`, 'texts/s', samples, 'rate');
  }
  await page.close();
}

function withThreads(title, threads) {
  return threads === 1 ? title : `${title}, ${threads} threads`;
}

async function open() {
  const page = await browser.open(`${server.origin}/bench/`);
  page.setDefaultTimeout(600_000);
  // A trap inside a promise of a module reaches no caller, who waits: say at least why.
  page.on('pageerror', (error) => console.error(`in the page: ${error.stack ?? error}`));
  await page.waitForFunction(() => globalThis.ready);
  return page;
}

/** Loads each; those that cannot are named and left out. */
async function loadAll(page, all, options) {
  const loaded = [];
  for (const name of all) {
    const { runtime, dtype, precision } = contenders[name];
    const args = [runtime, name, { ...options, dtype, precision }];
    const ms = await page.evaluate((args) => load(...args), args).catch((error) => drop(loaded, name, error));
    if (ms === undefined) continue;
    loaded.push(name);
    print({ contender: names[name], loadSeconds: ms / 1000 });
  }
  return loaded;
}

function drop(loaded, name, error) {
  if (loaded.includes(name)) loaded.splice(loaded.indexOf(name), 1);
  print({ contender: names[name], failed: String(error).split('\n')[0] });
}

/** Medians, and the ratio to each peer as the median of the ratios of the rounds. */
function summarize(workload, unit, samples, key) {
  const of = (name) => samples.filter((sample) => sample.name === name).map((sample) => sample[key]);
  const [ours, quick] = ['rushlight', 'rushlight-quick'].map(of);
  for (const name of new Set(samples.map((sample) => sample.name))) {
    const theirs = of(name);
    const times = (own) => (own.length > 0 ? median(theirs.map((value, index) => own[index] / value)) : undefined);
    const [least, most] = [Math.min(...theirs), Math.max(...theirs)];
    const line = { workload, contender: name, unit, median: median(theirs), least, most, oursTimes: times(ours), quickTimes: times(quick) };
    measured.push(line);
    print({ summary: true, ...line, contender: names[name] });
  }
}

function print(line) {
  console.log(JSON.stringify(line, (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value)));
}
