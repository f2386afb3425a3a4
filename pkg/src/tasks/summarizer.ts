import type { Prompt, Sampling } from '../engine/protocol.js';
import { quotaExceeded, RushlightError } from '../errors.js';
import { findInjection, withoutHidden, withoutInjection, type InjectionFinding } from '../moderation/injection.js';
import type { Moderation, ModerateOptions } from '../moderation/types.js';
import type { Availability, CallStats, ComputeOptions, CoreOptions, CreateOptions } from '../options.js';
import { counter, measureCosts, type TokenCosts } from './conversation.js';
import { createModel, modelAvailability, ModelUser } from './create.js';
import { splitByTokens } from './sentences.js';
import { textStream } from './stream.js';
import {
  SummaryShaper,
  summaryPrompt,
  summaryStyle,
  type SummarizerFormat,
  type SummarizerLength,
  type SummarizerType,
  type SummaryStyle,
} from './summary-style.js';
import { Task, type Call } from './task.js';

const NEEDS = { model: 'smollm2-135m-instruct', task: 'generate' } as const;

/** Small models lose the thread of longer texts, whatever their context is. */
const CHUNK_TOKENS = 1500;

/** Options of {@link Summarizer.availability}. */
export interface SummarizerCoreOptions extends CoreOptions {
  /** Default `'key-points'`. */
  type?: SummarizerType;
  /** Default `'markdown'`. */
  format?: SummarizerFormat;
  /** Default `'short'`. */
  length?: SummarizerLength;
  expectedInputLanguages?: string[];
  expectedContextLanguages?: string[];
  outputLanguage?: string;
}

/** What a summarizer needs of a `Moderator`. */
export interface SummarizerModerator {
  moderate(text: string, options?: ModerateOptions): Promise<Moderation>;
}

/** Options of {@link Summarizer.create}. */
export interface SummarizerCreateOptions extends CreateOptions, SummarizerCoreOptions {
  /** What all texts have in common, for instance who reads the summaries. */
  sharedContext?: string;
  /**
   * Sentences that speak to a language model (`ignore all previous instructions`), as {@link findInjection} knows them:
   * `'remove'`, the default, leaves them out; `'keep'` is for texts about them.
   */
  injection?: 'remove' | 'keep';
  /**
   * Reads each text before the model does, all of it, as a `'document'`. One that is flagged is not summarized: the call
   * fails with the code `FLAGGED` (`cause` says what was found), and so does one that cannot be moderated.
   */
  moderator?: SummarizerModerator;
}

/** Options of {@link Summarizer.summarize}. */
export interface SummarizeOptions extends ComputeOptions {
  /** What to know about this text. */
  context?: string;
  /** Called before the model reads, with what is aimed at it in the text, hidden or not, if anything is. */
  onInjection?: (found: InjectionFinding[]) => void;
  /** Called as parts of a long text are done; `done === total` begins the last step. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Summarizes text of any length: what does not fit the model is summarized in parts first. What a reader of the text does
 * not see ({@link withoutHidden}: HTML comments, elements that a style hides, tag characters) is left out, and so are
 * sentences that speak to a model. The shape of the W3C Summarizer API.
 *
 * ```ts
 * import { Summarizer } from 'rushlight';
 *
 * const summarizer = await Summarizer.create({ type: 'tldr', length: 'medium' });
 * console.log(await summarizer.summarize(document.body.innerText));
 * summarizer.destroy();
 * ```
 */
export class Summarizer extends Task {
  readonly type: SummarizerType;
  readonly format: SummarizerFormat;
  readonly length: SummarizerLength;
  readonly sharedContext: string;
  readonly expectedInputLanguages: readonly string[] | null;
  readonly expectedContextLanguages: readonly string[] | null;
  readonly outputLanguage: string | null;
  /** Longer texts are summarized in parts, so there is no limit. */
  readonly inputQuota = Infinity;
  readonly #costs: TokenCosts;
  readonly #injection: 'remove' | 'keep';
  readonly #moderator: SummarizerModerator | undefined;
  #stats: CallStats | undefined;

  private constructor(user: ModelUser, costs: TokenCosts, options: SummarizerCreateOptions) {
    super(user, 'summarizer');
    this.#costs = costs;
    this.#injection = options.injection ?? 'remove';
    this.#moderator = options.moderator;
    this.type = options.type ?? 'key-points';
    this.format = options.format ?? 'markdown';
    this.length = options.length ?? 'short';
    this.sharedContext = String(options.sharedContext ?? '');
    this.expectedInputLanguages = frozen(options.expectedInputLanguages);
    this.expectedContextLanguages = frozen(options.expectedContextLanguages);
    this.outputLanguage = options.outputLanguage ?? null;
  }

  /** Whether `create()` with these options would work, and whether it would download. */
  static async availability(options: SummarizerCoreOptions = {}): Promise<Availability> {
    return speaksEnglish(check(options)) ? modelAvailability(options, NEEDS) : 'unavailable';
  }

  /** Loads a model, by default SmolLM2-135M-Instruct (98 MB). */
  static async create(options: SummarizerCreateOptions = {}): Promise<Summarizer> {
    if (!speaksEnglish(check(options))) {
      throw new DOMException('the default models know English only: leave the languages out or name en', 'NotSupportedError');
    }
    const user = new ModelUser(await createModel(options, NEEDS), options.signal);
    try {
      const costs = await measureCosts(user.info.chat, counter(user.model, user.signal(undefined)));
      return new Summarizer(user, costs, options);
    } catch (error) {
      user.destroy(error);
      throw error;
    }
  }

  /** Speed of the last finished generation. */
  get stats(): CallStats | undefined {
    return this.#stats;
  }

  /** The summary of a text; of an empty text, an empty one. */
  async summarize(input: string, options: SummarizeOptions = {}): Promise<string> {
    const signal = this.user.signal(options.signal);
    let summary = '';
    await this.#summarize(String(input), options, signal, (delta) => (summary += delta));
    return summary;
  }

  /** The same, piece by piece. Throws at once if the signal is aborted already. */
  summarizeStreaming(input: string, options: SummarizeOptions = {}): ReadableStream<string> {
    const signal = this.user.signal(options.signal);
    return textStream(signal, (emit, inner) => this.#summarize(String(input), options, inner, emit));
  }

  /** Tokens of a text. */
  async measureInputUsage(input: string, options: SummarizeOptions = {}): Promise<number> {
    const [tokens] = await this.#count(this.user.signal(options.signal))([String(input)]);
    return tokens as number;
  }

  #count(signal: AbortSignal): (texts: string[]) => Promise<number[]> {
    const count = counter(this.user.model, signal);
    return async (texts) => (await count(texts)).map((tokens) => tokens - this.#costs.bare);
  }

  async #summarize(input: string, options: SummarizeOptions, signal: AbortSignal, emit: (delta: string) => void): Promise<void> {
    const found = findInjection(input);
    const aimed = found.filter(({ score }) => score === 1);
    if (aimed.length > 0) options.onInjection?.(aimed);
    const seen = withoutHidden(input, found).trim();
    const read = this.#injection === 'keep' ? seen : withoutInjection(input, found).trim();
    if (seen === '') return;
    if (this.#moderator !== undefined) await refuseFlagged(seen, this.#moderator, { signal, priority: options.priority });
    if (read === '') return;
    const style = summaryStyle(this.type, this.format, this.length);
    const context = [this.sharedContext, options.context ?? ''].filter((part) => part.trim() !== '').join(' ');
    const text = await this.#reduce(read, context, options, signal);
    await this.#write(style, context, text, { signal, priority: options.priority }, emit);
  }

  /** Summarizes parts until what is left fits into one prompt. */
  async #reduce(input: string, context: string, options: SummarizeOptions, signal: AbortSignal): Promise<string> {
    const part = summaryStyle('tldr', 'plain-text', 'medium');
    const count = this.#count(signal);
    const style = summaryStyle(this.type, this.format, this.length);
    const around = await count([summaryPrompt(part, context, ''), summaryPrompt(style, context, '')]);
    const { fixed, perTurn } = this.#costs;
    const reply = Math.max(part.maxTokens, style.maxTokens);
    const room = this.user.info.context - fixed - perTurn - Math.max(...around) - reply;
    if (room < 16) {
      const quota = this.user.info.context;
      throw quotaExceeded('the context of the model is too small for this length of summary: ask for a shorter one', {
        quota,
        requested: quota + 16 - room,
      });
    }
    const budget = Math.min(CHUNK_TOKENS, room);
    for (let text = input; ; ) {
      const parts = await splitByTokens(text, budget, count);
      if (parts.length === 1) return parts[0] as string;
      const summaries: string[] = [];
      for (const piece of parts) {
        options.onProgress?.(summaries.length, parts.length);
        let summary = '';
        await this.#write(part, context, piece, { signal, priority: options.priority }, (delta) => (summary += delta));
        summaries.push(summary);
      }
      options.onProgress?.(parts.length, parts.length);
      const joined = summaries.filter((summary) => summary !== '').join('\n\n');
      if (joined.length >= text.length) return (await splitByTokens(joined, budget, count))[0] as string; // it does not shrink
      text = joined;
    }
  }

  async #write(style: SummaryStyle, context: string, text: string, { signal, priority }: Call, emit: (delta: string) => void): Promise<void> {
    const shaper = new SummaryShaper(style);
    const enough = new AbortController();
    const sampling: Sampling = { temperature: 0, maxTokens: style.maxTokens, ...(priority !== undefined && { priority }) };
    const onEvent = (event: { text: string }): void => {
      emit(shaper.push(event.text));
      if (shaper.done) enough.abort();
    };
    const words = summaryPrompt(style, context, text);
    const prompt: Prompt = this.#costs.template ? [{ role: 'user', content: words }] : `${words}\n\n`;
    const { stats } = await this.user.model.call('generate', { prompt, sampling }, { signal, stop: enough.signal, onEvent });
    this.#stats = stats;
    emit(shaper.finish());
  }
}

/** Text beyond the windows that a moderator reads by default would go to the model unread. */
async function refuseFlagged(text: string, moderator: SummarizerModerator, call: Call): Promise<void> {
  const found = await moderator.moderate(text, { surface: 'document', maxWindows: Number.MAX_SAFE_INTEGER, ...call });
  if (!found.flagged) return;
  const labels = Object.entries(found.categories).filter(([, on]) => on).map(([label]) => label).join(', ');
  throw new RushlightError('FLAGGED', `the text was flagged for ${labels} and not summarized: show who sent it, and let the user decide`, {}, { cause: found });
}

function check<T extends SummarizerCoreOptions & Pick<SummarizerCreateOptions, 'injection'>>(options: T): T {
  const oneOf = (name: 'type' | 'format' | 'length' | 'injection', known: readonly string[]): void => {
    const value = options[name];
    if (value !== undefined && !known.includes(value)) throw new TypeError(`${name}: ${JSON.stringify(value)} is none of ${known.join(', ')}`);
  };
  oneOf('type', ['key-points', 'tldr', 'teaser', 'headline']);
  oneOf('format', ['markdown', 'plain-text']);
  oneOf('length', ['short', 'medium', 'long']);
  oneOf('injection', ['remove', 'keep']);
  return options;
}

/** Throws a RangeError for malformed language tags. */
function speaksEnglish({ expectedInputLanguages = [], expectedContextLanguages = [], outputLanguage }: SummarizerCoreOptions): boolean {
  const tags = [...expectedInputLanguages, ...expectedContextLanguages, ...(outputLanguage === undefined ? [] : [outputLanguage])];
  return Intl.getCanonicalLocales(tags).every((tag) => new Intl.Locale(tag).language === 'en');
}

function frozen(list: string[] | undefined): readonly string[] | null {
  return list === undefined ? null : Object.freeze([...list]);
}
