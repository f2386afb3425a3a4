import type { Moderation, ModerationLabel } from './types.js';

/** OpenAI's categories, and the label that stands for each. */
const CATEGORIES = {
  harassment: 'harassment',
  'harassment/threatening': undefined,
  hate: 'hate',
  'hate/threatening': undefined,
  illicit: 'illicit',
  'illicit/violent': undefined,
  'self-harm': 'self_harm',
  'self-harm/instructions': undefined,
  'self-harm/intent': undefined,
  sexual: 'sexual',
  'sexual/minors': undefined,
  violence: 'violence',
  'violence/graphic': undefined,
} as const satisfies Record<string, ModerationLabel | undefined>;

/** A category of OpenAI's moderation endpoint. */
export type OpenAICategory = keyof typeof CATEGORIES;

/** One result of OpenAI's moderation endpoint. */
export interface OpenAIModeration {
  flagged: boolean;
  categories: Record<OpenAICategory, boolean>;
  category_scores: Record<OpenAICategory, number>;
  category_applied_input_types: Record<OpenAICategory, 'text'[]>;
}

/** What OpenAI's moderation endpoint answers. */
export interface OpenAIModerationResponse {
  id: string;
  model: string;
  results: OpenAIModeration[];
}

/**
 * The shape of OpenAI's moderation response, for code that expects it.
 *
 * Seven of its 13 categories have no label of ours (`sexual/minors`, `violence/graphic`, `self-harm/intent`, …): their score
 * is 0, they are never flagged, and `category_applied_input_types` is empty for them. Nothing is guessed. `flagged` is as
 * the policy says, and so may also come from `profanity`, `injection` or `toxic`, for which OpenAI has no category: switch
 * these off with `thresholds` where that matters.
 *
 * ```ts
 * const { results } = toOpenAI(await moderator.moderate(['one', 'two']));
 * console.log(results[0]?.categories['self-harm']);
 * ```
 */
export function toOpenAI(
  results: Moderation | readonly Moderation[],
  { model = 'rushlight' }: { model?: string } = {},
): OpenAIModerationResponse {
  const each = 'scores' in results ? [results] : results;
  const id = Array.from({ length: 24 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  return { id: `modr-${id}`, model, results: each.map(one) };
}

function one({ flagged, categories, scores }: Moderation): OpenAIModeration {
  return {
    flagged,
    categories: forCategories((label) => label !== undefined && categories[label]),
    category_scores: forCategories((label) => (label === undefined ? 0 : scores[label])),
    category_applied_input_types: forCategories((label) => (label === undefined ? [] : ['text'])),
  };
}

function forCategories<T>(value: (label: ModerationLabel | undefined) => T): Record<OpenAICategory, T> {
  return Object.fromEntries(Object.entries(CATEGORIES).map(([name, label]) => [name, value(label)])) as Record<OpenAICategory, T>;
}
