import { catalog, resolveModel, type ResolvedModel } from '../catalog.js';
import { Model, startEngine, type EngineFactory } from '../engine/model.js';
import { RushlightError } from '../errors.js';
import { DownloadProgress } from '../monitor.js';
import type { Availability, CoreOptions, CreateOptions, MemoryInfo, ModelInfo, ModelSource, ProgressInfo } from '../options.js';
import { storeKeyAsync } from '../weights/key.js';
import { isLocked } from '../weights/lock.js';
import { lockName } from '../weights/download.js';
import { hasOpfs, opfsStore } from '../weights/opfs.js';
import { fileUrlExists } from '../weights/source.js';
import { baseUrl } from '../weights/source.js';
import type { ModelStore } from '../weights/store.js';

/** What a task needs from the model it is given. */
export interface TaskNeeds {
  /** Used when the caller names no model; undefined where one must be named. */
  model: string | undefined;
  /** One of them, where there are several. */
  task: ModelInfo['task'] | readonly ModelInfo['task'][];
}

/** A loaded model, and what is known of it. */
export interface Created {
  model: Model;
  info: ModelInfo;
  resolved: ResolvedModel;
}

let factory: EngineFactory = startEngine;

/** Replaces the engine for tests; returns a function that undoes it. */
export function useEngineFactory(replacement: EngineFactory): () => void {
  factory = replacement;
  return () => {
    factory = startEngine;
  };
}

/** The common part of every `create()`: resolve, monitor, load, check. In the order that the W3C drafts give. */
export async function createModel(options: CreateOptions, needs: TaskNeeds): Promise<Created> {
  const { signal } = options;
  const resolved = resolveModel(named(options, needs), options);
  checkDevice(options.device);
  checkThreads(options.threads);
  checkRouting(options.routing);
  signal?.throwIfAborted();
  const download = new DownloadProgress(options.monitor);
  const custom = typeof options.store === 'object' ? options.store : undefined;
  const model = Model.acquire(
    {
      load: {
        id: resolved.id,
        files: resolved.files,
        device: options.device ?? 'auto',
        routing: options.routing,
        tune: options.tune,
        context: options.context,
        powerPreference: options.powerPreference,
        precision: options.precision,
        wasmUrl: absolute(options.wasmUrl),
        wasmThreadsUrl: absolute(options.wasmThreadsUrl),
        threads: options.threads,
        store: typeof options.store === 'string' ? options.store : 'auto',
      },
      worker: options.worker,
      store: custom,
    },
    factory,
  );
  const onProgress = (progress: ProgressInfo): void => {
    if (progress.phase === 'download') download.report(progress.progress);
    options.onProgress?.(progress);
  };
  try {
    download.report(0);
    const info = await model.load(signal, onProgress);
    if (![needs.task].flat().includes(info.task)) {
      throw new RushlightError(
        'UNSUPPORTED_MODEL',
        `${resolved.id} is a model that can ${info.task}, and ${taskNames(needs)} is needed: ${needs.model === undefined ? 'take one that was made for it' : `try model: '${needs.model}'`}`,
      );
    }
    download.finish();
    return { model, info, resolved };
  } catch (error) {
    model.release();
    throw error;
  }
}

function named({ model }: CoreOptions, needs: TaskNeeds): string | ModelSource {
  const found = model ?? needs.model;
  if (found === undefined) throw new TypeError(`model: needed, there is none by default that can ${taskNames(needs)}`);
  return found;
}

function taskNames({ task }: TaskNeeds): string {
  return [task].flat().join(' or ');
}

function checkDevice(device: unknown): void {
  if (device !== undefined && device !== 'auto' && device !== 'webgpu' && device !== 'wasm') {
    throw new TypeError(`device: expected 'auto', 'webgpu' or 'wasm', not ${JSON.stringify(device)}`);
  }
}

function checkThreads(threads: number | undefined): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new TypeError(`threads: expected a whole number of at least 1, not ${threads}`);
  }
}

function checkRouting(routing: unknown): void {
  const tokens = (routing as { wasmTokens?: unknown } | undefined | null)?.wasmTokens;
  if (routing === undefined || routing === 'learn' || routing === 'off' || (typeof tokens === 'number' && tokens >= 0)) return;
  throw new TypeError(`routing: expected 'learn', 'off' or { wasmTokens: a number of at least 0 }, not ${JSON.stringify(routing)}`);
}

function absolute(url: string | URL | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url, baseUrl()).href;
}

/** The common part of every `availability()`. Looks at names and sizes only: no GPU, no network. */
export async function modelAvailability(options: CoreOptions, needs: TaskNeeds): Promise<Availability> {
  const model = named(options, needs);
  if (typeof model === 'string' && !Object.hasOwn(catalog, model)) return 'unavailable';
  if (options.device === 'webgpu' && !('gpu' in ((globalThis as { navigator?: object }).navigator ?? {}))) return 'unavailable';
  const { files } = resolveModel(model, options);
  const store = await storeOf(options);
  const locks = new Set<string>();
  let complete = true;
  for (const { from, sha256, bytes } of files) {
    if (typeof from !== 'string') continue;
    if (from.startsWith('file:')) {
      if (!fileUrlExists(new URL(from))) return 'unavailable';
      continue;
    }
    const key = await storeKeyAsync(sha256, from);
    locks.add(lockName(key));
    const size = await store?.size(key);
    complete &&= size !== undefined && (bytes === undefined || size === bytes);
  }
  if (complete) return 'available';
  return (await isLocked(locks)) ? 'downloading' : 'downloadable';
}

async function storeOf({ store }: CoreOptions): Promise<ModelStore | undefined> {
  if (typeof store === 'object') return store;
  return store !== 'memory' && (await hasOpfs()) ? opfsStore() : undefined;
}

/** What all task objects share: the model, its facts, and being destroyed. */
export class ModelUser {
  readonly #created: Created;
  readonly #destroyed = new AbortController();

  /** `signal` is the one of `create()`: aborting it later destroys the object with its reason. */
  constructor(created: Created, signal: AbortSignal | undefined) {
    this.#created = created;
    signal?.addEventListener('abort', () => this.destroy(signal.reason), { once: true, signal: this.#destroyed.signal });
  }

  get model(): Model {
    return this.#created.model;
  }

  get info(): ModelInfo {
    return this.#created.info;
  }

  get resolved(): ResolvedModel {
    return this.#created.resolved;
  }

  /** A signal that fires when the object is destroyed or the caller's own signal does. Throws if one has already. */
  signal(own: AbortSignal | undefined): AbortSignal {
    this.#destroyed.signal.throwIfAborted();
    own?.throwIfAborted();
    return own === undefined ? this.#destroyed.signal : AbortSignal.any([this.#destroyed.signal, own]);
  }

  memory(): Promise<MemoryInfo> {
    return this.model.call('memory', {}, { signal: this.signal(undefined) });
  }

  /** Another user of the same model, with a life of its own. */
  fork(signal: AbortSignal | undefined): ModelUser {
    this.model.retain();
    return new ModelUser(this.#created, signal);
  }

  destroy(reason: unknown): void {
    if (this.#destroyed.signal.aborted) return;
    this.#destroyed.abort(reason);
    this.model.release();
  }
}
