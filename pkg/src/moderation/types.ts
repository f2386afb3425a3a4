import type { ComputeOptions, CreateOptions } from '../options.js';

/**
 * What a text is scored for.
 *
 * | label | meaning |
 * |---|---|
 * | `hate` | an attack on people for what they are: origin, religion, gender, disability, … |
 * | `harassment` | an insult or attack on a person |
 * | `violence` | a threat, incitement or glorification |
 * | `sexual` | explicit or soliciting |
 * | `self_harm` | suicide or self-injury: intent, instructions, encouragement |
 * | `profanity` | swear words, by a word list first |
 * | `injection` | words that are meant to take over a language model |
 * | `illicit` | a request for help with wrongdoing; off unless it is given a threshold |
 * | `toxic` | rude or harmful in any way: the widest label |
 */
export type ModerationLabel =
  | 'hate'
  | 'harassment'
  | 'violence'
  | 'sexual'
  | 'self_harm'
  | 'profanity'
  | 'injection'
  | 'illicit'
  | 'toxic';

/** How soon a text is flagged. `'strict'` flags the most, `'lenient'` only what is clear. */
export type ModerationPreset = 'strict' | 'balanced' | 'lenient';

/**
 * Where the text comes from or goes to, which decides the labels that can flag it: `'comment'` all but `injection`,
 * `'prompt'` (to a language model) all, `'output'` (of a language model) all but `injection`, `'document'` (text that
 * becomes part of a prompt, written by who knows whom) `injection` only. `illicit` is off everywhere until `thresholds`
 * names it. The scores are there in any case.
 */
export type ModerationSurface = 'comment' | 'prompt' | 'output' | 'document';

/** What is flagged. */
export interface ModerationPolicy {
  /** Default `'balanced'`. */
  preset?: ModerationPreset | undefined;
  /** Default `'comment'`. */
  surface?: ModerationSurface | undefined;
  /**
   * Scores from which a label is flagged, 0 to 1, before what preset and surface say; `false` switches a label off, a
   * number switches it on.
   */
  thresholds?: Partial<Record<ModerationLabel, number | false>> | undefined;
}

/** Options of {@link Moderator.create}: the policy holds for every `moderate()` that gives none of its own. */
export interface ModeratorCreateOptions extends CreateOptions, ModerationPolicy {}

/** Options of {@link Moderator.moderate}. */
export interface ModerateOptions extends ComputeOptions, ModerationPolicy {
  /** Says in `spans` which sentences or words caused a flag. Costs one more pass over texts that are flagged. */
  explain?: boolean | undefined;
  /** Texts are read in overlapping windows, at most so many. Default 64, about 9,000 words. */
  maxWindows?: number | undefined;
}

/** A place in a text that caused a flag. */
export interface ModerationSpan {
  /** Offset into the text as it was given, in UTF-16 units as all of JavaScript counts. */
  start: number;
  /** Offset of its end. */
  end: number;
  label: ModerationLabel;
  /** The score of this place alone. */
  score: number;
}

/** What is known of a text. */
export interface Moderation {
  /** Whether any category is. */
  flagged: boolean;
  /** Which labels are flagged under the policy. */
  categories: Record<ModerationLabel, boolean>;
  /** 0 to 1, whatever the policy; 0 also where the model has no such label. */
  scores: Record<ModerationLabel, number>;
  /** With `explain`: where each flag comes from, by `start`. */
  spans?: ModerationSpan[];
  /** Tokens read, windows that overlap counted once. */
  tokens: number;
  /** Whether the text had more than `maxWindows` windows, so that its end was not read. */
  truncated: boolean;
  /** Windows read. */
  windows: number;
}
