import { createHash } from 'node:crypto';
import type { Args, CallName, Engine, EngineCallOptions, Prompt, Result } from '../src/engine/protocol.js';
import type { Runtime, RuntimeFile, RuntimeInstance, RuntimePrompt, Sink } from '../src/engine/runtime.js';
import type { EngineFactory, ModelSpec } from '../src/engine/model.js';
import type { ModelInfo } from '../src/options.js';
import type { Hasher } from '../src/weights/download.js';

export const INFO = {
  device: 'wasm' as const,
  adapter: 'fake',
  details: {},
  family: 'llama',
  parameters: 1,
  weightBytes: 1,
  dtype: 'F32',
  context: 200,
  dimensions: 2,
  vocabulary: 10,
  layers: 1,
  labels: [],
  chat: true,
};

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function hasher(): Hasher {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

function words(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** A word is a token; a bare text has one special token, a template has 5 around everything and 3 around each turn. */
export function countTokens(prompt: Prompt): number {
  if (typeof prompt === 'string') return 1 + words(prompt);
  return prompt.reduce((sum, { content }) => sum + 3 + words(content), 5);
}

export interface FakeCall {
  name: CallName;
  args: Args<CallName>;
}

/** What a fake engine answers to a prompt: pieces, given one macrotask apart. */
export type Script = (prompt: Prompt, calls: FakeCall[]) => string[];

export interface FakeEngine {
  factory: EngineFactory;
  calls: FakeCall[];
  specs: ModelSpec[];
  closed: number;
  /** What `load` answers, the task aside. */
  info: Omit<ModelInfo, 'task' | 'model' | 'reason'>;
  /** The vector of a text. */
  vector: (text: string) => number[];
  /** The logarithm of how likely an ending is. */
  likely: (prompt: Prompt, ending: string) => number;
  /** Fails the next call of that name. */
  failNext: Map<CallName, unknown>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function fakeEngine(task: 'embed' | 'generate' | 'classify', script: Script = () => ['ok'], context = INFO.context): FakeEngine {
  const fake: FakeEngine = {
    calls: [],
    specs: [],
    closed: 0,
    info: { ...INFO, context },
    vector: (text) => [text.length, 1],
    likely: () => -1,
    failNext: new Map(),
    factory: (spec) => start(spec),
  };
  const start = (spec: ModelSpec): Engine => {
    fake.specs.push(spec);
    return {
      async call<K extends CallName>(name: K, args: Args<K>, options: EngineCallOptions<K> = {}): Promise<Result<K>> {
        fake.calls.push({ name, args });
        await turn();
        options.signal?.throwIfAborted();
        if (fake.failNext.has(name)) {
          const error = fake.failNext.get(name);
          fake.failNext.delete(name);
          throw error;
        }
        return (await answer(name, args, options)) as Result<K>;
      },
      close() {
        fake.closed += 1;
      },
    };
  };
  const answer = async <K extends CallName>(name: K, args: Args<K>, options: EngineCallOptions<K>): Promise<unknown> => {
    const emit = options.onEvent as ((event: unknown) => void) | undefined;
    if (name === 'load') {
      emit?.({ phase: 'download', file: 'x', loaded: 1, total: 2, progress: 0.5 });
      emit?.({ phase: 'download', file: 'x', loaded: 2, total: 2, progress: 1 });
      emit?.({ phase: 'ready', loaded: 1, total: 1, progress: 1 });
      return { ...fake.info, task, model: (args as Args<'load'>).id, reason: 'fake' };
    }
    if (name === 'count') return (args as Args<'count'>).prompts.map(countTokens);
    if (name === 'classify') {
      const scores = (text: string): object[] => [{ label: text, score: 0.75 }, { label: 'other', score: 0.25 }];
      return (args as Args<'classify'>).texts.map(scores);
    }
    if (name === 'memory') return { heap: 3, host: 2, device: 1, weights: 1, cache: 1 };
    if (name === 'embed') {
      const { texts } = args as Args<'embed'>;
      const vectors = Float32Array.from(texts.flatMap(fake.vector));
      return { dimensions: 2, vectors, tokens: texts.map(words), truncated: texts.map(() => false), milliseconds: 10 };
    }
    if (name === 'continuations') {
      const { prompt, endings } = args as Args<'continuations'>;
      return endings.map((ending) => ({ logProbability: fake.likely(prompt, ending), tokens: words(ending) }));
    }
    const { prompt } = args as Args<'generate'>;
    let tokens = 0;
    for (const text of script(prompt, fake.calls)) {
      await turn();
      options.signal?.throwIfAborted();
      if (options.stop?.aborted === true) break;
      tokens += 1;
      emit?.({ text });
    }
    const stats = { promptTokens: countTokens(prompt), cachedTokens: 0, tokens, proposedTokens: 0, acceptedTokens: 0, prefillMs: 1, decodeMs: 1 };
    return { reason: 'stop', stats: { ...stats, prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 } };
  };
  return fake;
}

function textOf(prompt: RuntimePrompt): string {
  return 'text' in prompt ? prompt.text : prompt.map(({ content }) => content).join(' ');
}

/** A runtime that writes its prompt back word by word, and complains about overlapping calls. */
export function fakeRuntime(task: 'embed' | 'generate' = 'generate'): RuntimeInstance & {
  opened: RuntimeFile[];
  freed: number;
  steps: number;
  /** What the calls that compute were told. */
  options: unknown[];
  panic(message: string): void;
} {
  let busy = false;
  let onPanic: (message: string) => void = () => undefined;
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy) throw new Error('recursive use of an object detected');
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
  const runtime: Runtime = {
    info: () => ({ ...INFO, details: {}, task }),
    memory: () => ({ host: 2, device: 1, weights: 1, cache: 1 }),
    embed: (texts, options, sink) =>
      alone(async () => {
        instance.options.push(options);
        await turn();
        sink({ type: 'embedded', done: texts.length, total: texts.length });
        return { dimensions: 1, vectors: Float32Array.from(texts, ({ length }) => length), tokens: [1], truncated: [false] };
      }),
    classify: (_texts, options) =>
      alone(async () => {
        instance.options.push(options);
        return [];
      }),
    continuations: (prompt, endings, options, sink) =>
      alone(async () => {
        instance.options.push(options);
        const found = [];
        for (const ending of endings) {
          await turn();
          instance.steps += 1;
          if (!sink({ type: 'embedded', done: found.length + 1, total: endings.length })) throw { code: 'ABORTED', message: 'cancelled' };
          found.push({ logProbability: -`${textOf(prompt)}${ending}`.length, tokens: words(ending) });
        }
        return found;
      }),
    normalize: (texts, words) => {
      if (busy) throw new Error('recursive use of an object detected');
      return texts.map((text) => ({ text: `${text} ${words.join(' ')}`, offsets: Uint32Array.of(0, text.length) }));
    },
    generate: (prompt, sampling, sink: Sink) =>
      alone(async () => {
        instance.options.push(sampling);
        const text = textOf(prompt);
        if (text === 'fail') throw { code: 'CONTEXT_OVERFLOW', message: 'too long' };
        if (text === 'hang') await new Promise(() => undefined);
        let tokens = 0;
        let reason: 'stop' | 'cancelled' = 'stop';
        for (const word of text.split(' ')) {
          await turn();
          instance.steps += 1;
          tokens += 1;
          if (!sink({ type: 'text', text: word, token: tokens })) {
            reason = 'cancelled';
            break;
          }
        }
        return { reason, promptTokens: 4, cachedTokens: 2, tokens, proposedTokens: 6, acceptedTokens: 4, prefillMs: 1000, decodeMs: 500 };
      }),
    countTokens: (prompt) => {
      if (busy) throw new Error('recursive use of an object detected');
      return countTokens('text' in prompt ? prompt.text : prompt);
    },
    free: () => {
      if (busy) throw new Error('freed while in use');
      instance.freed += 1;
    },
  };
  const instance = {
    opened: [] as RuntimeFile[],
    freed: 0,
    steps: 0,
    options: [] as unknown[],
    open: async (files: RuntimeFile[], _options: unknown, sink: Sink) => {
      instance.opened = files;
      for (const file of files) file.readAt(0, new Uint8Array(file.size));
      if (!sink({ type: 'load', loaded: 1, total: 1 })) throw { code: 'ABORTED', message: 'cancelled' };
      return runtime;
    },
    hasher,
    onPanic: (callback: (message: string) => void) => {
      onPanic = callback;
    },
    heap: () => 65536,
    file: 'fake.wasm',
    panic: (message: string) => onPanic(message),
  };
  return instance;
}

export interface Served {
  bytes: Uint8Array;
  etag?: string;
  /** Sends so many bytes, then breaks the connection; used up by one request. */
  breakAfter?: number | undefined;
  /** Ends early without an error, as some proxies do; used up by one request. */
  endAfter?: number | undefined;
  ignoreRange?: boolean;
  status?: number[];
}

/** A server of one file, with ranges. Records each request's headers. */
export function server(file: Served): { fetch: typeof fetch; requests: Headers[] } {
  const requests: Headers[] = [];
  const answer = async (_url: unknown, init: RequestInit = {}): Promise<Response> => {
    init.signal?.throwIfAborted();
    const headers = new Headers(init.headers);
    const base: Record<string, string> = file.etag === undefined ? {} : { etag: file.etag };
    if (init.method === 'HEAD') return new Response(null, { headers: { ...base, 'content-length': String(file.bytes.length) } });
    requests.push(headers);
    const status = file.status?.shift();
    if (status !== undefined && status !== 200) return new Response('no', { status });
    const start = Number(/^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1] ?? NaN);
    const condition = headers.get('if-range');
    const partial = !Number.isNaN(start) && file.ignoreRange !== true && (condition === null || condition === file.etag);
    if (partial && start >= file.bytes.length) return new Response(null, { status: 416 });
    const from = partial ? start : 0;
    const body = file.bytes.subarray(from);
    const range = `bytes ${from}-${file.bytes.length - 1}/${file.bytes.length}`;
    return new Response(stream(body, file, init.signal ?? undefined), {
      status: partial ? 206 : 200,
      headers: { ...base, 'content-length': String(body.length), ...(partial ? { 'content-range': range } : {}) },
    });
  };
  return { fetch: answer as typeof fetch, requests };
}

function stream(body: Uint8Array, file: Served, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const limit = file.breakAfter ?? file.endAfter ?? Infinity;
  const breaks = file.breakAfter !== undefined;
  file.breakAfter = undefined;
  file.endAfter = undefined;
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await turn();
      if (signal?.aborted === true) return controller.error(signal.reason);
      if (sent >= limit) return breaks ? controller.error(new TypeError('terminated')) : controller.close();
      if (sent >= body.length) return controller.close();
      const piece = body.slice(sent, Math.min(sent + 10, limit));
      sent += piece.length;
      controller.enqueue(piece);
    },
  });
}
