// The real runtime in this thread, through the built package: what a program in Node.js does.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type * as Rushlight from '../src/index.js';

declare global {
  interface ImportMeta {
    /** The package's folder; set by run.mjs. */
    testRoot: string;
  }
}

const root = import.meta.testRoot;
const cache = process.env['XDG_CACHE_HOME'] ?? `${homedir()}/.cache`;
const folder = process.env['RUSHLIGHT_MODELS'] ?? `${cache}/rushlight/models`;
const modelsUrl = pathToFileURL(`${folder}/`);
const golden = (name: string): string => readFileSync(`${root}/../tests/golden/${name}`, 'utf8');

/** Why a test of a model cannot run here; `REQUIRE_MODELS=1` turns that into a failure. */
function missing(model: string, file: string): string | false {
  const wasm = `${root}/dist/runtime.wasm`;
  const why = !existsSync(wasm) || statSync(wasm).size < 1e5
    ? 'runtime.wasm is not built (cargo xtask build)'
    : !existsSync(`${folder}/${model}/${file}`) && `model ${model} not present`;
  if (why !== false) {
    if (process.env['REQUIRE_MODELS'] === '1') throw new Error(why);
    console.log(`skipped: ${why}`);
  }
  return why;
}

const load = async (): Promise<typeof Rushlight> => (await import('#dist')) as typeof Rushlight;
const options = { modelsUrl, device: 'wasm' } as const;

test('embeddings in Node.js are those of the reference', { skip: missing('all-minilm-l6-v2', 'model.safetensors') }, async () => {
  const { cosineSimilarity, Embedder } = await load();
  const { sentences, embeddings } = JSON.parse(golden('minilm.json')) as { sentences: string[]; embeddings: number[][] };
  const embedder = await Embedder.create(options);
  const vectors = await embedder.embed(sentences);
  assert.equal(vectors.length, sentences.length);
  for (const [index, vector] of vectors.entries()) {
    const similarity = cosineSimilarity(vector, embeddings[index] as number[]);
    assert.ok(similarity >= 0.99999, `${JSON.stringify(sentences[index])}: cosine ${similarity}`);
  }
  const [single] = await embedder.embed(sentences.slice(4, 5));
  const difference = Math.max(...(single as Float32Array).map((value, i) => Math.abs(value - (vectors[4]?.[i] as number))));
  assert.ok(difference <= 1e-5, `alone and in a batch differ by ${difference}`);
  const { heap, weights } = await embedder.memory();
  assert.ok(heap >= weights && weights > 9e7);
  assert.equal(embedder.info().device, 'wasm');
  embedder.destroy();
});

test('a classifier in Node.js', { skip: missing('all-minilm-l6-v2', 'model.safetensors') }, async () => {
  const { Classifier } = await load();
  // The reference model's first files with a head that answers by the sign of one feature of the first token.
  const name = (file: string): string => `${folder}/all-minilm-l6-v2/${file}`;
  const config = { ...(JSON.parse(readFileSync(name('config.json'), 'utf8')) as object), id2label: { 0: 'down', 1: 'up' } };
  const head = new Float32Array(2 * 384);
  [head[0], head[384]] = [-3, 3];
  const tensors = { 'classifier.weight': [[2, 384], head], 'classifier.bias': [[2], new Float32Array(2)] } as const;
  const files = {
    'model.safetensors': withTensors(readFileSync(name('model.safetensors')), tensors),
    'config.json': new Blob([JSON.stringify({ ...config, architectures: ['BertForSequenceClassification'] })]),
    'tokenizer.json': new Blob([readFileSync(name('tokenizer.json'))]),
  };
  const classifier = await Classifier.create({ device: 'wasm', model: { id: 'sign', files } });
  assert.deepEqual(classifier.labels, ['down', 'up']);
  const texts = ['Hello world', 'The tax is due in April.', 'A cat sleeps.'];
  const answers = await classifier.classify(texts);
  const scores = answers.map((labels) => labels.map(({ score }) => score));
  for (const [first = 0, second = 0] of scores) assert.ok(first >= second && Math.abs(first + second - 1) < 1e-6);
  const [alone] = await classifier.classify(texts[1] as string);
  assert.equal(alone?.label, answers[1]?.[0]?.label);
  assert.ok(Math.abs((alone?.score ?? 0) - (scores[1]?.[0] ?? 1)) < 1e-5, 'alone and in a batch');
  classifier.destroy();
});

/** A safetensors file with more tensors. */
function withTensors(file: Buffer, more: Record<string, readonly [readonly number[], Float32Array]>): ArrayBuffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, unknown>;
  const data = [file.subarray(8 + length)];
  let end = file.length - 8 - length;
  for (const [name, [shape, values]] of Object.entries(more)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    data.push(Buffer.from(values.buffer));
    end += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([size, text, ...data])).buffer;
}

test('files are found damaged in Node.js too', { skip: missing('all-minilm-l6-v2', 'config.json') }, async () => {
  const { Embedder } = await load();
  const config = new Blob(['{}']);
  const source = { files: { 'config.json': config, 'model.safetensors': new ArrayBuffer(8) }, integrity: { 'config.json': '0'.repeat(64) } };
  await assert.rejects(Embedder.create({ ...options, model: source }), { code: 'INTEGRITY' });
  await assert.rejects(Embedder.create({ ...options, model: { files: source.files } }), { code: 'BAD_MODEL' });
  await assert.rejects(Embedder.create({ ...options, modelsUrl: 'file:///nowhere/' }), { code: 'MODEL_NOT_FOUND' });
});

test('chat and summaries in Node.js', { skip: missing('smollm2-135m-instruct', 'SmolLM2-135M-Instruct.Q4_1.gguf') }, async () => {
  const { LanguageModel, Summarizer } = await load();
  const chat = await LanguageModel.create({ ...options, temperature: 0 });
  assert.equal(chat.contextUsage, 0);
  assert.match(await chat.prompt('What is the capital of France?', { maxTokens: 24 }), /Paris/);
  const measured = await chat.measureContextUsage('And of Italy?');
  const before = chat.contextUsage;
  await chat.append('And of Italy?');
  assert.equal(chat.contextUsage - before, measured);
  const { decodeTokensPerSecond, promptTokens } = chat.stats ?? assert.fail('no stats');
  assert.ok(decodeTokensPerSecond > 0 && promptTokens > 10);

  const abort = new AbortController();
  const reader = chat.promptStreaming('Count to one hundred.', { signal: abort.signal, maxTokens: 400 }).getReader();
  await reader.read();
  abort.abort();
  await assert.rejects(async () => { for (;;) if ((await reader.read()).done) break; }, { name: 'AbortError' });

  const summarizer = await Summarizer.create({ ...options, type: 'tldr' });
  const text = 'The rushlight was the simplest candle there was. It was made at home by dipping the pith of a rush in fat. ' +
    'For centuries it lit the houses of the poor, because it cost nearly nothing.';
  assert.match(await summarizer.summarize(text), /rush|candle/i);
  chat.destroy();
  summarizer.destroy();
});
