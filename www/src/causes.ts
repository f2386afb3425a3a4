import type { ModerationLabel } from 'rushlight';
import { element } from './dom.ts';
import { inWords } from './labels.ts';

/** A place in a text, and the labels that are flagged there. */
export interface Cause {
  start: number;
  end: number;
  labels: readonly ModerationLabel[];
}

/** Labels of the same place, as one. */
export function merged(spans: readonly { start: number; end: number; label: ModerationLabel }[]): Cause[] {
  const causes = new Map<string, { start: number; end: number; labels: ModerationLabel[] }>();
  for (const { start, end, label } of spans) {
    const key = `${start} ${end}`;
    const cause = causes.get(key) ?? { start, end, labels: [] };
    cause.labels.push(label);
    causes.set(key, cause);
  }
  return [...causes.values()];
}

/** The text with each place marked and its labels behind it, a place inside another one nested. The text stays text. */
export function marked(text: string, causes: readonly Cause[]): DocumentFragment {
  const places = [...causes].sort((a, b) => a.start - b.start || b.end - a.end);
  const fragment = document.createDocumentFragment();
  fill(fragment, text, { start: 0, end: text.length }, places);
  return fragment;
}

/** Takes from `places` those that begin in the range. One that reaches beyond it goes on behind it. */
function fill(target: Node, text: string, range: { start: number; end: number }, places: Cause[]): void {
  let at = range.start;
  for (let place = places[0]; place !== undefined && place.start < range.end; place = places[0]) {
    places.shift();
    const end = Math.min(place.end, range.end);
    if (end < place.end) {
      const rest = { ...place, start: end };
      const after = places.findIndex(({ start }) => start >= end);
      places.splice(after < 0 ? places.length : after, 0, rest);
    }
    const mark = element('mark');
    target.appendChild(document.createTextNode(text.slice(at, place.start)));
    fill(mark, text, { start: place.start, end }, places);
    mark.append(element('span', 'label', place.labels.map(inWords).join(', ')));
    target.appendChild(mark);
    at = end;
  }
  target.appendChild(document.createTextNode(text.slice(at, range.end)));
}
