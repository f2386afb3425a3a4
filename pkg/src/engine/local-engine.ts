import { RushlightError, toRushlightError } from '../errors.js';
import type { CallStats, Priority } from '../options.js';
import type { ModelStore } from '../weights/store.js';
import { chooseDevice, type Choice } from './device.js';
import { load } from './load.js';
import type { Args, CallName, Engine, EngineCallOptions, LoadArgs, Prompt, Result } from './protocol.js';
import { loadRuntime, type Runtime, type RuntimeInstance, type RuntimePrompt } from './runtime.js';

export interface LocalEngineOptions {
  /** A store of the page's own. */
  store?: ModelStore | undefined;
  /** Tests give a runtime of their own. */
  loadRuntime?: (wasmUrl: string | undefined) => Promise<RuntimeInstance>;
  /** The runtime with threads, or why there is to be one thread. Only where this thread may wait for others. */
  loadThreaded?: (args: LoadArgs) => Promise<RuntimeInstance | string>;
  fetch?: typeof fetch;
}

/** A runtime, and why it computes in one thread if it does. */
interface Instance {
  instance: RuntimeInstance;
  whyOneThread?: string;
}

type Handlers = { [K in CallName]: (args: Args<K>, options: EngineCallOptions<K>) => Promise<Result<K>> };

/**
 * The runtime in this thread. Calls queue, because calls into wasm must not overlap; a rejected or aborted call leaves
 * the queue only when the runtime has stopped working on it.
 */
export class LocalEngine implements Engine {
  readonly #options: LocalEngineOptions;
  #runtime: Runtime | undefined;
  #heap: () => number = () => 0;
  #queue: Promise<unknown> = Promise.resolve();
  #ended: RushlightError | undefined;
  readonly #closed = new AbortController();
  readonly #waiting = new Set<(error: RushlightError) => void>();

  constructor(options: LocalEngineOptions = {}) {
    this.#options = options;
  }

  call<K extends CallName>(name: K, args: Args<K>, options: EngineCallOptions<K> = {}): Promise<Result<K>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    const turn = this.#queue.then(async () => {
      if (this.#ended !== undefined) throw this.#ended;
      options.signal?.throwIfAborted();
      const handler: (args: Args<K>, options: EngineCallOptions<K>) => Promise<Result<K>> = this.#handlers[name];
      return handler(args, options);
    });
    this.#queue = turn.catch(() => undefined);
    return this.#settle(turn, options.signal);
  }

  /** Marks the runtime as unusable: after a panic nothing in its memory can be trusted. */
  crash(message: string): void {
    this.#end(new RushlightError('CRASHED', `the runtime stopped: ${message}. Create the object again`));
    this.#runtime = undefined; // not freed: that would run more of it
  }

  close(): void {
    this.#end(new RushlightError('DISPOSED', 'the model was destroyed: create the object again'));
    void this.#queue.then(() => {
      this.#runtime?.free();
      this.#runtime = undefined;
    });
  }

  #end(error: RushlightError): void {
    this.#ended ??= error;
    this.#closed.abort(error);
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #settle<T>(turn: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(reject);
      turn
        .then(resolve, (error: unknown) => reject(signal?.aborted === true ? signal.reason : toRushlightError(error)))
        .finally(() => {
          signal?.removeEventListener('abort', onAbort);
          this.#waiting.delete(reject);
        });
    });
  }

  get #model(): Runtime {
    if (this.#runtime === undefined) throw new RushlightError('INTERNAL', 'a call came before load');
    return this.#runtime;
  }

  readonly #handlers: Handlers = {
    load: async (args, { signal, onEvent }) => {
      if (this.#runtime !== undefined) throw new RushlightError('INTERNAL', 'load was called twice');
      const choice = await chooseDevice(args.device, args.powerPreference);
      const use = (found: Instance): Instance => {
        found.instance.onPanic((message) => this.crash(message));
        this.#heap = found.instance.heap;
        return found;
      };
      let { instance, whyOneThread } = use(await this.#instance(choice.device, args));
      const { store } = this.#options;
      const { runtime, info } = await load(args, choice, {
        runtime: instance,
        onCpu: async () => {
          ({ instance, whyOneThread } = use(await this.#instance('wasm', args, instance)));
          return instance;
        },
        store,
        fetch: this.#options.fetch ?? fetch.bind(globalThis),
        signal: signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]),
        onProgress: (progress) => onEvent?.(progress),
      });
      this.#runtime = runtime;
      info.details['module'] = instance.file;
      if (info.device === 'wasm' && whyOneThread !== undefined) info.details['whyOneThread'] = whyOneThread;
      return info;
    },

    embed: async ({ texts, priority }, { signal, stop, onEvent }) => {
      const started = performance.now();
      const embeddings = await this.#model.embed(texts, given(priority), (event) => {
        if (!this.#goesOn(signal, stop)) return false;
        if (event.type === 'embedded') onEvent?.({ done: event.done, total: event.total });
        return this.#goesOn(signal, stop);
      });
      return { ...embeddings, milliseconds: performance.now() - started };
    },

    classify: ({ texts, priority }, { signal, stop }) => this.#model.classify(texts, given(priority), () => this.#goesOn(signal, stop)),

    generate: async ({ prompt, sampling, constraint }, { signal, stop, onEvent }) => {
      const options = constraint === undefined ? sampling : { ...sampling, constraint };
      const finish = await this.#model.generate(plain(prompt), options, (event) => {
        if (!this.#goesOn(signal, stop)) return false;
        if (event.type === 'text' && event.text !== '') onEvent?.({ text: event.text });
        return this.#goesOn(signal, stop);
      });
      return { reason: finish.reason, stats: withSpeed(finish) };
    },

    continuations: ({ prompt, endings, priority }, { signal, stop }) => {
      return this.#model.continuations(plain(prompt), endings, given(priority), () => this.#goesOn(signal, stop));
    },

    normalize: async ({ texts, words }) => this.#model.normalize(texts, words),

    count: async ({ prompts }) => prompts.map((prompt) => this.#model.countTokens(plain(prompt))),

    memory: async () => ({ heap: this.#heap(), ...this.#model.memory() }),
  };

  /**
   * Threads are for computing on the CPU: a page downloads the module that it needs, and the other one only where the GPU of
   * the one that is `there` has failed.
   */
  async #instance(device: Choice['device'], args: LoadArgs, there?: RuntimeInstance): Promise<Instance> {
    const plain = async (): Promise<RuntimeInstance> => there ?? (this.#options.loadRuntime ?? loadRuntime)(args.wasmUrl);
    if (device !== 'wasm') return { instance: await plain() };
    const threaded = (await this.#options.loadThreaded?.(args)) ?? 'the runtime is not in a worker of the package';
    if (typeof threaded === 'string') return { instance: await plain(), whyOneThread: threaded };
    return { instance: threaded };
  }

  #goesOn(signal: AbortSignal | undefined, stop: AbortSignal | undefined): boolean {
    return signal?.aborted !== true && stop?.aborted !== true && this.#ended === undefined;
  }
}

/** The runtime knows options that are absent, not ones that are undefined. */
function given(priority: Priority | undefined): { priority?: Priority } {
  return priority === undefined ? {} : { priority };
}

/** Text from anywhere stays text: no control token of the model can be written out in it. */
function plain(prompt: Prompt): RuntimePrompt {
  return typeof prompt === 'string' ? { text: prompt } : prompt;
}

type Counts = Omit<CallStats, 'prefillTokensPerSecond' | 'decodeTokensPerSecond'>;

function withSpeed({ promptTokens, cachedTokens, tokens, proposedTokens, acceptedTokens, prefillMs, decodeMs }: Counts): CallStats {
  const rate = (count: number, ms: number): number => (ms > 0 ? (count * 1000) / ms : 0);
  return {
    promptTokens,
    cachedTokens,
    tokens,
    proposedTokens,
    acceptedTokens,
    prefillMs,
    decodeMs,
    prefillTokensPerSecond: rate(promptTokens - cachedTokens, prefillMs),
    // The first token comes out of the prefill.
    decodeTokensPerSecond: rate(Math.max(0, tokens - 1), decodeMs),
  };
}

