import type { Normalized } from '../engine/protocol.js';
import { findInjection, type InjectionFinding } from './injection.js';
import { findProfanity, type Range } from './lexicon.js';
import type { Limits } from './policy.js';
import type { ModerationLabel, ModerationSpan } from './types.js';
import { sentenceRanges, trimmed, type Windows } from './windows.js';

/** Scores of texts by label. */
export type KnownScores = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A window that caused a flag, and the sentences in it. */
export interface Suspect {
  label: ModerationLabel;
  window: Range;
  score: number;
  /** None where the window is a sentence itself. */
  sentences: Range[];
}

/** Where two words and more than one in so many are disguised, a text as it is spelled is noise. */
const DISGUISED = 7;

function isNoise(raw: string, normal: string): boolean {
  const known = new Set(normal.toLowerCase().split(/\s+/));
  const words = raw.toLowerCase().split(/\s+/);
  const disguised = words.filter((word) => !known.has(word)).length;
  return disguised > 1 && DISGUISED * disguised > words.length;
}

/** A text on its way through the moderator: how it is spelled and cut, and what was found in it. */
export class Reading {
  /** What is scored, as ranges of the text. */
  windows: Range[] = [];
  tokens = 0;
  truncated = false;
  readonly #text: string;
  readonly #normalized: Normalized | undefined;
  #scores: ReadonlyMap<string, number>[] = [];
  #profanity: Range[] = [];
  #injection: InjectionFinding[] = [];

  /** An empty text has no normal form, and is not read. */
  constructor(text: string, normalized?: Normalized) {
    this.#text = text;
    this.#normalized = normalized;
  }

  /** One window with all of the text. */
  readWhole(tokens: number): void {
    this.readWindows({ ranges: [trimmed(this.#text, { start: 0, end: this.#text.length })], tokens, truncated: false });
  }

  readWindows({ ranges, tokens, truncated }: Windows): void {
    Object.assign(this, { windows: ranges, tokens, truncated });
  }

  /**
   * How a range is spelled: as it is, and normalised if that differs in more than case, which the model does not see. Where
   * many words are disguised, the model would read noise in them, and find harm in it: there it reads the normalised alone.
   */
  spellings({ start, end }: Range): string[] {
    const raw = this.#text.slice(start, end);
    if (this.#normalized === undefined) return [raw];
    const { text, offsets } = this.#normalized;
    const normal = text.slice(firstFrom(offsets, start), firstFrom(offsets, end)).trim();
    if (normal === '' || normal.toLowerCase() === raw.toLowerCase()) return [raw];
    return isNoise(raw, normal) ? [normal] : [raw, normal];
  }

  /** Takes the model's scores of all spellings of all windows, and applies the rules to what was read. */
  score(known: KnownScores): void {
    this.#scores = this.windows.map((window) => this.#best(window, known));
    const end = this.windows.at(-1)?.end ?? 0;
    const read = this.#text.slice(0, end);
    this.#profanity = findProfanity(read);
    this.#injection = findInjection(read);
    const normalized = this.#normalized;
    if (normalized === undefined || normalized.text === this.#text) return;
    const { offsets } = normalized;
    const original = ({ start, end }: Range): Range => {
      let after = end;
      while (after < offsets.length - 1 && offsets[after] === offsets[end - 1]) after += 1; // one character may have become several
      return trimmed(this.#text, { start: offsets[start] as number, end: offsets[after] as number });
    };
    const text = normalized.text.slice(0, firstFrom(offsets, end));
    const spelled = (range: Range): string => {
      const { start, end } = original(range);
      return this.#text.slice(start, end);
    };
    this.#profanity.push(...without(findProfanity(text, spelled).map(original), this.#profanity));
    this.#injection.push(...without(findInjection(text).map((finding) => ({ ...finding, ...original(finding) })), this.#injection));
  }

  /** The highest score of all windows; rules that found something are sure. */
  scoreOf(label: ModerationLabel): number {
    if (label === 'profanity' && this.#profanity.length > 0) return 1;
    const byRules = label === 'injection' ? this.#injection.map(({ score }) => score) : [];
    return Math.max(0, ...byRules, ...this.#scores.map((scores) => scores.get(label) ?? 0));
  }

  /** The windows that the model has flagged for these labels. */
  suspects(labels: readonly ModerationLabel[], limits: Limits): Suspect[] {
    return labels.flatMap((label) =>
      this.windows.flatMap((window, index) => {
        const score = this.#scores[index]?.get(label) ?? 0;
        if (score < (limits.get(label) ?? Infinity) || (label === 'profanity' && this.#profanity.length > 0)) return [];
        const { start, end } = window;
        const sentences = [...sentenceRanges(this.#text.slice(start, end))].map((range) => ({ start: start + range.start, end: start + range.end }));
        return [{ label, window, score, sentences: sentences.length < 2 ? [] : sentences }];
      }),
    );
  }

  /** The places that caused flags: what the rules found, and flagged sentences, or the window where none is flagged alone. */
  spans(suspects: readonly Suspect[], known: KnownScores, limits: Limits): ModerationSpan[] {
    const spans: ModerationSpan[] = [];
    if (limits.has('profanity')) spans.push(...this.#profanity.map((range) => ({ ...range, label: 'profanity' as const, score: 1 })));
    const limit = limits.get('injection') ?? Infinity;
    const injection = this.#injection.filter(({ score }) => score >= limit && score > 0);
    spans.push(...injection.map(({ start, end, score }) => ({ start, end, label: 'injection' as const, score })));
    for (const { label, window, score, sentences } of suspects) {
      const flagged = sentences
        .map((sentence): ModerationSpan => ({ ...sentence, label, score: this.#best(sentence, known).get(label) ?? 0 }))
        .filter((span) => span.score >= (limits.get(label) ?? Infinity));
      const found = flagged.length > 0 ? flagged : [{ ...window, label, score }];
      spans.push(...without(found, spans.filter((span) => span.label === label)));
    }
    return spans.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  /** The higher score of each label among the spellings of a range. */
  #best(range: Range, known: KnownScores): ReadonlyMap<string, number> {
    const best = new Map<string, number>();
    for (const spelling of this.spellings(range)) {
      for (const [label, score] of known.get(spelling) ?? []) best.set(label, Math.max(score, best.get(label) ?? 0));
    }
    return best;
  }
}

/** Those that touch none of the others. */
function without<T extends Range>(ranges: readonly T[], others: readonly Range[]): T[] {
  return ranges.filter(({ start, end }) => !others.some((other) => other.start < end && start < other.end));
}

/** The first index whose offset is not before `offset`. Offsets rise. */
function firstFrom(offsets: ArrayLike<number>, offset: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
