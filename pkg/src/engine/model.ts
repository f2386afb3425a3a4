import { RushlightError } from '../errors.js';
import type { ModelInfo, ProgressInfo } from '../options.js';
import type { ModelStore } from '../weights/store.js';
import { LocalEngine } from './local-engine.js';
import type { Args, CallName, Engine, EngineCallOptions, LoadArgs, Result } from './protocol.js';
import { WorkerEngine } from './worker-engine.js';

/** How to get an engine, and what to load into it. */
export interface ModelSpec {
  load: LoadArgs;
  worker?: Worker | (() => Worker) | false | undefined;
  /** A store of the page's own; only in this thread. */
  store?: ModelStore | undefined;
}

/** Makes the engine of a spec. Tests give their own. */
export type EngineFactory = (spec: ModelSpec) => Engine;

/** A worker where there are workers (Node.js has none of this kind), else this thread. */
export const startEngine: EngineFactory = ({ worker, store }) => {
  const inThread = worker === false || (worker === undefined && (typeof Worker === 'undefined' || store !== undefined));
  if (inThread) return new LocalEngine({ store });
  if (store !== undefined) {
    throw new RushlightError('BAD_INPUT', 'a store of your own cannot be sent to a worker: pass worker: false with it');
  }
  if (worker === undefined || typeof worker === 'function') {
    // Relative to dist/, where the bundled file lies. Bundlers look for exactly this expression.
    const make = worker ?? (() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
    return new WorkerEngine(make(), make);
  }
  if (used.has(worker)) {
    throw new RushlightError('CRASHED', 'the worker that was passed has ended: pass a function that makes one, so that it can restart');
  }
  used.add(worker);
  return new WorkerEngine(worker);
};

/** Workers of the page's own: each serves one model, and cannot be started again. */
const used = new WeakSet<Worker>();

/** Models in use, so that a summarizer and a chat over the same weights load them once. */
const shared = new Map<string, Model>();

/** Only what is plain data and identified by content or address can be shared. */
function sharingKey({ load, worker, store }: ModelSpec): string | undefined {
  const plain = worker === undefined && store === undefined && load.files.every(({ from }) => typeof from === 'string');
  return plain ? JSON.stringify(load) : undefined;
}

/**
 * A loaded model with everybody who uses it. The first user loads it, the last one to leave closes the engine, and a
 * call after a crash starts a new engine.
 */
export class Model {
  readonly #spec: ModelSpec;
  readonly #start: EngineFactory;
  readonly #key: string | undefined;
  readonly #listeners = new Set<(progress: ProgressInfo) => void>();
  #users = 0;
  #engine: Engine | undefined;
  #loading: Promise<ModelInfo> | undefined;

  private constructor(spec: ModelSpec, start: EngineFactory, key: string | undefined) {
    this.#spec = spec;
    this.#start = start;
    this.#key = key;
  }

  /** The model of a spec, not loaded yet. Each `acquire` and `retain` wants one `release`. */
  static acquire(spec: ModelSpec, start: EngineFactory = startEngine): Model {
    const key = start === startEngine ? sharingKey(spec) : undefined;
    const model = (key === undefined ? undefined : shared.get(key)) ?? new Model(spec, start, key);
    if (key !== undefined) shared.set(key, model);
    model.retain();
    return model;
  }

  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.#key !== undefined && shared.get(this.#key) === this) shared.delete(this.#key);
    this.#engine?.close();
    this.#engine = undefined;
  }

  /** Loads, or waits for whoever loads already. An abort ends the wait; the load goes on for the others. */
  load(signal: AbortSignal | undefined, onProgress: (progress: ProgressInfo) => void): Promise<ModelInfo> {
    this.#listeners.add(onProgress);
    const loading = this.#ready();
    return new Promise<ModelInfo>((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason);
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      loading.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    }).finally(() => this.#listeners.delete(onProgress));
  }

  /** One call, after a restart where the engine has crashed. */
  async call<K extends CallName>(name: K, args: Args<K>, options: EngineCallOptions<K> = {}): Promise<Result<K>> {
    options.signal?.throwIfAborted();
    await this.#ready();
    options.signal?.throwIfAborted();
    const engine = this.#engine;
    if (engine === undefined) throw new RushlightError('DISPOSED', 'the model was destroyed: create the object again');
    try {
      return await engine.call(name, args, options);
    } catch (error) {
      this.#forget(engine, error);
      throw error;
    }
  }

  #ready(): Promise<ModelInfo> {
    if (this.#loading !== undefined) return this.#loading;
    let engine: Engine;
    try {
      engine = this.#start(this.#spec);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#engine = engine;
    const onEvent = (progress: ProgressInfo): void => {
      for (const listener of this.#listeners) listener(progress);
    };
    const loading = engine.call('load', this.#spec.load, { onEvent });
    this.#loading = loading;
    loading.catch(() => {
      engine.close();
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  #forget(engine: Engine, error: unknown): void {
    const gone = error instanceof RushlightError && (error.code === 'CRASHED' || error.code === 'DEVICE_LOST');
    if (!gone || this.#engine !== engine) return;
    engine.close();
    this.#engine = undefined;
    this.#loading = undefined;
  }
}
