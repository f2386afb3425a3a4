import type { Priority } from '../options.js';
import { toRushlightError } from '../errors.js';
import type { LoadArgs } from './protocol.js';
import type { Runtime, RuntimeEmbeddings, RuntimeInfo, RuntimePrompt, Sink } from './runtime.js';

/** What a call on a device takes: milliseconds, once and for each token. */
export interface Cost {
  fixed: number;
  perToken: number;
}

export interface Costs {
  webgpu: Cost;
  wasm: Cost;
}

/** Words of the two texts that a device is measured with. */
const WORDS = [14, 126] as const;

/** Measurements of each, after one that prepares the device. */
const REPEATS = 3;

/** Of weights: the CPU's copy takes about as much memory again. */
const MOST_BYTES = 128e6;

/** What routing needs of the loader. */
export interface RouteTools {
  /** Opens the model on the CPU. */
  openCopy: () => Promise<Runtime>;
  /** What was measured before. */
  recall: () => Promise<Costs | undefined>;
  remember: (costs: Costs) => Promise<void>;
  signal: AbortSignal | undefined;
}

/** Whether calls of a model on a GPU are to be divided between it and the CPU. */
export function isRouted({ routing, device }: LoadArgs, info: RuntimeInfo): boolean {
  // A conversation's state is on one device.
  if (info.device !== 'webgpu' || info.task === 'generate') return false;
  return typeof routing === 'object' || (routing ?? (device === 'auto' ? 'learn' : 'off')) === 'learn';
}

/** A model on both devices, if that is of use; and for `info()`, which calls go where and why. */
export async function route(webgpu: Runtime, asked: LoadArgs['routing'], tools: RouteTools): Promise<{ runtime: Runtime; routing: string }> {
  const onlyGpu = (why: string): { runtime: Runtime; routing: string } => ({ runtime: webgpu, routing: `every call on webgpu: ${why}` });
  const { weightBytes } = webgpu.info();
  if (weightBytes > MOST_BYTES) return onlyGpu(`a second copy of ${Math.round(weightBytes / 1e6)} MB of weights would be too large`);
  let wasm: Runtime | undefined;
  try {
    const known = typeof asked === 'object' ? undefined : await tools.recall();
    if (known !== undefined && crossing(known) < 1) return onlyGpu(sentence(known));
    wasm = await tools.openCopy();
    if (typeof asked === 'object') {
      return { runtime: new RoutedRuntime(webgpu, wasm, asked.wasmTokens), routing: `${upTo(asked.wasmTokens)}: as asked for` };
    }
    const goesOn: Sink = () => tools.signal?.aborted !== true;
    const costs = known ?? { webgpu: await measure(webgpu, goesOn), wasm: await measure(wasm, goesOn) };
    if (known === undefined) await tools.remember(costs);
    const wasmTokens = crossing(costs);
    if (wasmTokens < 1) {
      wasm.free();
      return onlyGpu(sentence(costs));
    }
    return { runtime: new RoutedRuntime(webgpu, wasm, wasmTokens), routing: `${upTo(wasmTokens)}: ${sentence(costs)}` };
  } catch (error) {
    wasm?.free();
    tools.signal?.throwIfAborted();
    return onlyGpu(`the copy for the CPU failed: ${toRushlightError(error).message}`);
  }
}

/** Measures a device by texts of two lengths. */
export async function measure(runtime: Runtime, goesOn: Sink): Promise<Cost> {
  const [few, many] = [await best(runtime, WORDS[0], goesOn), await best(runtime, WORDS[1], goesOn)];
  const perToken = Math.max(0, (many.milliseconds - few.milliseconds) / (many.tokens - few.tokens));
  return { fixed: Math.max(0, few.milliseconds - perToken * few.tokens), perToken };
}

async function best(runtime: Runtime, words: number, goesOn: Sink): Promise<{ tokens: number; milliseconds: number }> {
  const text = Array<string>(words).fill('the').join(' ');
  let milliseconds = Infinity;
  for (let run = 0; run <= REPEATS; run++) {
    const started = performance.now();
    await (runtime.info().task === 'embed' ? runtime.embed([text], {}, goesOn) : runtime.classify([text], {}, goesOn));
    if (run > 0) milliseconds = Math.min(milliseconds, performance.now() - started);
  }
  return { tokens: runtime.countTokens({ text }), milliseconds };
}

/** Up to how many tokens a call takes no longer on the CPU. */
export function crossing({ webgpu, wasm }: Costs): number {
  const saved = webgpu.fixed - wasm.fixed;
  const paid = wasm.perToken - webgpu.perToken;
  if (paid > 0) return Math.max(0, Math.floor(saved / paid));
  // The longer a call, the better for the CPU: it gets all, or none if even short ones are said to be free on the GPU.
  return saved >= paid * WORDS[0] ? Infinity : 0;
}

function upTo(wasmTokens: number): string {
  return wasmTokens === Infinity ? 'every call on wasm' : `calls of up to ${wasmTokens} tokens on wasm`;
}

function sentence({ webgpu, wasm }: Costs): string {
  const cost = ({ fixed, perToken }: Cost): string => `${fixed.toPrecision(3)} ms and ${perToken.toPrecision(3)} ms a token`;
  return `it takes ${cost(wasm)}, webgpu ${cost(webgpu)}`;
}

/** A model on both devices: short calls on the CPU, where nothing has to be sent and waited for. */
export class RoutedRuntime implements Runtime {
  constructor(
    readonly webgpu: Runtime,
    readonly wasm: Runtime,
    /** Tokens of the largest call that the CPU gets. */
    readonly wasmTokens: number,
  ) {}

  embed(texts: string[], options: { priority?: Priority }, sink: Sink): Promise<RuntimeEmbeddings> {
    return this.#for(texts).embed(texts, options, sink);
  }

  classify(texts: string[], options: { priority?: Priority }, sink: Sink): ReturnType<Runtime['classify']> {
    return this.#for(texts).classify(texts, options, sink);
  }

  info: Runtime['info'] = () => this.webgpu.info();
  continuations: Runtime['continuations'] = (prompt, endings, options, sink) => this.webgpu.continuations(prompt, endings, options, sink);
  generate: Runtime['generate'] = (prompt, options, sink) => this.webgpu.generate(prompt, options, sink);
  normalize: Runtime['normalize'] = (texts, words) => this.wasm.normalize(texts, words);
  countTokens = (prompt: RuntimePrompt): number => this.wasm.countTokens(prompt);

  memory(): ReturnType<Runtime['memory']> {
    const [gpu, cpu] = [this.webgpu.memory(), this.wasm.memory()];
    return {
      host: gpu.host + cpu.host,
      device: gpu.device + cpu.device,
      weights: gpu.weights + cpu.weights,
      cache: gpu.cache + cpu.cache,
    };
  }

  free(): void {
    this.webgpu.free();
    this.wasm.free();
  }

  /** Counts no further than it must: long texts need not be read twice. */
  #for(texts: string[]): Runtime {
    const { context } = this.webgpu.info();
    let left = this.wasmTokens;
    for (const text of texts) {
      if (left < 1) break;
      // A token of ordinary text has 3 to 5 characters; no text has more tokens than fit the model.
      const isTooLong = left < context && left * 8 < text.length;
      left -= isTooLong ? left + 1 : Math.min(context, this.wasm.countTokens({ text }));
    }
    return left >= 0 && this.wasmTokens >= 1 ? this.wasm : this.webgpu;
  }
}
