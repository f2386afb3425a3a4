/**
 * Our runtime with threads, which computes in a worker because a page must not wait for others. `new Threaded(threads)`
 * has the calls of `Runtime` that the bench uses, as promises. The same file is the worker, and each of its threads.
 */
export class Threaded {
  #worker = new Worker(import.meta.url, { type: 'module', name: 'owner' });
  #pending = new Map();
  #next = 0;

  constructor(threads) {
    this.threads = threads;
    this.#worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    this.#worker.onerror = ({ message }) => this.#pending.forEach(({ reject }) => reject(new Error(message)));
  }

  open = (files, options) => this.#call('open', { threads: this.threads, files, options });
  countTokens = (prompt) => this.#call('countTokens', prompt);
  generate = (prompt, options) => this.#call('generate', prompt, options);
  embed = (texts, options) => this.#call('embed', texts, options);

  #call(name, ...args) {
    const id = this.#next++;
    this.#worker.postMessage({ id, name, args });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }
}

/** Opens files by their URLs. */
export async function openRuntime(glue, files, options) {
  const sources = [];
  for (const [name, url] of Object.entries(files)) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const readAt = (offset, into) => into.set(bytes.subarray(offset, offset + into.length));
    sources.push({ name, size: bytes.length, readAt });
  }
  return glue.Runtime.open(sources, options, () => true);
}

if (globalThis.name === 'owner') {
  let runtime;
  const calls = {
    async open({ threads, files, options }) {
      const glue = await import('/wasm/runtime-threads.js');
      const module = await WebAssembly.compileStreaming(fetch('/wasm/runtime-threads_bg.wasm'));
      const { memory } = await glue.default({ module_or_path: module });
      const workers = [];
      for (let thread = 1; thread < threads; thread += 1) {
        const worker = new Worker(import.meta.url, { type: 'module', name: 'thread' });
        worker.postMessage({ module, memory });
        await new Promise((resolve) => (worker.onmessage = resolve));
        workers.push(worker);
      }
      // Before they look for a seat in it.
      glue.makePool(threads);
      for (const worker of workers) worker.postMessage('work');
      runtime = await openRuntime(glue, files, options);
    },
    countTokens: (prompt) => runtime.countTokens(prompt),
    generate: (prompt, options) => runtime.generate(prompt, options, () => true),
    embed: (texts, options) => runtime.embed(texts, options, () => true),
  };
  globalThis.onmessage = async ({ data: { id, name, args } }) => {
    try {
      postMessage({ id, result: await calls[name](...args) });
    } catch (error) {
      postMessage({ id, error: String(error) });
    }
  };
}

if (globalThis.name === 'thread') {
  let glue;
  globalThis.onmessage = async ({ data }) => {
    if (data === 'work') return glue.work();
    glue = await import('/wasm/runtime-threads.js');
    glue.initSync({ ...data, thread_stack_size: 1 << 18 });
    postMessage('ready');
  };
}
