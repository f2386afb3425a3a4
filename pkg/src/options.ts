import type { ErrorCode } from './errors.js';
import type { CreateMonitor } from './monitor.js';
import type { ModelStore } from './weights/store.js';

/** Where to compute. `'auto'` takes WebGPU when there is a real (not a software) adapter, else Wasm SIMD. */
export type Device = 'auto' | 'webgpu' | 'wasm';

/**
 * Which calls of a model on WebGPU compute on the CPU all the same: those of up to `wasmTokens` tokens, all texts of the call
 * together. `'learn'` measures both devices once and remembers what it found for this browser, adapter and model.
 */
export type Routing = 'learn' | 'off' | { wasmTokens: number };

/** W3C: whether `create()` would work, and whether it would download. */
export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

/**
 * A model of one's own: GGUF (one file) or safetensors with its side files.
 *
 * ```ts
 * const source: ModelSource = {
 *   files: { 'model.gguf': 'https://models.example/tiny-q4_0.gguf' },
 *   integrity: { 'model.gguf': 'b179c9…' },
 * };
 * ```
 */
export interface ModelSource {
  /** For people and for `info()`. */
  id?: string;
  /** Paths inside the model (`model.safetensors`, `1_Pooling/config.json`, `x.gguf`) and where their bytes are. */
  files: Record<string, string | URL | Blob | ArrayBuffer>;
  /** SHA-256 in hex by path. A file without one is stored by its address and asked for changes at each `create()`. */
  integrity?: Record<string, string>;
}

/** What `create()` is doing. `loaded` and `total` are bytes, or steps of `compile`; `progress` is their quotient. */
export interface ProgressInfo {
  phase: 'download' | 'verify' | 'compile' | 'upload' | 'ready';
  /** The file in question, for `download` and `verify`. */
  file?: string;
  loaded: number;
  total: number;
  /** 0 to 1, of this phase. */
  progress: number;
}

/** Options of every `availability()`. */
export interface CoreOptions {
  /** An id of {@link catalog}, or files of one's own. */
  model?: string | ModelSource;
  /** The folder that has `<id>/<file>` of the catalog's models. Default: `models/` beside the page. */
  modelsUrl?: string | URL;
  device?: Device;
  /** Where downloads are kept. Default `'auto'`: the origin private file system where there is one, else memory. */
  store?: 'auto' | 'memory' | ModelStore;
}

/** Options of every `create()`. */
export interface CreateOptions extends CoreOptions {
  /** Stops the creation (a half-done download is kept and resumed next time); afterwards destroys the object. */
  signal?: AbortSignal;
  /** W3C: is given an object that fires `downloadprogress`. */
  monitor?: (monitor: CreateMonitor) => void;
  /** Everything that happens, not only the download. */
  onProgress?: (progress: ProgressInfo) => void;
  /**
   * The worker that computes: one of the page's own (it must import `rushlight/worker`; destroyed with the object),
   * a function that makes one, or `false` to compute in this thread (which blocks a page, and keeps downloads in
   * memory there). Default: one is started where workers exist.
   */
  worker?: Worker | (() => Worker) | false;
  /** Where `runtime.wasm` is, if the bundler cannot know. */
  wasmUrl?: string | URL;
  /** Where `runtime-threads.wasm` is. With {@link wasmUrl} alone there is one thread. */
  wasmThreadsUrl?: string | URL;
  /**
   * Threads that compute on the CPU. More than one needs a page that is cross-origin isolated (COOP and COEP headers), and
   * a worker; `info().details` tells how many there are and why. Default: half of the logical cores, at least 2 where
   * there are as many, at most 8.
   */
  threads?: number;
  /**
   * For models that embed or classify, on WebGPU: a short text is done sooner where nothing has to be sent and waited for.
   * The CPU gets a copy of the weights, if they have at most 128 MB; `info().details.routing` tells which calls go where and
   * why. Results differ as those of the two devices do, by less than 0.0001 in cosine. Default: `'learn'` with
   * `device: 'auto'`, `'off'` where a device was named.
   */
  routing?: Routing;
  /**
   * How finely the CPU rounds activations where they meet weights of 4 bits (Q4_0, Q4_1, Q4_K). `'exact'`: to 16 bits, which
   * is what f32 gives, but for the last bits. `'quick'`: to 8 bits, as llama.cpp does: quicker where the browser has relaxed
   * SIMD (`info().details.precision` says so), and log-probabilities are off by about 0.05 nats a token. Other weights, and
   * WebGPU, are as exact as ever. The same bits in every browser, with relaxed SIMD and without. Default `'exact'`.
   */
  precision?: 'exact' | 'quick';
  /**
   * For models that generate, on WebGPU: when a model is first loaded on an adapter, kernels that compute the same are compared
   * there for at most two seconds, and the fastest that pass the self-test are taken from then on. `info().details` has them as
   * `tuning`, and what was measured as `tuningReason`. `false` takes the usual ones. Software adapters have no choice. Default
   * `true`.
   */
  tune?: boolean;
  /** Tokens of context to make room for. Default: what the model was trained with, capped for memory. */
  context?: number;
  /** Which adapter to prefer on machines with two. */
  powerPreference?: 'high-performance' | 'low-power';
}

/** Options of every call. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** Options of a call that has the model compute. */
export interface ComputeOptions extends CallOptions {
  /** `'background'` lets the page draw in between. Default `'user-visible'`. */
  priority?: Priority | undefined;
}

/**
 * Who comes first where the model and the page share a GPU. In the background, prompts and batches go to the GPU in pieces of
 * at most 50 ms, as far as they can be cut, with time for a frame after each, and tokens are not queued ahead.
 */
export type Priority = 'user-visible' | 'background';

/** What is loaded and where it runs. */
export interface ModelInfo {
  /** Id of the model. */
  model: string;
  /** What computes. */
  device: 'webgpu' | 'wasm';
  /** Why that device. */
  reason: string;
  /** Name of the adapter or of the instruction set. */
  adapter: string;
  /** Further facts of the device by name. */
  details: Record<string, string>;
  /** Model family: `bert`, `llama`, `gemma3`, … */
  family: string;
  task: 'embed' | 'classify' | 'generate';
  /** Number of weights. */
  parameters: number;
  /** Bytes of the weights, as stored. */
  weightBytes: number;
  /** The number format that most bytes have. */
  dtype: string;
  /** Tokens of context. */
  context: number;
  /** Length of an embedding; 0 for other tasks. */
  dimensions: number;
  /** Tokens in the vocabulary. */
  vocabulary: number;
  /** Blocks of the network. */
  layers: number;
  /** Labels of a classifier. */
  labels: string[];
  /** Whether the files have a chat template. */
  chat: boolean;
}

/** Bytes in use. */
export interface MemoryInfo {
  /** Size of the wasm heap. It never shrinks, so this is its peak too. */
  heap: number;
  /** Weights and state held in the wasm heap. */
  host: number;
  /** Weights and state held on the GPU. */
  device: number;
  /** Of these, weights. */
  weights: number;
  /** Of these, the state of the conversation (KV cache). */
  cache: number;
}

/** Speed and size of the last finished call. */
export interface CallStats {
  /** Tokens read, cached ones included. */
  promptTokens: number;
  /** Prompt tokens that were still in the cache. */
  cachedTokens: number;
  /** Tokens written; 0 for embeddings. */
  tokens: number;
  /** Tokens that prompt lookup guessed. */
  proposedTokens: number;
  /** Of these, those that the model agreed with. */
  acceptedTokens: number;
  prefillMs: number;
  decodeMs: number;
  /** Tokens read (not from the cache) a second. */
  prefillTokensPerSecond: number;
  /** Tokens written a second, after the first one, which comes with the prefill. */
  decodeTokensPerSecond: number;
}

export type { ErrorCode };
