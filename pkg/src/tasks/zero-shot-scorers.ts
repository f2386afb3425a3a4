import type { Prompt } from '../engine/protocol.js';
import { cosineSimilarity } from './embedder.js';
import type { ModelUser } from './create.js';
import type { Call } from './task.js';

/** What is asked of each text, checked. */
export interface Question {
  labels: readonly { label: string; examples: readonly string[] }[];
  /** Has `{label}` in it. */
  template: string;
  multiLabel: boolean;
  temperature: number;
  threshold: number;
}

/** What a scorer is told besides the texts. */
interface Scoring extends Call {
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The scores of each text, in the order of the labels. */
export type Scorer = (texts: string[], scoring: Scoring) => Promise<number[][]>;

/** Labels as vectors: each the mean of the vectors of its sentence and its examples. */
export async function byPrototypes(user: ModelUser, question: Question): Promise<Scorer> {
  const { labels, template, multiLabel, temperature, threshold } = question;
  const prefix = user.resolved.entry?.prefixes?.['classification'] ?? '';
  const embed = async (texts: string[], { signal, priority, onProgress }: Scoring): Promise<Float32Array[]> => {
    const onEvent = ({ done, total }: { done: number; total: number }): void => onProgress?.(done, total);
    const args = { texts: texts.map((text) => prefix + text), priority };
    const { vectors, dimensions } = await user.model.call('embed', args, { signal, onEvent });
    return texts.map((_, index) => vectors.subarray(index * dimensions, (index + 1) * dimensions));
  };
  const prototypes: number[][] = [];
  for (const { label, examples } of labels) {
    prototypes.push(sum(await embed([sentence(template, label), ...examples], { signal: user.signal(undefined) })));
  }
  return async (texts, scoring) => {
    const vectors = await embed(texts, scoring);
    return vectors.map((vector) => {
      const cosines = prototypes.map((prototype) => cosineSimilarity(vector, prototype));
      return multiLabel
        ? cosines.map((cosine) => 1 / (1 + Math.exp((threshold - cosine) / temperature)))
        : softmax(cosines.map((cosine) => cosine / temperature));
    });
  };
}

/** What is asked where there is no text, to know how much a model prefers one answer to another whatever it reads. */
const NO_TEXT = 'N/A';

/** A prompt for a text, and the answers to it of which one is right. */
interface Choice {
  prompt(text: string): Prompt;
  answers: string[];
}

/** Labels as answers of a language model. */
export async function byEndings(user: ModelUser, question: Question): Promise<Scorer> {
  const { labels, template, multiLabel } = question;
  const names = labels.map(({ label }) => label);
  const choices = multiLabel
    ? names.map((label) => yesOrNo(user, sentence(template, label)))
    : [oneOf(user, names, template)];
  const likely = async ({ prompt, answers }: Choice, text: string, { signal, priority }: Scoring): Promise<number[]> => {
    const found = await user.model.call('continuations', { prompt: prompt(text), endings: answers, priority }, { signal });
    return found.map(({ logProbability }) => logProbability);
  };
  const before: number[][] = [];
  for (const choice of choices) before.push(await likely(choice, NO_TEXT, { signal: user.signal(undefined) }));
  return async (texts, scoring) => {
    const scores: number[][] = texts.map(() => []);
    // A question about all texts before the next question: what comes before the text stays in the cache.
    for (const [at, choice] of choices.entries()) {
      for (const [index, text] of texts.entries()) {
        const after = await likely(choice, text, scoring);
        const shares = softmax(after.map((value, answer) => value - (before[at]?.[answer] as number)));
        scores[index]?.push(...(multiLabel ? shares.slice(0, 1) : shares));
        scoring.onProgress?.(at * texts.length + index + 1, choices.length * texts.length);
      }
    }
    return scores;
  };
}

function oneOf(user: ModelUser, names: string[], template: string): Choice {
  return {
    prompt: (text) => ask(user, `Which of these labels fits the text best: ${names.join(', ')}?`, text),
    answers: names.map((label) => answer(user, sentence(template, label))),
  };
}

function yesOrNo(user: ModelUser, claim: string): Choice {
  return {
    prompt: (text) => ask(user, `Is this true? ${claim} Answer yes or no.`, text),
    answers: ['Yes', 'No'].map((word) => answer(user, word)),
  };
}

/** The text comes last, so that the cache keeps the question. */
function ask(user: ModelUser, question: string, text: string): Prompt {
  const content = `${question}\n\nText: ${text}`;
  return user.info.chat ? [{ role: 'user', content }] : `${content}\n\nAnswer:`;
}

/** Templates end where the answer begins; plain text ends with a word. */
function answer(user: ModelUser, text: string): string {
  return user.info.chat ? text : ` ${text}`;
}

function sentence(template: string, label: string): string {
  return template.replaceAll('{label}', () => label);
}

function sum(vectors: Float32Array[]): number[] {
  const total = Array.from(vectors[0] ?? [], () => 0);
  for (const vector of vectors) {
    const length = Math.hypot(...vector);
    vector.forEach((value, index) => (total[index] = (total[index] as number) + value / length));
  }
  return total;
}

function softmax(values: number[]): number[] {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
