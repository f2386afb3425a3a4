import { RushlightError, toRushlightError } from '../errors.js';
import type { ComputeOptions } from '../options.js';
import { SentenceCutter } from './cutter.js';
import type { Moderation, ModerationPolicy } from './types.js';

/** Longest text that is held back where no sentence ends. */
const LONGEST = 400;

/** Sentences scored at a time: a long piece does not keep its first sentence waiting for its last one. */
const BATCH = 4;

/** UTF-16 units that may wait to be scored; then the source is not read on. */
const AHEAD = 4 * LONGEST;

/** What takes the place of a flagged sentence. */
const MARK = '[…]';

/**
 * What is done with a flagged sentence: `'redact'` puts a mark in its place and goes on, `'stop'` ends the stream before
 * it, `'flag'` lets it through.
 */
export type GuardMode = 'flag' | 'redact' | 'stop';

/** A sentence that was flagged. */
export interface GuardFlag extends Pick<Moderation, 'categories' | 'scores'> {
  /** The sentence, without the white space around it. */
  text: string;
  /** Where it is in all of the stream's text, in UTF-16 units. */
  start: number;
  end: number;
  /** The sentence before it, where only both together were flagged; the scores are then of both. */
  context?: string;
}

/** Options of {@link guard}: the policy is the moderator's own where none is given, but the surface is `'output'`. */
export interface GuardOptions extends ComputeOptions, ModerationPolicy {
  /** Default `'redact'`. */
  mode?: GuardMode;
  /** Told of each flagged sentence, before it (or what stands for it) comes out. */
  onFlag?: (flag: GuardFlag) => void;
  /** `'redact'`: what stands for a flagged sentence. Default `'[…]'`. */
  replacement?: string;
  /** `'stop'`: the stream then ends with this text instead of an error. */
  message?: string;
}

/** What a guard needs of a {@link Moderator}. */
export interface GuardModerator {
  moderate(texts: readonly string[], options?: ComputeOptions & ModerationPolicy): Promise<Moderation[]>;
}

/** A sentence on its way, with what was found. */
interface Sentence {
  text: string;
  start: number;
  flag?: GuardFlag;
}

/**
 * Text that was moderated, from any stream of text: nothing that is flagged comes out. Each sentence is held back until
 * it is whole and scored, alone and together with the one before it; a line's end ends a sentence, and so do 400
 * characters without any end. While sentences are scored the source is read on, up to a bound.
 *
 * ```ts
 * import { guard, LanguageModel, Moderator } from 'rushlight';
 *
 * const [moderator, chat] = await Promise.all([Moderator.create(), LanguageModel.create()]);
 * const onFlag = ({ text, categories }) => console.warn(text, categories);
 * for await (const text of guard(chat.promptStreaming('Tell me a joke.'), moderator, { onFlag })) output.append(text);
 * ```
 *
 * In mode `'stop'` the stream fails with the code `FLAGGED` (`cause` is the flag), so that half an answer is not taken for
 * a whole one; with `message` it ends with that text. Either way the source is cancelled. If the moderator fails, so does the stream, in
 * every mode: text that could not be scored is not shown. Errors of the source pass on, after the sentences before them.
 */
export function guard(stream: ReadableStream<string>, moderator: GuardModerator, options: GuardOptions = {}): ReadableStream<string> {
  check(options);
  options.signal?.throwIfAborted();
  // No queue of its own: what is read is scored when somebody waits for it.
  return new ReadableStream<string>(new Guard(stream.getReader(), moderator, options), { highWaterMark: 0 });
}

function check({ mode, replacement, message }: GuardOptions): void {
  if (mode !== undefined && mode !== 'flag' && mode !== 'redact' && mode !== 'stop') {
    throw new TypeError(`mode: expected 'flag', 'redact' or 'stop', not ${JSON.stringify(mode)}`);
  }
  if (replacement !== undefined && typeof replacement !== 'string') throw new TypeError('replacement: expected a string');
  if (message !== undefined && typeof message !== 'string') throw new TypeError('message: expected a string');
}

class Guard implements UnderlyingDefaultSource<string> {
  readonly #source: ReadableStreamDefaultReader<string>;
  readonly #moderator: GuardModerator;
  readonly #options: GuardOptions;
  readonly #policy: ComputeOptions & ModerationPolicy;
  readonly #cutter = new SentenceCutter(LONGEST);
  /** Fires when nobody wants the text any more. */
  readonly #ended = new AbortController();
  readonly #unscored: Sentence[] = [];
  readonly #scored: Sentence[] = [];
  /** The last sentence that was scored. */
  #before: Sentence | undefined;
  #offset = 0;
  #reading = false;
  /** Set when the source has ended, with its error if it has failed. */
  #done: { error?: unknown } | undefined;
  /** A flag has ended the text. */
  #stopped = false;
  #wake = (): void => undefined;

  constructor(source: ReadableStreamDefaultReader<string>, moderator: GuardModerator, options: GuardOptions) {
    this.#source = source;
    this.#moderator = moderator;
    this.#options = options;
    const { preset, surface = 'output', thresholds, priority } = options;
    const policy = { ...(priority !== undefined && { priority }), ...(preset !== undefined && { preset }), ...(thresholds !== undefined && { thresholds }) };
    this.#policy = { ...policy, surface, signal: this.#ended.signal };
  }

  start(controller: ReadableStreamDefaultController<string>): void {
    const { signal } = this.#options;
    const onAbort = (): void => {
      controller.error(signal?.reason);
      this.#end(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true, signal: this.#ended.signal });
  }

  async pull(controller: ReadableStreamDefaultController<string>): Promise<void> {
    try {
      const text = await this.#next();
      if (this.#ended.signal.aborted) return;
      if (text !== undefined) return controller.enqueue(text);
      this.#ended.abort();
      controller.close();
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#end(error);
      throw error;
    }
  }

  cancel(reason: unknown): Promise<void> {
    this.#ended.abort(reason);
    return this.#source.cancel(reason);
  }

  /** Nothing more is wanted of the source. */
  #end(reason: unknown): void {
    this.#ended.abort(reason);
    this.#wake();
    this.#source.cancel(reason).catch(() => undefined);
  }

  /** The next text to show, or undefined at the end. */
  async #next(): Promise<string | undefined> {
    for (;;) {
      if (this.#stopped || this.#ended.signal.aborted) return undefined;
      const sentence = this.#scored.shift();
      if (sentence !== undefined) {
        const text = this.#shown(sentence);
        if (text !== '') return text;
        continue;
      }
      this.#read();
      if (this.#unscored.length > 0) await this.#score();
      else if (this.#done === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in this.#done) throw this.#done.error;
      else return undefined;
    }
  }

  /** Reads on, one piece after the other, until enough is waiting. */
  #read(): void {
    const waiting = this.#unscored.reduce((sum, { text }) => sum + text.length, this.#cutter.waiting);
    if (this.#reading || this.#done !== undefined || this.#ended.signal.aborted || waiting >= AHEAD) return;
    this.#reading = true;
    this.#source
      .read()
      .then((result) => this.#receive(result))
      .catch((error: unknown) => {
        this.#done = { error };
      })
      .finally(() => {
        this.#reading = false;
        this.#wake();
        this.#read();
      });
  }

  #receive({ done, value }: ReadableStreamReadResult<string>): void {
    if (done) {
      this.#done = {};
      this.#add(this.#cutter.finish());
    } else if (typeof value === 'string') this.#add(this.#cutter.push(value));
    else throw new TypeError('guard: the stream must give strings; put .pipeThrough(new TextDecoderStream()) before it');
  }

  #add(texts: string[]): void {
    for (const text of texts) {
      this.#unscored.push({ text, start: this.#offset });
      this.#offset += text.length;
    }
  }

  /** Scores the next sentences in one call: each alone, and with the one before it. */
  async #score(): Promise<void> {
    const sentences = this.#unscored.splice(0, BATCH);
    const texts: string[] = [];
    const ask = (text: string): number => texts.push(text.trim()) - 1;
    // A flagged sentence is no context: everything after it would be flagged.
    let before = this.#before?.flag === undefined ? this.#before?.text : undefined;
    const asked = sentences.filter(({ text }) => text.trim() !== '').map((sentence) => {
      const context = before;
      before = sentence.text;
      return { sentence, context, alone: ask(sentence.text), both: context === undefined ? -1 : ask(context + sentence.text) };
    });
    const found = texts.length === 0 ? [] : await this.#moderate(texts);
    for (const { sentence, context, alone, both } of asked) {
      const [single, pair] = [found[alone] as Moderation, found[both]];
      if (single.flagged) sentence.flag = flag(sentence, single);
      else if (pair?.flagged === true && this.#before?.flag === undefined) {
        sentence.flag = { ...flag(sentence, pair), context: (context as string).trim() };
      }
      this.#before = sentence;
    }
    this.#scored.push(...sentences);
  }

  async #moderate(texts: string[]): Promise<Moderation[]> {
    try {
      return await this.#moderator.moderate(texts, this.#policy);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
      // A moderator that was destroyed says so with an AbortError.
      const code = name === 'AbortError' ? 'DISPOSED' : toRushlightError(error).code;
      throw new RushlightError(code, `guard: the rest is not shown, because it could not be moderated: ${message}`, {}, { cause: error });
    }
  }

  /** What is shown of a sentence. */
  #shown({ text, flag }: Sentence): string {
    if (flag === undefined) return text;
    const { mode = 'redact', replacement = MARK, message, onFlag } = this.#options;
    onFlag?.(flag);
    if (mode === 'flag') return text;
    if (mode === 'redact') return text.replace(flag.text, () => replacement);
    const labels = Object.entries(flag.categories).filter(([, on]) => on).map(([label]) => label).join(', ');
    const error = new RushlightError('FLAGGED', `the text was stopped where it was flagged for ${labels}: say that it goes on no further, or use mode 'redact'`, {}, { cause: flag });
    if (message === undefined) throw error;
    this.#stopped = true;
    this.#source.cancel(error).catch(() => undefined);
    return message;
  }
}

function flag({ text, start }: Sentence, { categories, scores }: Moderation): GuardFlag {
  const trimmed = text.trim();
  const from = start + text.indexOf(trimmed);
  return { text: trimmed, start: from, end: from + trimmed.length, categories, scores };
}
