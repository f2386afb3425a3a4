import { moderationPresets } from 'rushlight';
import type { ModerationLabel } from 'rushlight';

/** What a text is scored for, in the model's order. */
export const labels = Object.keys(moderationPresets.balanced) as ModerationLabel[];

/** A label within a sentence. */
export function inWords(label: ModerationLabel): string {
  return label === 'injection' ? 'prompt injection' : label.replace('_', '-');
}

/** A label at the head of a line. */
export function asTitle(label: ModerationLabel): string {
  const words = inWords(label);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** The labels that are set, as a list in a sentence. */
export function listed(categories: Readonly<Record<ModerationLabel, boolean>>): string {
  return labels.filter((label) => categories[label]).map(inWords).join(', ');
}
