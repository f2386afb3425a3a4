import { RushlightError } from '../errors.js';
import type { Availability, CallOptions, CoreOptions } from '../options.js';
import { createModel, modelAvailability, ModelUser } from '../tasks/create.js';
import { Task, textsOf, type Call } from '../tasks/task.js';
import { RESTORED_WORDS } from './lexicon.js';
import { flaggedLabels, forLabels, LABELS, limitsOf, mergePolicy, type Limits } from './policy.js';
import { Reading } from './reading.js';
import type {
  Moderation,
  ModerateOptions,
  ModerationLabel,
  ModerationPolicy,
  ModeratorCreateOptions,
} from './types.js';
import { OVERLAP_TOKENS, WINDOW_TOKENS, windowsOf } from './windows.js';

const NEEDS = { model: 'minilm-moderation', task: 'classify' } as const;

const MAX_WINDOWS = 64;

/** By rules as well as by the model: there with any model. */
const BY_RULES: readonly ModerationLabel[] = ['profanity', 'injection'];

/**
 * Scores text for what a site may not want to show or to send: by a model's labels, a word list for profanity, and rules
 * for prompt injection. Each text is read as it is and with spelling tricks undone; the higher score counts. Where many
 * words are disguised, the model reads them undone alone.
 *
 * ```ts
 * import { Moderator } from 'rushlight';
 *
 * const moderator = await Moderator.create({ preset: 'balanced' });
 * const { flagged, categories, scores } = await moderator.moderate('You are all wonderful.');
 * console.log(flagged); // false
 *
 * const [first] = await moderator.moderate(comments, { explain: true, thresholds: { profanity: false } });
 * for (const { start, end, label } of first?.spans ?? []) console.log(label, comments[0].slice(start, end));
 * moderator.destroy();
 * ```
 *
 * It is a help, not a judge: `models/minilm-moderation/MODEL_CARD.md` in the package says what the default model gets wrong.
 */
export class Moderator extends Task {
  readonly #policy: ModerationPolicy;
  readonly #labels: readonly ModerationLabel[];

  private constructor(user: ModelUser, policy: ModerationPolicy) {
    super(user, 'moderator');
    this.#policy = policy;
    this.#labels = LABELS.filter((label) => BY_RULES.includes(label) || user.info.labels.includes(label));
  }

  /** Whether `create()` with these options would work, and whether it would download. */
  static async availability(options: CoreOptions = {}): Promise<Availability> {
    return modelAvailability(options, NEEDS);
  }

  /**
   * Loads a model, by default `minilm-moderation` (21 MB). Any multi-label classifier will do whose labels are some of
   * {@link ModerationLabel}; what it doesn't know scores 0, and the presets are not made for it: give `thresholds`.
   */
  static async create(options: ModeratorCreateOptions = {}): Promise<Moderator> {
    const { preset, surface, thresholds } = options;
    limitsOf({ preset, surface, thresholds });
    const user = new ModelUser(await createModel(options, NEEDS), options.signal);
    const unknown = user.info.labels.filter((label) => !(LABELS as readonly string[]).includes(label));
    if (unknown.length > 0 || user.info.labels.length === 0) {
      const error = new RushlightError(
        'UNSUPPORTED_MODEL',
        `${user.info.model} has the labels ${user.info.labels.join(', ')}: a moderator wants some of ${LABELS.join(', ')} and no others; use Classifier`,
      );
      user.destroy(error);
      throw error;
    }
    return new Moderator(user, { preset, surface, thresholds });
  }

  /** The labels that can score more than 0 with this model. */
  get labels(): readonly ModerationLabel[] {
    return this.#labels;
  }

  /** What is known of a text. Empty text is never flagged. Throws a {@link RushlightError} or the signal's reason. */
  moderate(text: string, options?: ModerateOptions): Promise<Moderation>;
  /** The same of each text, in their order. */
  moderate(texts: readonly string[], options?: ModerateOptions): Promise<Moderation[]>;
  async moderate(input: string | readonly string[], options: ModerateOptions = {}): Promise<Moderation | Moderation[]> {
    const call = { signal: this.user.signal(options.signal), priority: options.priority };
    const texts = textsOf(input, 'moderate');
    const { maxWindows = MAX_WINDOWS } = options;
    if (!(Number.isInteger(maxWindows) && maxWindows > 0)) throw new RangeError(`moderate: maxWindows is ${maxWindows}`);
    const limits = limitsOf(mergePolicy(options, this.#policy));
    const readings = await this.#read(texts, maxWindows, call);
    const results = readings.map((reading) => judge(reading, limits));
    if (options.explain === true) await this.#explain(readings, results, limits, call);
    return typeof input === 'string' ? (results[0] as Moderation) : results;
  }

  /** Tokens of a text, with the special ones that the model adds. */
  async countTokens(text: string, options: CallOptions = {}): Promise<number> {
    const [count] = await this.#count([String(text)], this.user.signal(options.signal));
    return count as number;
  }

  #count(prompts: string[], signal: AbortSignal): Promise<number[]> {
    return this.user.model.call('count', { prompts }, { signal });
  }

  /** Normalises, cuts into windows and scores. */
  async #read(texts: string[], maxWindows: number, call: Call): Promise<Reading[]> {
    const { signal } = call;
    const filled = texts.filter((text) => text.trim() !== '');
    if (filled.length === 0) return texts.map((text) => new Reading(text));
    const [normalized, [special = 0, ...counts]] = await Promise.all([
      this.user.model.call('normalize', { texts: filled, words: [...RESTORED_WORDS] }, { signal }),
      this.#count(['', ...filled], signal),
    ]);
    const count = async (pieces: string[]): Promise<number[]> => (await this.#count(pieces, signal)).map((tokens) => tokens - special);
    const budget = Math.max(1, Math.min(WINDOW_TOKENS, this.user.info.context - special));
    const overlap = Math.min(OVERLAP_TOKENS, Math.ceil(budget / 4));
    const readings: Reading[] = [];
    let at = 0;
    for (const text of texts) {
      const reading = new Reading(text, text.trim() === '' ? undefined : normalized[at]);
      readings.push(reading);
      if (text.trim() === '') continue;
      const tokens = (counts[at++] as number) - special;
      if (tokens <= budget) reading.readWhole(tokens + special);
      else {
        const windows = await windowsOf(text, count, { budget, overlap, max: maxWindows });
        reading.readWindows({ ...windows, tokens: windows.tokens + special });
      }
    }
    const known = await this.#classify(readings.flatMap((reading) => reading.windows.flatMap((window) => reading.spellings(window))), call);
    for (const reading of readings) reading.score(known);
    return readings;
  }

  /** The scores of each text, asked for once. */
  async #classify(texts: string[], { signal, priority }: Call): Promise<Map<string, ReadonlyMap<string, number>>> {
    const different = [...new Set(texts)];
    if (different.length === 0) return new Map();
    const found = await this.user.model.call('classify', { texts: different, priority }, { signal });
    return new Map(found.map((scores, index) => [different[index] as string, new Map(scores.map(({ label, score }) => [label, score]))]));
  }

  /** Scores the sentences of what was flagged one by one. */
  async #explain(readings: Reading[], results: Moderation[], limits: Limits, call: Call): Promise<void> {
    const suspects = readings.map((reading, index) => reading.suspects(LABELS.filter((label) => results[index]?.categories[label]), limits));
    const known = await this.#classify(
      suspects.flatMap((windows, index) =>
        windows.flatMap(({ sentences }) => sentences.flatMap((sentence) => readings[index]?.spellings(sentence) ?? [])),
      ),
      call,
    );
    for (const [index, result] of results.entries()) result.spans = readings[index]?.spans(suspects[index] ?? [], known, limits) ?? [];
  }
}

function judge(reading: Reading, limits: Limits): Moderation {
  const scores = forLabels((label) => reading.scoreOf(label));
  const flagged = flaggedLabels(scores, limits);
  return {
    flagged: flagged.length > 0,
    categories: forLabels((label) => flagged.includes(label)),
    scores,
    tokens: reading.tokens,
    truncated: reading.truncated,
    windows: reading.windows.length,
  };
}
