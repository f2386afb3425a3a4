import type { ComputeOptions, CreateOptions, ModelSource } from '../options.js';
import { createModel, ModelUser } from './create.js';
import { textsOf, TextTask } from './task.js';

const NEEDS = { model: undefined, task: 'classify' } as const;

/** Options of `Classifier.create()`: it has no default model. */
export interface ClassifierCreateOptions extends CreateOptions {
  model: string | ModelSource;
}

/** Options of `classify()`. */
export interface ClassifyOptions extends ComputeOptions {
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
export class Classifier extends TextTask {

  private constructor(user: ModelUser) {
    super(user, 'classifier');
  }

  /** Loads a model with a classification head. */
  static async create(options: ClassifierCreateOptions): Promise<Classifier> {
    return new Classifier(new ModelUser(await createModel(options, NEEDS), options.signal));
  }

  /** The labels, in the order of the model. */
  get labels(): readonly string[] {
    return this.user.info.labels;
  }

  /** The labels of a text, best first. Throws a {@link RushlightError} or the signal's reason. */
  classify(text: string, options?: ClassifyOptions): Promise<Classification[]>;
  /** The labels of each text, in the order of the texts. */
  classify(texts: readonly string[], options?: ClassifyOptions): Promise<Classification[][]>;
  async classify(
    input: string | readonly string[],
    options: ClassifyOptions = {},
  ): Promise<Classification[] | Classification[][]> {
    const signal = this.user.signal(options.signal);
    const texts = textsOf(input, 'classify');
    const topK = checkTopK(options);
    if (texts.length === 0) return [];
    const all = await this.user.model.call('classify', { texts, priority: options.priority }, { signal });
    const each = all.map((labels) => labels.slice(0, topK));
    return typeof input === 'string' ? (each[0] as Classification[]) : each;
  }
}

/** How many labels are asked for; undefined for all. */
export function checkTopK({ topK }: ClassifyOptions): number | undefined {
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) throw new RangeError(`classify: topK is ${topK}`);
  return topK;
}
