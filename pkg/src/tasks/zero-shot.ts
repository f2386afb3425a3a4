import { RushlightError } from '../errors.js';
import type { Availability, CoreOptions, CreateOptions } from '../options.js';
import { checkTopK, type Classification, type ClassifyOptions } from './classifier.js';
import { createModel, modelAvailability, ModelUser } from './create.js';
import { textsOf, TextTask } from './task.js';
import { byEndings, byPrototypes, type Question, type Scorer } from './zero-shot-scorers.js';

const NEEDS = { model: 'all-minilm-l6-v2', task: ['embed', 'generate'] } as const;

const TEMPLATE = 'This text is about {label}.';

/** A label with texts that it fits. */
export interface ZeroShotLabel {
  label: string;
  /** Only for embedding models: a label is the average of its sentence and of these. */
  examples?: readonly string[];
}

/** Options of {@link ZeroShotClassifier.create}. */
export interface ZeroShotCreateOptions extends CreateOptions {
  /** At least two, or one with `multiLabel`. */
  labels: readonly (string | ZeroShotLabel)[];
  /** The sentence that says of a text that a label fits, with `{label}` in it. Default: `'This text is about {label}.'` */
  template?: string;
  /** Whether any number of labels may fit, none included. Then scores do not add up to 1. Default: exactly one fits. */
  multiLabel?: boolean;
  /** Only for embedding models: cosines are divided by it. Default 0.05, as all-MiniLM-L6-v2 was trained. */
  temperature?: number;
  /** Only for embedding models with `multiLabel`: the cosine at which the score is 0.5. Default 0.1. */
  threshold?: number;
}

/** Options of `ZeroShotClassifier.classify()`. */
export interface ZeroShotClassifyOptions extends ClassifyOptions {
  /** Called as texts are done. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Sorts text into labels of your own, without training.
 *
 * ```ts
 * import { ZeroShotClassifier } from 'rushlight';
 *
 * const classifier = await ZeroShotClassifier.create({ labels: ['sports', 'cooking', 'computers'] });
 * const [best] = await classifier.classify('Whisk the eggs, then fold in the flour.');
 * console.log(best?.label); // cooking
 * classifier.destroy();
 * ```
 *
 * With an embedding model (the default) a label is the vector of its sentence, and the score the softmax over the cosines
 * with the text's vector, divided by `temperature`; with `multiLabel` it is `sigmoid((cosine - threshold) / temperature)`
 * of each label. With a language model the sentence of each label is scored as the answer to a question about the text,
 * against how likely it is where there is no text (contextual calibration, https://arxiv.org/abs/2102.09690); with
 * `multiLabel`, yes against no for each label. Scores order labels; how often a label with 0.8 is right depends on the
 * labels, so try them on texts of your own.
 */
export class ZeroShotClassifier extends TextTask {
  readonly #names: readonly string[];
  readonly #scorer: Scorer;

  private constructor(user: ModelUser, names: readonly string[], scorer: Scorer) {
    super(user, 'classifier');
    this.#names = names;
    this.#scorer = scorer;
  }

  /** Whether `create()` with these options would work, and whether it would download. */
  static async availability(options: CoreOptions = {}): Promise<Availability> {
    return modelAvailability(options, NEEDS);
  }

  /** Loads an embedding model, by default all-MiniLM-L6-v2 (91 MB), or a language model, and prepares the labels. */
  static async create(options: ZeroShotCreateOptions): Promise<ZeroShotClassifier> {
    const question = check(options);
    const user = new ModelUser(await createModel(options, NEEDS), options.signal);
    try {
      const scorer = user.info.task === 'embed' ? byPrototypes : byEndings;
      return new ZeroShotClassifier(user, question.labels.map(({ label }) => label), await scorer(user, question));
    } catch (error) {
      user.destroy(error);
      throw error;
    }
  }

  /** The labels, as they were given. */
  get labels(): readonly string[] {
    return this.#names;
  }

  /** The labels of a text, best first. Throws a {@link RushlightError} or the signal's reason. */
  classify(text: string, options?: ZeroShotClassifyOptions): Promise<Classification[]>;
  /** The labels of each text, in the order of the texts. */
  classify(texts: readonly string[], options?: ZeroShotClassifyOptions): Promise<Classification[][]>;
  async classify(
    input: string | readonly string[],
    options: ZeroShotClassifyOptions = {},
  ): Promise<Classification[] | Classification[][]> {
    const signal = this.user.signal(options.signal);
    const texts = textsOf(input, 'classify');
    const topK = checkTopK(options);
    if (texts.length === 0) return [];
    const all = await this.#scorer(texts, { ...options, signal });
    const each = all.map((scores) => {
      const named = scores.map((score, index): Classification => ({ label: this.#names[index] as string, score }));
      return named.sort((a, b) => b.score - a.score).slice(0, topK);
    });
    return typeof input === 'string' ? (each[0] as Classification[]) : each;
  }
}

function check(options: ZeroShotCreateOptions): Question {
  const { labels: given, template = TEMPLATE, multiLabel = false, temperature = 0.05, threshold = 0.1 } = options;
  if (!Array.isArray(given)) throw new TypeError('labels: expected a list of texts');
  const labels = given.map((label: string | ZeroShotLabel) => {
    const { label: name, examples = [] } = typeof label === 'string' ? { label } : label;
    if (typeof name !== 'string' || name.trim() === '') throw new TypeError(`labels: ${JSON.stringify(label)} has no text`);
    return { label: name, examples: textsOf(examples, `the examples of ${name}`) };
  });
  const least = multiLabel ? 1 : 2;
  if (labels.length < least) throw new RushlightError('BAD_INPUT', `labels: ${labels.length} given, at least ${least} needed`);
  if (new Set(labels.map(({ label }) => label)).size < labels.length) throw new RushlightError('BAD_INPUT', 'labels: one is there twice');
  if (!template.includes('{label}')) throw new RushlightError('BAD_INPUT', 'template: there is no {label} in it');
  if (!(temperature > 0)) throw new RangeError(`temperature is ${temperature}`);
  if (!(Math.abs(threshold) <= 1)) throw new RangeError(`threshold is ${threshold}`);
  return { labels, template, multiLabel, temperature, threshold };
}
