/// <reference lib="esnext.disposable" preserve="true" />
import type { CallOptions, CreateOptions, MemoryInfo, ModelInfo, ModelSource } from '../options.js';
import { createModel, ModelUser } from './create.js';

const NEEDS = { model: undefined, task: 'classify' } as const;

/** Options of `Classifier.create()`: it has no default model. */
export interface ClassifierCreateOptions extends CreateOptions {
  model: string | ModelSource;
}

/** Options of `classify()`. */
export interface ClassifyOptions extends CallOptions {
  /** Give only so many of the best labels. Default: all. */
  topK?: number;
}

/** A label of the model and its score: a probability, or the raw number of a regression. */
export interface Classification {
  label: string;
  score: number;
}

/**
 * Sorts text into the labels of a model: BERT, DistilBERT or RoBERTa with a sequence classification head, as safetensors
 * with `config.json` and `tokenizer.json`. Labels are those of `id2label`; scores add up to 1, or stand each for itself
 * where the model's `problem_type` is `multi_label_classification`.
 *
 * ```ts
 * import { Classifier } from 'rushlight';
 *
 * const folder = 'https://models.example/sentiment/';
 * const files = ['model.safetensors', 'config.json', 'tokenizer.json'].map((name) => [name, folder + name]);
 * const classifier = await Classifier.create({ model: { files: Object.fromEntries(files) } });
 * const [best] = await classifier.classify('What a lovely day.');
 * console.log(best); // { label: 'POSITIVE', score: 0.9998 }
 * classifier.destroy();
 * ```
 */
export class Classifier {
  readonly #user: ModelUser;

  private constructor(user: ModelUser) {
    this.#user = user;
  }

  /** Loads a model with a classification head. */
  static async create(options: ClassifierCreateOptions): Promise<Classifier> {
    return new Classifier(new ModelUser(await createModel(options, NEEDS), options.signal));
  }

  /** The labels, in the order of the model. */
  get labels(): readonly string[] {
    return this.#user.info.labels;
  }

  /** Texts are cut after this many tokens. */
  get maxTokens(): number {
    return this.#user.info.context;
  }

  /** The labels of a text, best first. Throws a {@link RushlightError} or the signal's reason. */
  classify(text: string, options?: ClassifyOptions): Promise<Classification[]>;
  /** The labels of each text, in the order of the texts. */
  classify(texts: readonly string[], options?: ClassifyOptions): Promise<Classification[][]>;
  async classify(
    input: string | readonly string[],
    options: ClassifyOptions = {},
  ): Promise<Classification[] | Classification[][]> {
    const signal = this.#user.signal(options.signal);
    const texts = typeof input === 'string' ? [input] : [...input];
    const wrong = texts.findIndex((text) => typeof text !== 'string');
    if (wrong >= 0) throw new TypeError(`classify: text ${wrong} is not a string`);
    const { topK } = options;
    if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) throw new RangeError(`classify: topK is ${topK}`);
    if (texts.length === 0) return [];
    const all = await this.#user.model.call('classify', { texts }, { signal });
    const each = all.map((labels) => labels.slice(0, topK));
    return typeof input === 'string' ? (each[0] as Classification[]) : each;
  }

  /** Tokens of a text, with the special ones that the model adds. */
  async countTokens(text: string, options: CallOptions = {}): Promise<number> {
    const prompts = [String(text)];
    const [count] = await this.#user.model.call('count', { prompts }, { signal: this.#user.signal(options.signal) });
    return count as number;
  }

  /** What is loaded and where it runs. */
  info(): ModelInfo {
    return this.#user.info;
  }

  /** Bytes in use by the model. */
  memory(): Promise<MemoryInfo> {
    return this.#user.memory();
  }

  /** Gives the memory back. Calls reject with an `AbortError` from now on. */
  destroy(): void {
    this.#user.destroy(new DOMException('the classifier was destroyed', 'AbortError'));
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}
