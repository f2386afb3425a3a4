import { openRuntime, Threaded } from './threaded.js';

/**
 * The runtimes that are measured, each behind the same two calls, in one page.
 * `kept` holds what is loaded: only one contender at a time is at work, all stay in memory.
 */
const kept = (globalThis.kept = {});

/** Ours: the wasm runtime without the package's worker and sampling policy around it, as the others are called here too. */
const rushlight = {
  async load({ device, files, threads, precision }) {
    const options = { device, context: 512, selfTest: false, precision };
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
    let text = '';
    // In a worker it says nothing before its end.
    const finish = await runtime.generate(prompt, options, (event) => {
      if (event.type === 'text') text += event.text;
      return true;
    });
    return {
      text,
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
  async load({ model, threads, device }) {
    // It would go on with the CPU and say nothing.
    const hasHalves = async () => (await navigator.gpu?.requestAdapter())?.features.has('shader-f16');
    if (device === 'webgpu' && !(await hasHalves())) throw new Error('wllama has no WebGPU without shader-f16');
    const { Wllama, LoggerWithoutDebug } = await import('/peers/wllama3/esm/index.js');
    const wllama = new Wllama({ default: '/peers/wllama3/esm/wasm/wllama.wasm' }, { logger: LoggerWithoutDebug, suppressNativeLog: true });
    await wllama.loadModel([await (await fetch(model)).blob()], { n_ctx: 512, n_threads: threads, n_gpu_layers: device === 'webgpu' ? 999 : 0 });
    return wllama;
  },
  async generate(wllama, prompt, tokens, length) {
    return timed(length, tokens, async (onToken) => {
      const options = { prompt, max_tokens: tokens, temperature: 0, stream: true, ignore_eos: true, cache_prompt: false };
      let text = '';
      for await (const { choices } of await wllama.createCompletion(options)) {
        onToken();
        text += choices[0]?.text ?? '';
      }
      return text;
    });
  },
};

/** transformers.js, with a model made for it. */
const transformers = {
  async load({ device, threads, dtype, task, exported }) {
    const { env, pipeline } = await import('/peers/@huggingface/transformers/dist/transformers.min.js');
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = '/onnx/';
    env.backends.onnx.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
    env.backends.onnx.wasm.numThreads = threads;
    return pipeline(task, exported, { device, dtype });
  },
  async generate({ tokenizer, model }, prompt, tokens) {
    const inputs = tokenizer(prompt);
    const length = inputs.input_ids.dims[1];
    return timed(length, tokens, async (onToken) => {
      // The prompt is the first that is put.
      let put = () => (put = onToken);
      const streamer = { put: () => put(), end() {} };
      const ids = await model.generate({ ...inputs, max_new_tokens: tokens, do_sample: false, streamer });
      return tokenizer.decode(ids.tolist()[0].slice(length));
    });
  },
  async embed(pipe, texts) {
    return (await pipe(texts, { pooling: 'mean', normalize: true })).tolist();
  },
};

/** Milliseconds to the first token, and from it to the last, of what calls back for each and gives the text. */
async function timed(prompt, tokens, run) {
  const started = performance.now();
  let first;
  let last;
  let count = 0;
  const text = await run(() => {
    last = performance.now();
    first ??= last;
    count += 1;
  });
  return { text, prompt, prefillMs: first - started, decoded: Math.min(count, tokens) - 1, decodeMs: last - first };
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
