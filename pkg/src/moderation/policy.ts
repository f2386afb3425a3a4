import thresholds from './thresholds.json' with { type: 'json' };
import type { ModerationLabel, ModerationPolicy, ModerationPreset, ModerationSurface } from './types.js';

/** All labels there are, in the order of the model. */
export const LABELS = ['hate', 'harassment', 'violence', 'sexual', 'self_harm', 'profanity', 'injection', 'illicit', 'toxic'] as const satisfies readonly ModerationLabel[];

/** Scores from which each label is flagged: what the default model was calibrated to, by how much benign text each preset may flag. */
export const moderationPresets: Readonly<Record<ModerationPreset, Readonly<Record<ModerationLabel, number>>>> = thresholds;

/** What people say to each other, and what a model says to them. */
const SAID: readonly ModerationLabel[] = ['hate', 'harassment', 'violence', 'sexual', 'self_harm', 'profanity', 'toxic'];

/** The labels that can flag a text of each surface. `illicit` is nowhere: a question about wrongdoing looks much like a request for help with it. */
export const moderationSurfaces: Readonly<Record<ModerationSurface, readonly ModerationLabel[]>> = {
  comment: SAID,
  output: SAID,
  prompt: [...SAID, 'injection'],
  document: ['injection'],
};

/** The score from which a label is flagged; a label without one never is. */
export type Limits = ReadonlyMap<ModerationLabel, number>;

/** A policy, with what it leaves open taken from another. */
export function mergePolicy(policy: ModerationPolicy, base: ModerationPolicy): ModerationPolicy {
  return {
    preset: policy.preset ?? base.preset,
    surface: policy.surface ?? base.surface,
    thresholds: { ...base.thresholds, ...policy.thresholds },
  };
}

/** What a policy flags. Throws a TypeError or RangeError for names and numbers that mean nothing. */
export function limitsOf({ preset = 'balanced', surface = 'comment', thresholds = {} }: ModerationPolicy): Limits {
  if (!Object.hasOwn(moderationPresets, preset)) throw new TypeError(`preset: ${JSON.stringify(preset)} is none of ${Object.keys(moderationPresets).join(', ')}`);
  if (!Object.hasOwn(moderationSurfaces, surface)) throw new TypeError(`surface: ${JSON.stringify(surface)} is none of ${Object.keys(moderationSurfaces).join(', ')}`);
  const limits = new Map(moderationSurfaces[surface].map((label) => [label, moderationPresets[preset][label]]));
  for (const [label, limit] of Object.entries(thresholds) as [ModerationLabel, number | false | undefined][]) {
    if (!LABELS.includes(label)) throw new TypeError(`thresholds: ${JSON.stringify(label)} is none of ${LABELS.join(', ')}`);
    if (limit === undefined) continue;
    if (limit === false) limits.delete(label);
    else if (typeof limit === 'number' && limit >= 0 && limit <= 1) limits.set(label, limit);
    else throw new RangeError(`thresholds: ${label} is ${String(limit)}, expected a number from 0 to 1, or false`);
  }
  return limits;
}

/** A value for each label. */
export function forLabels<T>(value: (label: ModerationLabel) => T): Record<ModerationLabel, T> {
  return Object.fromEntries(LABELS.map((label) => [label, value(label)])) as Record<ModerationLabel, T>;
}

/** The labels that scores flag. */
export function flaggedLabels(scores: Readonly<Record<ModerationLabel, number>>, limits: Limits): ModerationLabel[] {
  return LABELS.filter((label) => scores[label] >= (limits.get(label) ?? Infinity));
}
