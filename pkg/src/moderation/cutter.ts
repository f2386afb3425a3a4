import { ABBREVIATION } from '../tasks/sentences.js';

/** The number of a list item is no sentence. */
const LIST_NUMBER = /(?:^|\n)[ \t]*\p{N}+\.$/u;

/**
 * The end of a line, or end marks with closing quotes before white space, or ideographic end marks. White space after
 * the first of it belongs to the next sentence, so that nobody has to wait for its end.
 */
const END = /\n|[.!?…]+["'”’»)\]*_]*\s|[。！？｡]+["'”’」』）]*(?![。！？｡"'”’」』）])/gu;

/**
 * Cuts a text that arrives in pieces into sentences: the same ones for every way of cutting the text into pieces, and
 * joined they are the text. A sentence of more than `longest` UTF-16 units is cut, between words where there are any.
 */
export class SentenceCutter {
  readonly #longest: number;
  #rest = '';

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** UTF-16 units that belong to no sentence yet. */
  get waiting(): number {
    return this.#rest.length;
  }

  /** The sentences that are whole now. */
  push(piece: string): string[] {
    this.#rest += piece;
    const sentences: string[] = [];
    for (let end = this.#end(); end > 0; end = this.#end()) {
      sentences.push(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end);
    }
    return sentences;
  }

  /** What is left, at the end of the text. */
  finish(): string[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }

  /** Where the first sentence ends, or 0 while that depends on text that is still to come. */
  #end(): number {
    const rest = this.#rest;
    const head = rest.slice(0, this.#longest + 1);
    for (const { index, 0: mark } of head.matchAll(END)) {
      const end = index + mark.length;
      // Only what comes next says that an ideographic mark was the last one.
      if (end === rest.length && !/\s$/.test(mark)) return 0;
      const before = head.slice(0, end).trimEnd();
      if (mark === '\n' || (!ABBREVIATION.test(before) && !LIST_NUMBER.test(before))) return Math.min(end, this.#longest);
    }
    return rest.length > this.#longest ? forced(head.slice(0, this.#longest)) : 0;
  }
}

/** After the last white space, or else not within a surrogate pair. */
function forced(head: string): number {
  const space = head.search(/\s\S*$/u) + 1;
  if (space > 0 && head.slice(0, space).trim() !== '') return space;
  return /[\uD800-\uDBFF]$/.test(head) ? head.length - 1 : head.length;
}
