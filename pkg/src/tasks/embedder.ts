import type { Availability, CallStats, ComputeOptions, CoreOptions, CreateOptions } from '../options.js';
import { createModel, modelAvailability, ModelUser } from './create.js';
import { textsOf, TextTask } from './task.js';

const NEEDS = { model: 'all-minilm-l6-v2', task: 'embed' } as const;

/** What a vector is for. Some models want a word before the text for it; the catalog knows which. */
export type EmbedPurpose = 'semantic-similarity' | 'retrieval-query' | 'retrieval-document' | 'classification' | 'clustering';

/** Options of `embed()`. */
export interface EmbedOptions extends ComputeOptions {
  /** Default `'semantic-similarity'`. */
  taskType?: EmbedPurpose;
  /** Called after each batch. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Turns text into vectors whose distance is a distance of meaning.
 *
 * ```ts
 * import { cosineSimilarity, Embedder } from 'rushlight';
 *
 * const embedder = await Embedder.create();
 * const [cat, kitten, tax] = await embedder.embed(['a cat', 'a kitten', 'a tax return']);
 * console.log(cosineSimilarity(cat, kitten) > cosineSimilarity(cat, tax)); // true
 * embedder.destroy();
 * ```
 */
export class Embedder extends TextTask {
  #stats: CallStats | undefined;

  private constructor(user: ModelUser) {
    super(user, 'embedder');
  }

  /** Whether `create()` with these options would work, and whether it would download. */
  static async availability(options: CoreOptions = {}): Promise<Availability> {
    return modelAvailability(options, NEEDS);
  }

  /** Loads a model, by default all-MiniLM-L6-v2 (91 MB). */
  static async create(options: CreateOptions = {}): Promise<Embedder> {
    return new Embedder(new ModelUser(await createModel(options, NEEDS), options.signal));
  }

  /** Length of each vector. */
  get dimensions(): number {
    return this.user.info.dimensions;
  }

  /** Speed of the last finished `embed()`. */
  get stats(): CallStats | undefined {
    return this.#stats;
  }

  /** The vector of a text, of length 1 where the model says so. Throws a {@link RushlightError} or the signal's reason. */
  embed(text: string, options?: EmbedOptions): Promise<Float32Array>;
  /** The vectors of texts, in their order. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  async embed(input: string | readonly string[], options: EmbedOptions = {}): Promise<Float32Array | Float32Array[]> {
    const signal = this.user.signal(options.signal);
    const texts = textsOf(input, 'embed');
    if (texts.length === 0) return [];
    const prefix = this.user.resolved.entry?.prefixes?.[options.taskType ?? 'semantic-similarity'] ?? '';
    const { vectors, dimensions, tokens, milliseconds } = await this.user.model.call(
      'embed',
      { texts: texts.map((text) => prefix + text), priority: options.priority },
      { signal, onEvent: ({ done, total }) => options.onProgress?.(done, total) },
    );
    this.#stats = embedStats(tokens, milliseconds);
    const each = texts.map((_, index) => vectors.slice(index * dimensions, (index + 1) * dimensions));
    return typeof input === 'string' ? (each[0] as Float32Array) : each;
  }
}

function embedStats(tokens: number[], milliseconds: number): CallStats {
  const promptTokens = tokens.reduce((sum, count) => sum + count, 0);
  const rate = milliseconds > 0 ? (promptTokens * 1000) / milliseconds : 0;
  return {
    promptTokens,
    cachedTokens: 0,
    tokens: 0,
    proposedTokens: 0,
    acceptedTokens: 0,
    prefillMs: milliseconds,
    decodeMs: 0,
    prefillTokensPerSecond: rate,
    decodeTokensPerSecond: 0,
  };
}

/** Cosine of the angle between two vectors: 1 for the same direction, about 0 for unrelated ones. */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions cannot be compared`);
  let dot = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA === 0 || squareB === 0 ? 0 : dot / Math.sqrt(squareA * squareB);
}
