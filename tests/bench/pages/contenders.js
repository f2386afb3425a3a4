import { openRuntime, Threaded } from './threaded.js';

/**
 * The runtimes that are measured, each behind the same two calls, in one page.
 * `kept` holds what is loaded: only one contender at a time is at work, all stay in memory.
 */
const kept = (globalThis.kept = {});

/** Ours: the wasm runtime without the package's worker and sampling policy around it, as the others are called here too. */
const rushlight = {
  async load({ device, files, threads }) {
    const options = { device, context: 512, selfTest: false };
    if (threads > 1) {
      const runtime = new Threaded(threads);
      await runtime.open(files, options);
      return runtime;
    }
    const glue = await import('/pkg/runtime.js');
    await glue.default({ module_or_path: new URL('/pkg/runtime.wasm', location.href) });
    return openRuntime(glue, files, options);
  },
  async generate(runtime, prompt, tokens) {
    // Guessing what repeats would gain by how much this text does: the others have nothing of the kind.
    const options = { maxTokens: tokens, temperature: 0, ignoreEos: true, promptLookup: false };
    const finish = await runtime.generate(prompt, options, () => true);
    return {
      prompt: finish.promptTokens - finish.cachedTokens,
      prefillMs: finish.prefillMs,
      // The first token comes out of the prefill.
      decoded: finish.tokens - 1,
      decodeMs: finish.decodeMs,
    };
  },
  async embed(runtime, texts) {
    const { vectors, dimensions } = await runtime.embed(texts, {}, () => true);
    return texts.map((_, index) => [...vectors.subarray(index * dimensions, (index + 1) * dimensions)]);
  },
};

/** wllama 2: llama.cpp by tokens. */
const wllama2 = {
  async load({ model, threads }) {
    const { Wllama, LoggerWithoutDebug } = await import('/peers/wllama2/esm/index.js');
    const builds = ['single-thread/wllama.wasm', 'multi-thread/wllama.wasm'];
    const paths = Object.fromEntries(builds.map((build) => [build, `/peers/wllama2/esm/${build}`]));
    const wllama = new Wllama(paths, { logger: LoggerWithoutDebug, suppressNativeLog: true });
    await wllama.loadModel([await (await fetch(model)).blob()], { n_ctx: 512, n_threads: threads });
    return wllama;
  },
  async generate(wllama, prompt, tokens) {
    const length = (await wllama.tokenize(prompt, true)).length;
    return timed(length, tokens, (onToken) =>
      wllama.createCompletion(prompt, { nPredict: tokens, sampling: { temp: 0 }, onNewToken: onToken }),
    );
  },
};

/** wllama 3: llama.cpp's server, by text. */
const wllama3 = {
  async load({ model, threads }) {
    const { Wllama, LoggerWithoutDebug } = await import('/peers/wllama3/esm/index.js');
    const wllama = new Wllama({ default: '/peers/wllama3/esm/wasm/wllama.wasm' }, { logger: LoggerWithoutDebug, suppressNativeLog: true });
    await wllama.loadModel([await (await fetch(model)).blob()], { n_ctx: 512, n_threads: threads, n_gpu_layers: 0 });
    return wllama;
  },
  async generate(wllama, prompt, tokens, length) {
    return timed(length, tokens, async (onToken) => {
      const options = { prompt, max_tokens: tokens, temperature: 0, stream: true, ignore_eos: true, cache_prompt: false };
      for await (const _ of await wllama.createCompletion(options)) onToken();
    });
  },
};

/** transformers.js, fp32 on its Wasm backend. */
const transformers = {
  async load({ device, threads }) {
    const { env, pipeline } = await import('/peers/@huggingface/transformers/dist/transformers.min.js');
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = '/onnx/';
    env.backends.onnx.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
    env.backends.onnx.wasm.numThreads = threads;
    return pipeline('feature-extraction', 'minilm', { device, dtype: 'fp32' });
  },
  async embed(pipe, texts) {
    return (await pipe(texts, { pooling: 'mean', normalize: true })).tolist();
  },
};

/** Milliseconds to the first token, and from it to the last. */
async function timed(prompt, tokens, run) {
  const started = performance.now();
  let first;
  let last;
  let count = 0;
  await run(() => {
    last = performance.now();
    first ??= last;
    count += 1;
  });
  return { prompt, prefillMs: first - started, decoded: Math.min(count, tokens) - 1, decodeMs: last - first };
}

const contenders = { rushlight, wllama2, wllama3, transformers };

globalThis.load = async (name, key, options) => {
  const started = performance.now();
  kept[key] = await contenders[name].load(options);
  return performance.now() - started;
};
globalThis.generate = (name, key, ...rest) => contenders[name].generate(kept[key], ...rest);
/** The vectors, and the milliseconds that each of `repeats` calls took on average. */
globalThis.embed = async (name, key, texts, repeats) => {
  const started = performance.now();
  let vectors;
  for (let call = 0; call < repeats; call += 1) vectors = await contenders[name].embed(kept[key], texts);
  return { vectors, ms: (performance.now() - started) / repeats };
};
globalThis.ready = true;
