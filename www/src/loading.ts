import type { ProgressInfo } from 'rushlight';
import { part } from './dom.ts';
import { bytes } from './status.ts';

const phases: Record<ProgressInfo['phase'], string> = {
  download: 'Downloading',
  verify: 'Checking',
  compile: 'Starting',
  upload: 'Loading',
  ready: 'Ready:',
};

/** The progress of a model on its way, inside the tool that wants it. */
export class Loading {
  readonly #box: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #phase: HTMLElement;
  readonly #bytes: HTMLElement;

  constructor(form: HTMLFormElement) {
    this.#box = part(form, '[data-loading]', HTMLElement);
    this.#bar = part(this.#box, 'progress', HTMLProgressElement);
    this.#phase = part(this.#box, '[data-phase]', HTMLElement);
    this.#bytes = part(this.#box, '[data-bytes]', HTMLElement);
  }

  show(title: string, { phase, loaded, total, progress }: ProgressInfo): void {
    this.#box.hidden = phase === 'ready';
    this.#bar.value = progress;
    // A live region: it speaks when the phase changes. The bytes are only shown.
    const words = `${phases[phase]} ${title}`;
    if (this.#phase.textContent !== words) this.#phase.textContent = words;
    this.#bytes.textContent = phase === 'compile' ? '' : `${bytes(loaded)} of ${bytes(total)}`;
  }

  hide(): void {
    this.#box.hidden = true;
  }
}
