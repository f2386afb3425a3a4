import { catalog, Embedder, LanguageModel, Moderator, Summarizer } from 'rushlight';
import type { CreateOptions, MemoryInfo, ModelInfo, ProgressInfo } from 'rushlight';
import { settings } from './settings.ts';
import { bytes, type Status } from './status.ts';

/** The page's tools, each with the model it uses. */
export type Task = 'summarize' | 'search' | 'chat' | 'moderate';

const tasks = {
  summarize: { model: 'smollm2-135m-instruct', kind: Summarizer },
  search: { model: 'all-minilm-l6-v2', kind: Embedder },
  chat: { model: 'smollm2-135m-instruct', kind: LanguageModel },
  moderate: { model: 'minilm-moderation', kind: Moderator },
} as const;

/** What the task classes have in common. */
export interface Loaded {
  info(): ModelInfo;
  memory(): Promise<MemoryInfo>;
  destroy(): void;
}

/** How to make an object, and whom to tell. */
export interface Loader<T> {
  signal: AbortSignal;
  create: (options: CreateOptions) => Promise<T>;
  onProgress: (title: string, progress: ProgressInfo) => void;
}

/** Loads a model when a tool first needs it, keeps it, and drops all of them when another backend is chosen. */
export class Models {
  readonly status: Status;
  readonly #live = new Map<string, Promise<Loaded>>();
  readonly #onReset: (() => void)[] = [];
  readonly #onLoad: (() => void)[] = [];

  constructor(status: Status) {
    this.status = status;
  }

  /** The object called `key`, made with `create` the first time. Stopping ends a download, never a loaded model. */
  async get<T extends Loaded>(task: Task, key: string, loader: Loader<T>): Promise<T> {
    let live = this.#live.get(key) as Promise<T> | undefined;
    if (!live) {
      live = this.#load(task, loader);
      this.#live.set(key, live);
    }
    try {
      return await live;
    } catch (error) {
      if (this.#live.get(key) === live) this.#live.delete(key);
      throw error;
    }
  }

  /** Shows where a model runs and what it holds. */
  async tell(model: Loaded, task: Task): Promise<void> {
    this.status.info(title(task), model.info(), await model.memory());
  }

  /** Destroys one object; the next `get` makes a new one. */
  forget(key: string): void {
    const live = this.#live.get(key);
    this.#live.delete(key);
    live?.then(
      (model) => model.destroy(),
      () => undefined,
    );
  }

  reset(): void {
    for (const key of [...this.#live.keys()]) this.forget(key);
    this.status.reset();
    for (const listener of this.#onReset) listener();
  }

  onReset(listener: () => void): void {
    this.#onReset.push(listener);
  }

  /** Calls `listener` when a model was loaded, so that every tool can say anew what its first use costs. */
  onLoad(listener: () => void): void {
    this.#onLoad.push(listener);
  }

  /** What the first use costs, before anything is fetched. */
  async note(task: Task): Promise<string> {
    const { model, kind } = tasks[task];
    const size = (catalog[model]?.files ?? []).reduce((sum, file) => sum + file.bytes, 0);
    switch (await kind.availability({ model, device: settings.device })) {
      case 'available':
        return `${title(task)} is stored in this browser: nothing to download.`;
      case 'downloading':
        return `${title(task)} is being downloaded.`;
      case 'downloadable':
        return `The first use downloads ${title(task)} from this site: ${bytes(size)}, once.`;
      case 'unavailable':
        return `${title(task)} cannot run here this way: choose Automatic or CPU (Wasm).`;
    }
  }

  async #load<T>(task: Task, { signal, create, onProgress }: Loader<T>): Promise<T> {
    // The signal given to `create` also destroys what it made, so it must not outlive the loading.
    const loading = new AbortController();
    const stop = (): void => loading.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const made = await create({
        model: tasks[task].model,
        device: settings.device,
        signal: loading.signal,
        onProgress: (progress) => onProgress(title(task), progress),
      });
      for (const listener of this.#onLoad) listener();
      return made;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

function title(task: Task): string {
  const { model } = tasks[task];
  return catalog[model]?.title ?? model;
}
