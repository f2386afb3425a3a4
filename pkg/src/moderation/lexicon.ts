import lexicon from './lexicon.json' with { type: 'json' };

/** A part of a text. */
export interface Range {
  start: number;
  end: number;
}

const PHRASES = new Set(lexicon.phrases.map((phrase) => phrase.replace(/ /g, '')));
const WORDS = new Set([...lexicon.words, ...PHRASES]);
const NAMES = new Set(lexicon.names);

/** The words in one piece. */
export const LEXICON_WORDS: readonly string[] = lexicon.words.filter((word) => /^[a-z]+$/.test(word));

/** What the normaliser shall take for words too: no dictionary has them all. */
export const RESTORED_WORDS: readonly string[] = [...LEXICON_WORDS, ...lexicon.restored];

/** A word, in which stars may stand for letters. */
const TOKEN = /[\p{L}\p{M}\p{N}*]+|🖕/gu;

const HARMLESS = new RegExp(`\\b(?:${lexicon.harmless.join('|').replace(/ /g, '[\\s-]+')})|(?<=\\w-)cum(?=-\\w)`, 'gi');

/** Stars that leave only the first letter, and are understood all the same. */
const STARRED = /^(?:f\*{3,}(?:ing|in|er|ed)?|s\*{3}|c\*{3}|b\*{4}|n\*{4,5})$/;

/** Words with stars inside that leave enough letters to know them by. */
const BY_LENGTH = new Map<number, string[]>();
for (const word of WORDS) BY_LENGTH.set(word.length, [...(BY_LENGTH.get(word.length) ?? []), word]);

/**
 * Swear words, vulgar words and slurs in a text: whole words in any form (`Scunthorpe` and `cocktail` have none), words
 * that are unmistakable inside others, and words with stars in them.
 *
 * Names (`Dick`) are told by their spelling, which normalising may have changed: `spelled` gives the original of a range.
 */
export function findProfanity(text: string, spelled = ({ start, end }: Range): string => text.slice(start, end)): Range[] {
  const harmless = [...text.matchAll(HARMLESS)].map(({ index, 0: { length } }) => ({ start: index, end: index + length }));
  let next = 0;
  const found: Range[] = [];
  let before: (Range & { word: string }) | undefined;
  for (const { index, 0: token } of text.matchAll(TOKEN)) {
    const range = { start: index, end: index + token.length };
    const word = token.toLowerCase();
    const pair = before !== undefined && /^[ -]$/.test(text.slice(before.end, index)) ? before : undefined;
    if (isProfane(word)) {
      const isName = NAMES.has(singular(word)) && /^\p{Lu}.*\p{Ll}/u.test(spelled(range));
      while ((harmless[next]?.end ?? Infinity) <= range.start) next += 1; // both go through the text once
      if (!isName && (harmless[next]?.start ?? Infinity) >= range.end) found.push(range);
    } else if (pair !== undefined && PHRASES.has(singular(pair.word + word))) found.push({ start: pair.start, end: range.end });
    before = { ...range, word };
  }
  return found;
}

function isProfane(word: string): boolean {
  if (WORDS.has(singular(word)) || WORDS.has(word)) return true;
  if (lexicon.inside.some((inside) => word.includes(inside))) return true;
  if (!word.includes('*')) return false;
  // Stars at both ends are Markdown; at the end alone they are a footnote, but for the few that everybody reads.
  if (STARRED.test(word)) return true;
  const bare = word.replace(/^\*+|\*+$/g, '');
  if (bare !== word) return !bare.includes('*') && isProfane(bare);
  const letters = word.replace(/\*/g, '').length;
  if (word.length < 4 || letters < 2) return false;
  const plural = word.endsWith('s') ? (BY_LENGTH.get(word.length - 1) ?? []).map((known) => `${known}s`) : [];
  return [...(BY_LENGTH.get(word.length) ?? []), ...plural].some((known) => fits(word, known));
}

/** One star hides a vowel: what else it may hide (`t*at`) the normaliser says, who knows more words. */
function fits(starred: string, known: string): boolean {
  const hidden = starred.indexOf('*') === starred.lastIndexOf('*') ? /[aeiouy]/ : /./;
  return [...starred].every((letter, at) => (letter === '*' ? hidden.test(known[at] as string) : letter === known[at]));
}

function singular(word: string): string {
  if (WORDS.has(word)) return word;
  const bare = word.replace(/s$/, '');
  return WORDS.has(bare) ? bare : word.replace(/(?<=[sxz]|[cs]h)es$/, ''); // spices are no slur
}
