import { sentenceEnd } from './sentences.js';

/** W3C: what kind of summary. */
export type SummarizerType = 'key-points' | 'tldr' | 'teaser' | 'headline';
/** W3C: how it is written. */
export type SummarizerFormat = 'markdown' | 'plain-text';
/** W3C: how much. Points for `key-points`, sentences for `tldr` and `teaser`, words for `headline`. */
export type SummarizerLength = 'short' | 'medium' | 'long';

/** What the model is told and how its answer is cut. */
export interface SummaryStyle {
  system: string;
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

const NUMBERS: Record<number, string> = { 1: 'one sentence', 3: 'three sentences', 5: 'five sentences', 7: 'seven sentences' };

/**
 * A model of 135M parameters follows a sentence it was trained with, not a list of rules: the wording is near that of
 * its summarization data (SmolTalk, smol-summarize), and points, limits and marks are made from its answer here.
 */
export function summaryStyle(type: SummarizerType, format: SummarizerFormat, length: SummarizerLength): SummaryStyle {
  if (type === 'headline') {
    const system = `Extract and present the main key point of the input text in one very short sentence of at most ${WORDS[length]} words.`;
    return { system, sentences: 1, maxTokens: WORDS[length] * 2, bullet: undefined };
  }
  const sentences = type === 'key-points' ? POINTS[length] : SENTENCES[length];
  const amount = sentences === 1 ? NUMBERS[1] : `up to ${NUMBERS[sentences]}`;
  const maxTokens = sentences * 48 + 16;
  if (type === 'teaser') {
    const system = `Provide a short, inviting introduction to the input text in ${amount}, without giving away the end.`;
    return { system, sentences, maxTokens, bullet: undefined };
  }
  const system = `Provide a concise, objective summary of the input text in ${amount}, focusing on key facts, actions and intentions.`;
  const bullet = type !== 'key-points' ? undefined : format === 'markdown' ? '- ' : '';
  return { system, sentences, maxTokens, bullet };
}

/** What stands before an answer's real beginning: list marks and labels. */
const MARK = /^(?:[-*•]\s+|\d+[.)]\s+|(?:summary|headline|tl;?dr|key points?)\s*:\s*)+/i;

/** The longest text that may still turn out to be such a mark. */
const MARK_LENGTH = 14;

/** Shapes an answer while it is being written: one sentence a point, no more than wanted, no marks of the model's own. */
export class SummaryShaper {
  readonly #style: SummaryStyle;
  #buffer = '';
  #begun = false;
  #sentences = 0;

  constructor(style: SummaryStyle) {
    this.#style = style;
  }

  /** Everything wanted is there: the rest of the answer is not needed. */
  get done(): boolean {
    return this.#sentences >= this.#style.sentences;
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
      if (!this.#begun && !this.#begin(last)) break;
      if (!this.#begun) out += this.#separator();
      this.#begun = true;
      const end = this.#end();
      if (end < 0) {
        // The last word waits: what follows decides whether its full stop ends the sentence.
        out += this.#take(last ? this.#buffer.trimEnd().length : this.#buffer.search(/\S*\s*$/));
        break;
      }
      out += this.#take(end).trimEnd();
      this.#sentences += 1;
      this.#begun = false;
    }
    return out;
  }

  /** Drops the model's own marks. False while there is too little text to tell. */
  #begin(last: boolean): boolean {
    this.#buffer = this.#buffer.trimStart();
    if (!last && this.#buffer.length < MARK_LENGTH && !this.#buffer.includes('\n')) return false;
    this.#buffer = this.#buffer.replace(MARK, '');
    return this.#buffer !== '';
  }

  #separator(): string {
    const { bullet } = this.#style;
    if (this.#sentences === 0) return bullet ?? '';
    return bullet === undefined ? ' ' : `\n${bullet}`;
  }

  #end(): number {
    const line = this.#buffer.indexOf('\n');
    const sentence = sentenceEnd(this.#buffer);
    return line < 0 || (sentence >= 0 && sentence < line) ? sentence : line;
  }

  #take(length: number): string {
    const taken = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    return taken.replace(/\s+/g, ' ');
  }
}
