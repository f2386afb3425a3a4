/** W3C `CreateMonitor`: fires `downloadprogress` with `loaded` from 0 to 1 and `total` 1. */
export class CreateMonitor extends EventTarget {
  #handler: ((event: DownloadProgressEvent) => void) | null = null;

  /** Called at each `downloadprogress`. */
  get ondownloadprogress(): ((event: DownloadProgressEvent) => void) | null {
    return this.#handler;
  }

  set ondownloadprogress(handler: ((event: DownloadProgressEvent) => void) | null) {
    if (this.#handler !== null) this.removeEventListener('downloadprogress', this.#handler as EventListener);
    this.#handler = typeof handler === 'function' ? handler : null;
    if (this.#handler !== null) this.addEventListener('downloadprogress', this.#handler as EventListener);
  }
}

/** The part of `ProgressEvent` that a download has. A real `ProgressEvent` where that class exists. */
export interface DownloadProgressEvent extends Event {
  readonly loaded: number;
  readonly total: number;
  readonly lengthComputable: boolean;
}

class ProgressEventFallback extends Event implements DownloadProgressEvent {
  readonly loaded: number;
  readonly total = 1;
  readonly lengthComputable = true;

  constructor(loaded: number) {
    super('downloadprogress');
    this.loaded = loaded;
  }
}

/** Fractions are multiples of this (writing assistance APIs, "fire progress events"). */
const STEP = 1 / 65536;

/**
 * Turns byte counts into the events the W3C drafts ask for: 0 first, strictly increasing multiples of 1/65536,
 * 1 last, nothing after it; 0 and 1 also when nothing had to be downloaded.
 */
export class DownloadProgress {
  readonly #monitor: CreateMonitor | undefined;
  #last = -1;

  /** Calls the page's callback. Whatever it throws is the caller's to reject with. */
  constructor(callback: ((monitor: CreateMonitor) => void) | undefined) {
    if (callback === undefined) return;
    this.#monitor = new CreateMonitor();
    callback(this.#monitor);
  }

  /** A fraction of the bytes to download. 1 is kept for {@link finish}. */
  report(fraction: number): void {
    const rounded = Math.floor(fraction / STEP) * STEP;
    if (rounded < 1) this.#fire(Math.max(0, rounded));
  }

  /** The last event. */
  finish(): void {
    this.#fire(0);
    this.#fire(1);
  }

  #fire(loaded: number): void {
    if (this.#monitor === undefined || loaded <= this.#last) return;
    this.#last = loaded;
    this.#monitor.dispatchEvent(
      typeof ProgressEvent === 'undefined'
        ? new ProgressEventFallback(loaded)
        : new ProgressEvent('downloadprogress', { loaded, total: 1, lengthComputable: true }),
    );
  }
}
