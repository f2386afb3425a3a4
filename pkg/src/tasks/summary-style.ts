import { sentenceEnd } from './sentences.js';

/** W3C: what kind of summary. */
export type SummarizerType = 'key-points' | 'tldr' | 'teaser' | 'headline';
/** W3C: how it is written. */
export type SummarizerFormat = 'markdown' | 'plain-text';
/** W3C: how much. Points for `key-points`, sentences for `tldr` and `teaser`, words for `headline`. */
export type SummarizerLength = 'short' | 'medium' | 'long';

/** What the model is told and how its answer is cut. */
export interface SummaryStyle {
  instruction: string;
  /** Sentences or points kept. */
  sentences: number;
  maxTokens: number;
  /** Put before each sentence; undefined for running text. */
  bullet: string | undefined;
}

/** W3C writing assistance APIs, "summarizer length": points, sentences, words. */
const POINTS = { short: 3, medium: 5, long: 7 };
const SENTENCES = { short: 1, medium: 3, long: 5 };
const WORDS = { short: 12, medium: 17, long: 22 };

const AMOUNTS: Record<number, string> = {
  1: 'one sentence',
  3: 'up to three sentences',
  5: 'up to five sentences',
  7: 'up to seven sentences',
};

/**
 * A model of 135M parameters follows one plain sentence and no list of rules: of several wordings tried, these kept
 * closest to the text. Points, limits and marks are made from the answer here.
 */
export function summaryStyle(type: SummarizerType, format: SummarizerFormat, length: SummarizerLength): SummaryStyle {
  if (type === 'headline') {
    const instruction = `Write one headline of at most ${WORDS[length]} words for the following text`;
    return { instruction, sentences: 1, maxTokens: WORDS[length] * 2 + 8, bullet: undefined };
  }
  const sentences = type === 'key-points' ? POINTS[length] : SENTENCES[length];
  const maxTokens = sentences * 48 + 16;
  if (type === 'teaser') {
    const instruction = `Write an inviting introduction to the following text in ${AMOUNTS[sentences]}`;
    return { instruction, sentences, maxTokens, bullet: undefined };
  }
  const bullet = type !== 'key-points' ? undefined : format === 'markdown' ? '- ' : '';
  return { instruction: `Summarize the following text in ${AMOUNTS[sentences]}`, sentences, maxTokens, bullet };
}

/** The words to the model: the instruction, what to know about the text, and the text. */
export function summaryPrompt({ instruction }: SummaryStyle, context: string, text: string): string {
  return context === '' ? `${instruction}:\n\n${text}` : `${instruction}. ${context}\n\n${text}`;
}

/** What stands before an answer's real beginning: list marks and labels. */
const MARK = /^(?:[-*•]\s+|\d+[.)]\s+|(?:summary|headline|tl;?dr|key points?)\s*:\s*)+/i;

/** The longest text that may still turn out to be such a mark. */
const MARK_LENGTH = 14;

/**
 * Shapes an answer while it is being written: one sentence a point, no more than wanted, no marks of the model's own,
 * and an end as soon as it repeats itself, which small models do for ever.
 */
export class SummaryShaper {
  readonly #style: SummaryStyle;
  readonly #sentences: string[] = [];
  #buffer = '';
  /** What was given out of the sentence that is being written; undefined between sentences. */
  #current: string | undefined;
  #repeats = false;

  constructor(style: SummaryStyle) {
    this.#style = style;
  }

  /** Everything wanted is there: the rest of the answer is not needed. */
  get done(): boolean {
    return this.#repeats || this.#sentences.length >= this.#style.sentences;
  }

  /** Takes what the model wrote; returns what can be shown. */
  push(delta: string): string {
    this.#buffer += delta;
    return this.#shape(false);
  }

  /** The rest, once the model has stopped. */
  finish(): string {
    return this.#shape(true);
  }

  #shape(last: boolean): string {
    let out = '';
    while (!this.done) {
      if (this.#current === undefined && !this.#begin(last)) break;
      const end = this.#end();
      // The last word waits: what follows decides whether its full stop ends the sentence.
      const sure = end >= 0 ? end : last ? this.#buffer.replace(/[\s,;:–—-]+$/, '').length : this.#buffer.search(/\S*\s*$/);
      const text = (this.#current ?? '') + this.#buffer.slice(0, sure);
      if (this.#current === '' && this.#sentences.some((known) => known.startsWith(plain(text)))) {
        // So far it is a sentence that was there before. If it stays so, the model goes in circles.
        this.#repeats = end >= 0 || last;
        break;
      }
      if (sure > 0) out += this.#take(sure, end >= 0);
      if (end < 0) break;
      this.#sentences.push(plain(text));
      this.#current = undefined;
    }
    return out;
  }

  /** Drops the model's own marks. False while there is too little text to tell. */
  #begin(last: boolean): boolean {
    this.#buffer = this.#buffer.trimStart();
    if (!last && this.#buffer.length < MARK_LENGTH && !this.#buffer.includes('\n')) return false;
    this.#buffer = this.#buffer.replace(MARK, '');
    if (this.#buffer === '') return false;
    this.#current = '';
    return true;
  }

  #end(): number {
    const line = this.#buffer.indexOf('\n');
    const sentence = sentenceEnd(this.#buffer);
    return line < 0 || (sentence >= 0 && sentence < line) ? sentence : line;
  }

  #take(length: number, whole: boolean): string {
    const taken = this.#buffer.slice(0, length).replace(/\s+/g, ' ');
    this.#buffer = this.#buffer.slice(length);
    const lead = this.#current === '' ? this.#separator() : '';
    this.#current = (this.#current ?? '') + taken;
    return lead + (whole ? taken.trimEnd() : taken);
  }

  #separator(): string {
    const { bullet } = this.#style;
    if (this.#sentences.length === 0) return bullet ?? '';
    return bullet === undefined ? ' ' : `\n${bullet}`;
  }
}

/** For comparing: case, spacing and end marks aside. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[.!?…\s]+$/, '').toLowerCase();
}
