import type { WireError } from '../errors.js';
import type { CallStats, Device, MemoryInfo, ModelInfo, Priority, ProgressInfo, Routing } from '../options.js';

/** A file of a model, with where its bytes come from. Plain data: it crosses `postMessage`. */
export interface FileRef {
  /** Path inside the model. */
  name: string;
  from: string | Blob | ArrayBuffer;
  bytes?: number | undefined;
  sha256?: string | undefined;
}

/** A turn of a conversation, as chat templates take it. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What is given to the model: text, or turns for its chat template. Control tokens that are written out in either stay text. */
export type Prompt = string | ChatMessage[];

export interface LoadArgs {
  id: string;
  files: FileRef[];
  device: Device;
  routing?: Routing | undefined;
  tune?: boolean | undefined;
  context?: number | undefined;
  powerPreference?: 'high-performance' | 'low-power' | undefined;
  precision?: 'exact' | 'quick' | undefined;
  wasmUrl?: string | undefined;
  wasmThreadsUrl?: string | undefined;
  threads?: number | undefined;
  store: 'auto' | 'memory';
}

/** Sampling and limits of one generation. */
export interface Sampling {
  maxTokens?: number;
  /** 0 takes the likeliest token each time. */
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  repetitionWindow?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  promptLookup?: boolean;
  priority?: Priority;
  seed?: number;
  stop?: string[];
}

/** What an answer has to be. */
export type Grammar = { jsonSchema: string } | { regex: { source: string; flags: string } };

export interface Embeddings {
  /** Length of each vector. */
  dimensions: number;
  /** All vectors, one after the other. */
  vectors: Float32Array;
  /** Tokens of each text. */
  tokens: number[];
  /** Whether a text was cut at the model's limit. */
  truncated: boolean[];
  /** Wall time. */
  milliseconds: number;
}

/** How likely an ending is after a prompt. */
export interface Continuation {
  /** Natural logarithm of the probability of all its tokens, each after those before it. */
  logProbability: number;
  /** Its tokens. */
  tokens: number;
}

/** A text with spelling tricks undone. */
export interface Normalized {
  text: string;
  /** Where each UTF-16 unit of `text` comes from in the original, rising; at the end, the length of the original. */
  offsets: Uint32Array;
}

export interface Finish {
  reason: 'stop' | 'length' | 'cancelled';
  stats: CallStats;
}

/** Every call there is: the one place to add one. Requests, events and results of both sides are derived from it. */
export interface Calls {
  load: { args: LoadArgs; event: ProgressInfo; result: ModelInfo };
  embed: { args: { texts: string[]; priority?: Priority | undefined }; event: { done: number; total: number }; result: Embeddings };
  classify: { args: { texts: string[]; priority?: Priority | undefined }; event: never; result: { label: string; score: number }[][] };
  generate: { args: { prompt: Prompt; sampling: Sampling; constraint?: Grammar | undefined }; event: { text: string }; result: Finish };
  continuations: { args: { prompt: Prompt; endings: string[]; priority?: Priority | undefined }; event: never; result: Continuation[] };
  normalize: { args: { texts: string[]; words: string[] }; event: never; result: Normalized[] };
  count: { args: { prompts: Prompt[] }; event: never; result: number[] };
  memory: { args: Record<string, never>; event: never; result: MemoryInfo };
}

export type CallName = keyof Calls;
export type Args<K extends CallName> = Calls[K]['args'];
export type Event<K extends CallName> = Calls[K]['event'];
export type Result<K extends CallName> = Calls[K]['result'];

export interface EngineCallOptions<K extends CallName> {
  /** Rejects at once with its reason; the runtime stops at the next token. */
  signal?: AbortSignal | undefined;
  /** Ends the call at the next token with what there is. */
  stop?: AbortSignal | undefined;
  onEvent?: ((event: Event<K>) => void) | undefined;
}

/** One loaded model, in a worker or in this thread. Calls run one after the other. */
export interface Engine {
  call<K extends CallName>(name: K, args: Args<K>, options?: EngineCallOptions<K>): Promise<Result<K>>;
  /** Gives everything back. Calls that still wait are rejected with `DISPOSED`. */
  close(): void;
}

/** Page to worker. */
export type Request =
  | { [K in CallName]: { id: number; call: K; args: Args<K> } }[CallName]
  | { id: number; end: 'abort' | 'stop' }
  /** To a worker that is to be a thread: where to hear from the one that computes. */
  | { thread: MessagePort }
  /** A thread could not be started. */
  | { threadFailed: string };

/** Worker to page. */
export type Response =
  | { [K in CallName]: { id: number; result: Result<K> } | { id: number; event: Event<K> } }[CallName]
  | { id: number; error: WireError }
  /** There is to be a thread for each of these ports, and no other. */
  | { threads: MessagePort[] }
  | { crashed: string };
