import { sentenceEnd, type CountTexts } from '../tasks/sentences.js';
import type { Range } from './lexicon.js';

/** A window's tokens: more context than that says little of a sentence, and what is rude in it would be diluted. */
export const WINDOW_TOKENS = 256;

/** Tokens of a window that the next one has too, so that what lies across the border is read as a whole. */
export const OVERLAP_TOKENS = 64;

/** Sentences and parts of sentences that windows are made of are counted so many at a time. */
const BATCH = 256;

/** Longer sentences are cut before their tokens are counted. */
const LONGEST = 1024;

/** How a text is read. */
export interface Windows {
  ranges: Range[];
  tokens: number;
  /** There were more windows than allowed. */
  truncated: boolean;
}

export interface WindowOptions {
  /** Tokens of a window, special ones aside. */
  budget: number;
  overlap: number;
  max: number;
}

interface Piece extends Range {
  tokens: number;
}

/** Overlapping windows over a text, with borders between sentences, or between words of long ones. `count` leaves special tokens out. */
export async function windowsOf(text: string, count: CountTexts, { budget, overlap, max }: WindowOptions): Promise<Windows> {
  const ranges: Range[] = [];
  let current: Piece[] = [];
  let tokens = 0;
  const size = (pieces: Piece[]): number => pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  const close = (): void => {
    ranges.push({ start: (current[0] as Piece).start, end: (current.at(-1) as Piece).end });
    while (current.length > 0 && size(current) > overlap) current.shift();
  };
  for await (const piece of pieces(text, count, overlap)) {
    if (current.length > 0 && size(current) + piece.tokens > budget) {
      close();
      if (ranges.length === max) return { ranges, tokens, truncated: true };
    }
    current.push(piece);
    tokens += piece.tokens;
  }
  if (current.length > 0) close();
  return { ranges, tokens, truncated: false };
}

/** Sentences, and parts of those with more tokens than allowed. Lazily: most of a text beyond the limit is never read. */
async function* pieces(text: string, count: CountTexts, most: number): AsyncGenerator<Piece> {
  let batch: Range[] = [];
  for (const sentence of sentenceRanges(text)) {
    batch.push(...cut(text, sentence, LONGEST));
    if (batch.length < BATCH) continue;
    yield* await counted(text, batch, count, most);
    batch = [];
  }
  yield* await counted(text, batch, count, most);
}

async function counted(text: string, ranges: Range[], count: CountTexts, most: number): Promise<Piece[]> {
  if (ranges.length === 0) return [];
  const counts = await count(ranges.map(({ start, end }) => text.slice(start, end)));
  const found: Piece[] = [];
  for (const [index, range] of ranges.entries()) {
    const tokens = counts[index] as number;
    const halves = tokens <= most ? [range] : cut(text, range, Math.ceil((range.end - range.start) / 2));
    if (halves.length < 2) found.push({ ...range, tokens });
    else found.push(...(await counted(text, halves, count, most)));
  }
  return found;
}

/** The sentences of a text where they stand, without the space around them. A paragraph's end ends a sentence too. */
export function* sentenceRanges(text: string): Generator<Range> {
  for (const { index, 0: paragraph } of text.matchAll(/\S(?:[^\n]|\n(?![^\S\n]*\n))*/g)) {
    for (let start = 0; start < paragraph.length; ) {
      const rest = paragraph.slice(start);
      const found = sentenceEnd(rest);
      const range = trimmed(text, { start: index + start, end: index + (found < 0 ? paragraph.length : start + found) });
      if (range.start < range.end) yield range;
      if (found < 0) break;
      start += found;
    }
  }
}

/** Parts of at most so many units, cut at the last space, else anywhere but inside a character. */
function cut(text: string, range: Range, most: number): Range[] {
  const parts: Range[] = [];
  let { start } = range;
  while (range.end - start > most) {
    let end = start + most;
    const space = text.slice(start, end + 1).search(/\s\S*$/);
    if (space > 0) end = start + space;
    else if (/^[\udc00-\udfff]/.test(text.slice(end)) && end - start > 1) end -= 1;
    parts.push(trimmed(text, { start, end }));
    start = end;
  }
  parts.push(trimmed(text, { start, end: range.end }));
  return parts.filter((part) => part.start < part.end);
}

/** Without the space around it. */
export function trimmed(text: string, { start, end }: Range): Range {
  const inside = text.slice(start, end);
  const before = inside.length - inside.trimStart().length;
  return { start: start + before, end: Math.max(start + before, end - (inside.length - inside.trimEnd().length)) };
}
