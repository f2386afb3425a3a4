import type { CreateOptions } from 'rushlight';
import { part } from './dom.ts';
import { explain } from './errors.ts';
import { Loading } from './loading.ts';
import type { Loaded, Models, Task } from './models.ts';

/** What every tool shares: a form that runs one thing at a time, a stop button, a note on the download, errors in words. */
export class Tool {
  readonly form: HTMLFormElement;
  readonly #loading: Loading;
  readonly #submit: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #error: HTMLElement;
  readonly #note: HTMLElement;
  readonly #models: Models;
  #tasks: readonly [Task, ...Task[]];
  #running: AbortController | undefined;

  constructor(root: HTMLElement, models: Models, task: Task, work: (signal: AbortSignal) => Promise<void>) {
    this.form = part(root, 'form', HTMLFormElement);
    this.#loading = new Loading(this.form);
    this.#submit = part(this.form, '[type=submit]', HTMLButtonElement);
    this.#stop = part(this.form, '[name=stop]', HTMLButtonElement);
    this.#error = part(this.form, '[data-error]', HTMLElement);
    this.#note = part(this.form, '[data-note]', HTMLElement);
    this.#models = models;
    this.#tasks = [task];
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#run(work);
    });
    this.#stop.addEventListener('click', () => this.stop());
    models.onReset(() => {
      this.stop();
      void this.#tell();
    });
    models.onLoad(() => void this.#tell());
    void this.#tell();
  }

  /** The tasks whose models this tool needs now; the note says what each costs. */
  set tasks(tasks: readonly [Task, ...Task[]]) {
    this.#tasks = tasks;
    void this.#tell();
  }

  /** The object called `key`: there already, or loaded with the progress shown. */
  async get<T extends Loaded>(
    key: string,
    signal: AbortSignal,
    create: (options: CreateOptions) => Promise<T>,
    task = this.#tasks[0],
  ): Promise<T> {
    this.#note.hidden = true;
    try {
      const model = await this.#models.get(task, key, {
        signal,
        create,
        onProgress: (title, progress) => this.#loading.show(title, progress),
      });
      await this.#models.tell(model, task);
      return model;
    } finally {
      this.#loading.hide();
      this.#note.hidden = false;
    }
  }

  /** Shows where a model runs and what it holds now. */
  tell(model: Loaded): Promise<void> {
    return this.#models.tell(model, this.#tasks[0]);
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  stop(): void {
    this.#running?.abort();
  }

  fail(message: string): void {
    this.#error.textContent = message;
    this.#error.hidden = message === '';
  }

  async #run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#running) return;
    const controller = new AbortController();
    this.#running = controller;
    // A disabled button drops the keyboard focus: the two hand it to each other.
    const pressed = document.activeElement === this.#submit;
    this.#stop.disabled = false;
    if (pressed) this.#stop.focus();
    this.#submit.disabled = true;
    this.fail('');
    try {
      await work(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) this.fail(explain(error));
    } finally {
      this.#running = undefined;
      const waited = document.activeElement === this.#stop;
      this.#submit.disabled = false;
      if (waited) this.#submit.focus();
      this.#stop.disabled = true;
      void this.#tell();
    }
  }

  async #tell(): Promise<void> {
    const tasks = this.#tasks;
    const notes = await Promise.all(tasks.map((task) => this.#models.note(task)));
    if (tasks === this.#tasks) this.#note.textContent = notes.join(' ');
  }
}
