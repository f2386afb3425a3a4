import { RushlightError } from '../errors.js';
import type { Hasher } from '../weights/download.js';
import type { MemoryInfo, ModelInfo, Priority } from '../options.js';
import { isNode, readFileUrl } from '../weights/source.js';
import type { ReadAt } from '../weights/store.js';
import type { ChatMessage, Continuation, Grammar, Normalized, Sampling } from './protocol.js';

/** A file as the runtime reads it. */
export interface RuntimeFile {
  name: string;
  size: number;
  readAt: ReadAt;
}

export interface RuntimeOptions {
  device: 'webgpu' | 'wasm';
  context?: number | undefined;
  powerPreference?: string | undefined;
  precision?: string | undefined;
  /** Tries a GPU against the CPU before the model is loaded; default true. */
  selfTest?: boolean | undefined;
  /** Which of its sets of kernels a GPU runs; default the best. */
  tier?: string | undefined;
  /** Compares kernels that compute the same, and takes the fastest; default false. */
  tune?: boolean | undefined;
  /** What such a comparison has chosen before. */
  tuning?: string | undefined;
}

/** What the runtime says of a model: all but its id and the reason for the device. */
export type RuntimeInfo = Omit<ModelInfo, 'model' | 'reason'>;

export type RuntimeEvent =
  | { type: 'load'; loaded: number; total: number }
  | { type: 'prefill'; done: number; total: number }
  | { type: 'text'; text: string; token: number }
  | { type: 'embedded'; done: number; total: number };

/** Called as work goes on; `false` stops it. */
export type Sink = (event: RuntimeEvent) => boolean;

export interface RuntimeEmbeddings {
  dimensions: number;
  vectors: Float32Array;
  tokens: number[];
  truncated: boolean[];
}

/** Turns, or text in which nothing is a special token. (A plain string is one in which special tokens may be written out.) */
export type RuntimePrompt = ChatMessage[] | { text: string };

export interface RuntimeFinish {
  reason: 'stop' | 'length' | 'cancelled';
  promptTokens: number;
  cachedTokens: number;
  tokens: number;
  proposedTokens: number;
  acceptedTokens: number;
  prefillMs: number;
  decodeMs: number;
}

/** The class that `crates/web` exports. Calls must not overlap. Throws `{ code, message }`. */
export interface Runtime {
  info(): RuntimeInfo;
  memory(): Omit<MemoryInfo, 'heap'>;
  embed(texts: string[], options: { priority?: Priority }, sink: Sink): Promise<RuntimeEmbeddings>;
  classify(texts: string[], options: { priority?: Priority }, sink: Sink): Promise<{ label: string; score: number }[][]>;
  continuations(prompt: RuntimePrompt, endings: string[], options: { priority?: Priority }, sink: Sink): Promise<Continuation[]>;
  /** Undoes spelling tricks. `words` are words besides those of the vocabulary. */
  normalize(texts: string[], words: string[]): Normalized[];
  generate(prompt: RuntimePrompt, options: Sampling & { constraint?: Grammar }, sink: Sink): Promise<RuntimeFinish>;
  countTokens(prompt: RuntimePrompt): number;
  free(): void;
}

/** The glue that wasm-bindgen writes for `crates/web`. */
export interface RuntimeModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<{ memory: WebAssembly.Memory }>;
  Runtime: { open(files: RuntimeFile[], options: RuntimeOptions, sink: Sink): Promise<Runtime> };
  Sha256: new () => Hasher;
  onPanic(callback: (message: string) => void): void;
}

/** An instantiated runtime. */
export interface RuntimeInstance {
  open(files: RuntimeFile[], options: RuntimeOptions, sink: Sink): Promise<Runtime>;
  hasher(): Hasher;
  onPanic(callback: (message: string) => void): void;
  /** Bytes of the wasm heap. */
  heap(): number;
  /** The file that it is. */
  file: string;
}

/** The panic of this thread's instance. There is one instance a thread, and none after it: a worker is replaced. */
let panic: string | undefined;

/** Fetches, compiles and starts `runtime.wasm`. */
export async function loadRuntime(wasmUrl: string | undefined): Promise<RuntimeInstance> {
  if (panic !== undefined) {
    throw new RushlightError('CRASHED', `the runtime of this thread stopped: ${panic}. Reload the page, or use a worker, which restarts`);
  }
  // Relative to dist/, where the bundled file lies. Bundlers look for exactly this expression.
  const url = wasmUrl === undefined ? new URL('./runtime.wasm', import.meta.url) : new URL(wasmUrl);
  const [glue, compiled] = await Promise.all([import('#runtime') as Promise<RuntimeModule>, compile(url)]);
  const { memory } = await glue.default({ module_or_path: compiled }).catch((error: unknown) => {
    throw unavailable(`${url.href} cannot be started`, error);
  });
  return instanceOf(glue, memory, 'runtime.wasm');
}

/** What has been started, for the rest of the package. */
export function instanceOf(glue: RuntimeModule, memory: WebAssembly.Memory, file: string): RuntimeInstance {
  return {
    file,
    open: (files, options, sink) => glue.Runtime.open(files, options, sink),
    hasher: () => new glue.Sha256(),
    onPanic: (callback) =>
      glue.onPanic((message) => {
        panic = message;
        callback(message);
      }),
    heap: () => memory.buffer.byteLength,
  };
}

/** Fetches and compiles a module. */
export async function compile(url: URL): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') throw unavailable('WebAssembly is switched off', undefined);
  try {
    if (url.protocol === 'file:' && isNode()) return await WebAssembly.compile(readFileUrl(url));
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (response.headers.get('content-type')?.startsWith('application/wasm') === true) {
      return await WebAssembly.compileStreaming(response);
    }
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    throw unavailable(`${url.href} cannot be loaded`, error);
  }
}

function unavailable(what: string, cause: unknown): RushlightError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new RushlightError(
    'WASM_UNAVAILABLE',
    `${what}${why}: serve runtime.wasm beside the package or pass wasmUrl, allow 'wasm-unsafe-eval' in the page's ` +
      'content security policy, and use a browser with Wasm SIMD',
    {},
    { cause },
  );
}
