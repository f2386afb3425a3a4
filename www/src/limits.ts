import { moderationPresets, moderationSurfaces } from 'rushlight';
import type { ModerationLabel, ModerationPolicy, ModerationPreset, ModerationSurface } from 'rushlight';
import { element, part } from './dom.ts';
import { asTitle, inWords, labels } from './labels.ts';

/** Scores from which labels are flagged. One that is not there never is. */
export type Limits = ReadonlyMap<ModerationLabel, number>;

interface Row {
  item: HTMLElement;
  on: HTMLInputElement;
  slider: HTMLInputElement;
  value: HTMLOutputElement;
}

/** Preset, surface, and for each label a switch and a slider that overrule them. */
export class LimitControls {
  readonly #preset: HTMLSelectElement;
  readonly #surface: HTMLSelectElement;
  readonly #rows: Map<ModerationLabel, Row>;
  readonly #count: HTMLElement;
  readonly #again: HTMLButtonElement;
  readonly #changed: () => void;
  /** What the visitor has set. */
  readonly #own = new Map<ModerationLabel, number | false>();

  constructor(root: HTMLElement, changed: () => void) {
    this.#preset = part(root, '[name=preset]', HTMLSelectElement);
    this.#surface = part(root, '[name=surface]', HTMLSelectElement);
    this.#count = part(root, '[data-changed]', HTMLElement);
    this.#again = part(root, '[name=preset-again]', HTMLButtonElement);
    this.#changed = changed;
    this.#rows = new Map(labels.map((label) => [label, this.#row(label)]));
    part(root, '[data-limits]', HTMLElement).replaceChildren(...[...this.#rows.values()].map(({ item }) => item));
    this.#surface.addEventListener('change', () => this.#update());
    this.#preset.addEventListener('change', () => this.#reset());
    this.#again.addEventListener('click', () => this.#reset());
    this.#draw();
  }

  /** What holds for any text: the visitor's own thresholds before the preset's. */
  get policy(): ModerationPolicy {
    return { preset: this.#preset.value as ModerationPreset, thresholds: Object.fromEntries(this.#own) };
  }

  get surface(): ModerationSurface {
    return this.#surface.value as ModerationSurface;
  }

  set surface(surface: ModerationSurface) {
    this.#surface.value = surface;
    this.#draw();
  }

  get limits(): Limits {
    const limits = labels.map((label) => [label, this.#limit(label)] as const);
    return new Map(limits.filter((entry): entry is [ModerationLabel, number] => entry[1] !== false));
  }

  #limit(label: ModerationLabel): number | false {
    return this.#own.get(label) ?? (moderationSurfaces[this.surface].includes(label) && this.#published(label));
  }

  /** What the preset says, on whatever surface. */
  #published(label: ModerationLabel): number {
    return moderationPresets[this.#preset.value as ModerationPreset][label];
  }

  #reset(): void {
    this.#own.clear();
    this.#update();
  }

  #update(): void {
    this.#draw();
    this.#changed();
  }

  #draw(): void {
    for (const [label, { item, on, slider, value }] of this.#rows) {
      const limit = this.#limit(label);
      on.checked = limit !== false;
      slider.disabled = limit === false;
      slider.valueAsNumber = limit === false ? this.#published(label) : limit;
      value.textContent = limit === false ? 'off' : limit.toFixed(2);
      item.classList.toggle('off', limit === false);
    }
    const count = this.#own.size;
    this.#count.textContent = count === 0 ? '' : `${count} changed`;
    // Not disabled: that would drop the keyboard focus from it.
    this.#again.setAttribute('aria-disabled', String(count === 0));
  }

  #row(label: ModerationLabel): Row {
    const item = element('li');
    const name = element('label', 'choice');
    const on = element('input');
    on.type = 'checkbox';
    name.append(on, asTitle(label));
    const slider = element('input');
    Object.assign(slider, { type: 'range', min: '0.01', max: '1', step: '0.01', id: `limit-${label}` });
    slider.ariaLabel = `Threshold for ${inWords(label)}`;
    const value = element('output', 'number');
    value.htmlFor.add(slider.id);
    // An output is a live region; the slider says its value itself.
    value.ariaLive = 'off';
    on.addEventListener('change', () => {
      this.#own.set(label, on.checked && this.#published(label));
      this.#update();
    });
    slider.addEventListener('input', () => {
      this.#own.set(label, slider.valueAsNumber);
      this.#update();
    });
    item.append(name, slider, value);
    return { item, on, slider, value };
  }
}
