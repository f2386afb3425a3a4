import { RushlightError, toRushlightError } from '../errors.js';
import type { ModelInfo, ProgressInfo } from '../options.js';
import { download, type DownloadTools } from '../weights/download.js';
import { memoryStore } from '../weights/memory.js';
import { canWriteOpfs, hasOpfs, opfsStore } from '../weights/opfs.js';
import { blobFile, bytesFile, isNode, openFileUrl } from '../weights/source.js';
import type { ModelStore, StoredFile } from '../weights/store.js';
import { storeKey } from '../weights/key.js';
import type { Choice } from './device.js';
import type { FileRef, LoadArgs } from './protocol.js';
import { isRouted, route } from './routing.js';
import type { Runtime, RuntimeFile, RuntimeInstance } from './runtime.js';
import { findingKey, recall, remember, type FindingKind, type Verdict } from './findings.js';

/** What loading needs from outside; tests give their own. */
export interface LoadTools {
  runtime: RuntimeInstance;
  /** The runtime to go on with where the GPU has failed; else the same. */
  onCpu?: (() => Promise<RuntimeInstance>) | undefined;
  store?: ModelStore | undefined;
  fetch: typeof fetch;
  signal?: AbortSignal | undefined;
  onProgress: (progress: ProgressInfo) => void;
}

export interface Loaded {
  runtime: Runtime;
  info: ModelInfo;
}

/** Events closer together than this tell a person nothing. */
const THROTTLE_MS = 50;

/** Bytes per step when a local file is hashed. */
const VERIFY_BYTES = 1 << 20;

/** Has every file locally and verified, opens the model on the chosen device, and lets the files go. */
export async function load(args: LoadArgs, choice: Choice, tools: LoadTools): Promise<Loaded> {
  const progress = new Throttle(tools.onProgress);
  const store = tools.store ?? (await chooseStore(args.store));
  const opened: StoredFile[] = [];
  try {
    const files: RuntimeFile[] = [];
    for (const file of await withSizes(args.files, store, tools)) {
      const stored = await open(file, store, tools, progress);
      opened.push(stored);
      files.push({ name: file.name, size: stored.size, readAt: stored.readAt });
    }
    const loaded = await start(args, choice, files, store, tools, progress);
    progress.say({ phase: 'ready', loaded: 1, total: 1 });
    return loaded;
  } finally {
    for (const file of opened) file.close();
  }
}

/** Downloads of one thread are kept together, so that two models may share a file. */
const inMemory = memoryStore();

async function chooseStore(asked: LoadArgs['store']): Promise<ModelStore> {
  return asked === 'auto' && canWriteOpfs() && (await hasOpfs()) ? opfsStore() : inMemory;
}

async function start(
  args: LoadArgs,
  choice: Choice,
  files: RuntimeFile[],
  store: ModelStore,
  tools: LoadTools,
  progress: Throttle,
): Promise<Loaded> {
  const { context, powerPreference, precision } = args;
  const keyOf = (kind: FindingKind): string => findingKey(kind, tools.runtime.hasher(), choice.adapter, args.id, files);
  const isTuned = args.tune ?? true;
  const key = keyOf(isTuned ? 'self-test' : 'self-test-untuned');
  const verdict = choice.device === 'webgpu' ? await recall<Verdict>(store, key) : undefined;
  const begin = (device: 'webgpu' | 'wasm', instance: RuntimeInstance): Promise<Runtime> => {
    progress.say({ phase: 'compile', loaded: 0, total: 1 });
    const isNew = verdict === undefined;
    const found = { selfTest: isNew, tier: verdict?.tier, tune: isTuned && isNew, tuning: verdict?.tuning };
    const options = { device, context, powerPreference, precision, ...found };
    return instance.open(files, options, (event) => {
      if (event.type === 'load') progress.say({ phase: 'upload', loaded: event.loaded, total: event.total });
      return tools.signal?.aborted !== true;
    });
  };
  let { device, reason } = choice;
  let runtime: Runtime;
  try {
    runtime = await begin(device, tools.runtime);
  } catch (thrown) {
    const error = toRushlightError(thrown);
    tools.signal?.throwIfAborted();
    const gpuFailed = ['WEBGPU_UNAVAILABLE', 'WRONG_RESULTS', 'DEVICE_LOST', 'OUT_OF_MEMORY'].includes(error.code);
    if (args.device !== 'auto' || device !== 'webgpu' || !gpuFailed) throw error;
    device = 'wasm';
    reason = `WebGPU failed: ${error.message}`;
    runtime = await begin(device, (await tools.onCpu?.()) ?? tools.runtime);
  }
  const info = runtime.info();
  const { selfTest, tier, tierReason, tuning, tuningReason } = info.details;
  if (selfTest !== undefined) await remember(store, key, { tier, tierReason, tuning, tuningReason });
  else if (info.device === 'webgpu') Object.assign(info.details, verdict, { selfTest: 'passed before' });
  if (isRouted(args, info)) {
    const costs = keyOf('routing');
    const routed = await route(runtime, args.routing, {
      openCopy: () => tools.runtime.open(files, { device: 'wasm', context, precision }, () => tools.signal?.aborted !== true),
      recall: () => recall(store, costs),
      remember: (found) => remember(store, costs, found),
      signal: tools.signal,
    });
    runtime = routed.runtime;
    info.details['routing'] = routed.routing;
  }
  // Browsers keep the adapter's name from wgpu; what they tell a page says more.
  const adapter = (info.device === 'webgpu' && choice.adapter) || info.adapter;
  return { runtime, info: { ...info, adapter, model: args.id, reason } };
}

/** A file, its key in the store, and how much of all downloads lies before it. */
interface SizedFile extends FileRef {
  key: string | undefined;
  before: number;
  total: number;
}

/** Only bytes that must be downloaded count as progress. */
async function withSizes(files: FileRef[], store: ModelStore, tools: LoadTools): Promise<SizedFile[]> {
  const sized: SizedFile[] = [];
  let total = 0;
  for (const file of files) {
    const remote = typeof file.from === 'string' && !(isNode() && file.from.startsWith('file:'));
    const key = remote ? storeKey(file.sha256, file.from as string, () => tools.runtime.hasher()) : undefined;
    const missing = key !== undefined && (await store.size(key)) === undefined;
    sized.push({ ...file, key, before: total, total: 0 });
    if (missing) total += file.bytes ?? 0;
  }
  for (const file of sized) file.total = total;
  return sized;
}

async function open(file: SizedFile, store: ModelStore, tools: LoadTools, progress: Throttle): Promise<StoredFile> {
  const { from, key, name } = file;
  const say = (phase: 'download' | 'verify', loaded: number, total: number): void => {
    if (phase === 'verify') return progress.say({ phase, file: name, loaded, total });
    progress.say({ phase, file: name, loaded: file.before + loaded, total: Math.max(file.total, file.before + total) });
  };
  if (typeof from === 'string' && key !== undefined) {
    const wanted = { name, url: from, key, bytes: file.bytes, sha256: file.sha256 };
    const how: DownloadTools = { store, hasher: () => tools.runtime.hasher(), fetch: tools.fetch, signal: tools.signal, onProgress: say };
    return download(wanted, how);
  }
  const local =
    typeof from === 'string' ? openFileUrl(new URL(from)) : from instanceof Blob ? await blobFile(from) : bytesFile(from);
  try {
    verify(file, local, tools, say);
    return local;
  } catch (error) {
    local.close();
    throw error;
  }
}

function verify(file: FileRef, local: StoredFile, tools: LoadTools, say: (phase: 'verify', loaded: number, total: number) => void): void {
  if (file.sha256 === undefined) return;
  const hash = tools.runtime.hasher();
  const buffer = new Uint8Array(VERIFY_BYTES);
  for (let offset = 0; offset < local.size; offset += VERIFY_BYTES) {
    tools.signal?.throwIfAborted();
    const piece = buffer.subarray(0, Math.min(VERIFY_BYTES, local.size - offset));
    local.readAt(offset, piece);
    hash.update(piece);
    say('verify', offset + piece.length, local.size);
  }
  const actual = hash.digest();
  if (actual !== file.sha256) {
    throw new RushlightError('INTEGRITY', `${file.name} has SHA-256 ${actual} instead of ${file.sha256}: it is another file or damaged`);
  }
}

/** Lets the first and the last event of a phase through, and one in 50 ms between. */
class Throttle {
  readonly #emit: (progress: ProgressInfo) => void;
  #phase = '';
  #last = 0;

  constructor(emit: (progress: ProgressInfo) => void) {
    this.#emit = emit;
  }

  say(info: Omit<ProgressInfo, 'progress'>): void {
    const now = performance.now();
    const due = info.phase !== this.#phase || info.loaded >= info.total || now - this.#last >= THROTTLE_MS;
    if (!due) return;
    this.#phase = info.phase;
    this.#last = now;
    this.#emit({ ...info, progress: info.total === 0 ? 1 : info.loaded / info.total });
  }
}
