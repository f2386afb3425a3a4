/** Words whose full stop ends no sentence. */
export const ABBREVIATION = /(?:^|[\s("'“‘])(?:Mr|Mrs|Ms|Dr|St|Prof|Sen|Rep|Gen|Jr|Sr|vs|No|cf|e\.g|i\.e|[A-Z])\.$/;

/** An end mark, closing quotes, and then something that begins a sentence; or an ideographic full stop. */
const END = /[.!?…]+["'”’)\]]*(?=\s+(?:["'“‘(\[]?[\p{Lu}\p{N}]|[-*•]\s))|[。！？]/gu;

/** Where the first sentence of a text ends, or -1 while that cannot be told. */
export function sentenceEnd(text: string): number {
  for (const { index, 0: mark } of text.matchAll(END)) {
    const end = index + mark.length;
    if (!ABBREVIATION.test(text.slice(0, end))) return end;
  }
  return -1;
}

/** The sentences of a text; a paragraph's end ends a sentence too. Joined by spaces they are the text again, spacing aside. */
export function splitSentences(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const sentences: string[] = [];
    let rest = paragraph.replace(/\s+/g, ' ').trim();
    for (let end = sentenceEnd(rest); end >= 0; end = sentenceEnd(rest)) {
      sentences.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    return rest === '' ? sentences : [...sentences, rest];
  });
}

/** Counts the tokens of each text. */
export type CountTexts = (texts: string[]) => Promise<number[]>;

/**
 * Groups of sentences of at most `budget` tokens each, about evenly full. A sentence that is larger than the budget
 * is cut between words.
 */
export async function splitByTokens(text: string, budget: number, count: CountTexts): Promise<string[]> {
  const [whole] = await count([text]);
  if ((whole as number) <= budget) return [text];
  const pieces = await fitting(splitSentences(text), budget, count);
  const total = pieces.reduce((sum, { tokens }) => sum + tokens, 0);
  const target = Math.min(budget, Math.ceil(total / Math.ceil(total / budget)));
  const groups: { text: string; tokens: number }[] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    if (group !== undefined && group.tokens < target && group.tokens + piece.tokens <= budget) {
      group.text += ` ${piece.text}`;
      group.tokens += piece.tokens;
    } else groups.push({ ...piece });
  }
  return groups.map((group) => group.text);
}

async function fitting(sentences: string[], budget: number, count: CountTexts): Promise<{ text: string; tokens: number }[]> {
  const counts = await count(sentences);
  const pieces: { text: string; tokens: number }[] = [];
  for (const [index, text] of sentences.entries()) {
    const tokens = counts[index] as number;
    if (tokens <= budget) {
      pieces.push({ text, tokens });
      continue;
    }
    const middle = text.indexOf(' ', Math.floor(text.length / 2));
    const cut = middle < 0 ? Math.floor(text.length / 2) : middle;
    const halves = [text.slice(0, cut), text.slice(cut).trimStart()].filter((half) => half !== '');
    pieces.push(...(halves.length < 2 ? [{ text, tokens }] : await fitting(halves, budget, count)));
  }
  return pieces;
}
