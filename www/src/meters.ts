import type { Moderation, ModerationLabel } from 'rushlight';
import { element } from './dom.ts';
import { asTitle, labels } from './labels.ts';
import type { Limits } from './limits.ts';

interface Row {
  item: HTMLElement;
  meter: HTMLMeterElement;
  number: HTMLElement;
  verdict: HTMLElement;
}

/** A bar for each label: its score, where it flags, and in words whether it does. */
export class Meters {
  readonly #rows: Map<ModerationLabel, Row>;
  #limits: Limits = new Map();
  #shown: Moderation | undefined;

  constructor(list: HTMLElement) {
    this.#rows = new Map(labels.map((label) => [label, row(label)]));
    list.replaceChildren(...[...this.#rows.values()].map(({ item }) => item));
  }

  /** Where each label flags; one without a limit never does. */
  set limits(limits: Limits) {
    this.#limits = limits;
    this.#draw();
  }

  /** What was found, or nothing yet. */
  show(found: Moderation | undefined): void {
    this.#shown = found;
    this.#draw();
  }

  #draw(): void {
    for (const [label, { item, meter, number, verdict }] of this.#rows) {
      const limit = this.#limits.get(label);
      const score = this.#shown?.scores[label];
      const flagged = this.#shown?.categories[label] === true;
      item.classList.toggle('flagged', flagged);
      item.classList.toggle('off', limit === undefined);
      item.style.setProperty('--limit', String(limit ?? 1));
      // Three ranges, each with a colour of its own: far below the limit, near it, above it.
      meter.high = limit ?? 1;
      meter.low = limit === undefined ? 1 : limit / 2;
      meter.value = score ?? 0;
      number.textContent = score?.toFixed(2) ?? '–';
      verdict.textContent = flagged ? 'flagged' : limit === undefined ? 'off' : '';
      const says = flagged ? 'flagged' : limit === undefined ? 'switched off' : `flagged from ${limit.toFixed(2)}`;
      meter.ariaValueText = `${score?.toFixed(2) ?? 'no score yet'}, ${says}`;
    }
  }
}

function row(label: ModerationLabel): Row {
  const item = element('li');
  const name = element('label', '', asTitle(label));
  const meter = element('meter');
  name.htmlFor = meter.id = `score-${label}`;
  meter.optimum = 0;
  const bar = element('div', 'bar');
  bar.append(meter);
  const number = element('span', 'number');
  const verdict = element('span', 'word');
  item.append(name, bar, number, verdict);
  return { item, meter, number, verdict };
}
