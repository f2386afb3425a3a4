/** A passage is a few sentences: long enough to mean something, short enough to point at. */
const wordsPerPassage = 60;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });

export function sentences(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment.trim()).filter((sentence) => sentence !== '');
}

/** Paragraphs as they are, long ones cut between sentences. */
export function passages(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => pack(sentences(paragraph.replace(/\s+/g, ' '))));
}

function pack(parts: string[]): string[] {
  const packed: string[] = [];
  let current = '';
  for (const sentence of parts) {
    if (current !== '' && words(current) + words(sentence) > wordsPerPassage) {
      packed.push(current);
      current = '';
    }
    current = current === '' ? sentence : `${current} ${sentence}`;
  }
  if (current !== '') packed.push(current);
  return packed;
}

function words(text: string): number {
  return text.split(' ').length;
}
