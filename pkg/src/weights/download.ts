import { RushlightError } from '../errors.js';
import { withLock } from './lock.js';
import type { ModelStore, PartFile, StoredFile } from './store.js';

/** Incremental SHA-256. The runtime has one; Web Crypto cannot hash in pieces. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Hex digest. The hasher is used up. */
  digest(): string;
}

/** A file to have locally. */
export interface WantedFile {
  /** Name inside the model, for messages. */
  name: string;
  url: string;
  /** Key in the store. */
  key: string;
  bytes?: number | undefined;
  sha256?: string | undefined;
}

/** What the download needs from outside. */
export interface DownloadTools {
  store: ModelStore;
  hasher: () => Hasher;
  fetch: typeof fetch;
  signal?: AbortSignal | undefined;
  onProgress?: (phase: 'download' | 'verify', loaded: number, total: number) => void;
  /** Milliseconds before the first repetition; doubled each time. */
  retryMs?: number;
}

/** A broken connection is taken up again this often in a row without a byte of progress. */
const RETRIES = 3;

/** Bytes per step when a file is read back to be hashed. */
const VERIFY_BYTES = 1 << 20;

/** Name of the lock that a download of this key holds. */
export function lockName(key: string): string {
  return `rushlight:${key}`;
}

/**
 * Opens a file from the store, downloading it first where needed: resumed by range after an interruption, every byte
 * hashed, renamed only when the hash is right. An abort keeps what has arrived.
 */
export async function download(wanted: WantedFile, tools: DownloadTools): Promise<StoredFile> {
  const { store, signal } = tools;
  signal?.throwIfAborted();
  if (!(await isStored(wanted, tools))) {
    await withLock(lockName(wanted.key), signal, async () => {
      if (await isStored(wanted, tools)) return; // another tab was quicker
      await refuseIfFull(wanted, store);
      const part = await store.part(wanted.key, wanted.bytes);
      try {
        await new Attempt(wanted, tools, part).finish();
      } catch (error) {
        throw asQuota(error, wanted, await store.available(), part.size);
      } finally {
        closeQuietly(part);
      }
    });
  }
  const file = await store.open(wanted.key);
  if (file === undefined) throw new RushlightError('INTERNAL', `${wanted.name} vanished from the ${store.name} store: try again`);
  return file;
}

/** Complete, of the right size and, where only the address is known, unchanged on the server (if that answers). */
async function isStored(wanted: WantedFile, tools: DownloadTools): Promise<boolean> {
  const { store } = tools;
  const size = await store.size(wanted.key);
  if (size === undefined) return false;
  if (wanted.bytes !== undefined && size !== wanted.bytes) {
    await store.delete(wanted.key);
    return false;
  }
  if (wanted.sha256 !== undefined) return true;
  const response = await tools.fetch(wanted.url, { method: 'HEAD', signal: tools.signal ?? null }).catch(() => undefined);
  tools.signal?.throwIfAborted();
  if (response === undefined || !response.ok) return true; // offline: what is here will do
  const etag = response.headers.get('etag');
  const length = response.headers.get('content-length');
  const known = (await store.note(wanted.key)).etag;
  const changed = etag !== null && known !== undefined ? etag !== known : length !== null && Number(length) !== size;
  if (changed) await store.delete(wanted.key);
  return !changed;
}

async function refuseIfFull(wanted: WantedFile, store: ModelStore): Promise<void> {
  const available = await store.available();
  const there = (await store.list()).find(({ key, complete }) => key === wanted.key && !complete)?.bytes ?? 0;
  const needed = (wanted.bytes ?? 0) - there;
  if (available !== undefined && needed > available) throw quotaError(wanted, needed, available);
}

function quotaError(wanted: WantedFile, needed: number, available: number | undefined, cause?: unknown): RushlightError {
  return new RushlightError(
    'QUOTA',
    `${wanted.name} needs ${needed} more bytes of storage and the browser gives this site ${available ?? 'no more'}: ` +
      `free space, or pass store: 'memory'`,
    available === undefined ? { needed } : { needed, available },
    { cause },
  );
}

function asQuota(error: unknown, wanted: WantedFile, available: number | undefined, there: number): unknown {
  const full = error instanceof DOMException && error.name === 'QuotaExceededError';
  return full ? quotaError(wanted, Math.max(0, (wanted.bytes ?? 0) - there), available, error) : error;
}

/** A full disk also fails to flush; the error that led here says more. */
function closeQuietly(part: PartFile): void {
  try {
    part.close();
  } catch {
    // The next attempt reads the real size from the file.
  }
}

/** One download under its lock: the part file, and the hash of exactly its bytes. */
class Attempt {
  #hash: Hasher;
  #total: number | undefined;
  readonly wanted: WantedFile;
  readonly tools: DownloadTools;
  readonly part: PartFile;

  constructor(wanted: WantedFile, tools: DownloadTools, part: PartFile) {
    this.wanted = wanted;
    this.tools = tools;
    this.part = part;
    this.#total = wanted.bytes;
    this.#hash = tools.hasher();
  }

  async finish(): Promise<void> {
    const resumed = this.part.size > 0;
    if (resumed) await this.#rehash();
    await this.#fill();
    const { wanted } = this;
    const actual = this.#hash.digest();
    if (wanted.sha256 !== undefined && actual !== wanted.sha256) {
      this.#restart();
      if (resumed) {
        // The kept part may be from another version of the file; a fresh download decides.
        await this.finish();
        return;
      }
      throw new RushlightError(
        'INTEGRITY',
        `${wanted.name} from ${wanted.url} has SHA-256 ${actual} instead of ${wanted.sha256}: ` +
          'the file on the server is another one or damaged',
      );
    }
    await this.part.commit();
  }

  #restart(): void {
    this.part.clear();
    this.#hash = this.tools.hasher();
    this.#total = this.wanted.bytes;
  }

  async #rehash(): Promise<void> {
    const { part, tools } = this;
    if (this.wanted.bytes !== undefined && part.size > this.wanted.bytes) return this.#restart();
    const buffer = new Uint8Array(VERIFY_BYTES);
    for (let offset = 0; offset < part.size; offset += VERIFY_BYTES) {
      tools.signal?.throwIfAborted();
      const piece = buffer.subarray(0, Math.min(VERIFY_BYTES, part.size - offset));
      part.readAt(offset, piece);
      this.#hash.update(piece);
      tools.onProgress?.('verify', offset + piece.length, part.size);
    }
  }

  async #fill(): Promise<void> {
    const { part, tools, wanted } = this;
    // Only bytes beyond what was reached before are progress: a server with a shorter file must not keep this going.
    let furthest = part.size;
    for (let failures = 0; this.#total === undefined || part.size < this.#total; ) {
      try {
        if (await this.#request()) return;
      } catch (error) {
        tools.signal?.throwIfAborted();
        if (!(error instanceof Interrupted)) throw error;
        failures = part.size > furthest ? 1 : failures + 1;
        furthest = Math.max(furthest, part.size);
        if (failures > RETRIES) {
          throw new RushlightError(
            'NETWORK',
            `${wanted.name}: ${error.message} (${part.size} of ${this.#total ?? 'unknown'} bytes have arrived and are kept): ` +
              'check the connection and try again',
            error.status === undefined ? {} : { status: error.status },
            { cause: error.cause },
          );
        }
        await pause((tools.retryMs ?? 500) * 2 ** (failures - 1), tools.signal);
      }
    }
  }

  /** One request. True if its end is known to be the end of the file. */
  async #request(): Promise<boolean> {
    const { part, tools, wanted } = this;
    const headers = await this.#rangeHeaders();
    const response = await tools
      .fetch(wanted.url, { headers, signal: tools.signal ?? null, cache: 'no-store' })
      .catch((error: unknown) => {
        throw new Interrupted(`${wanted.url} cannot be reached`, undefined, error);
      });
    const length = await this.#accept(response);
    const expected = this.#total ?? length;
    if (response.body === null) throw new Interrupted(`${wanted.url} answered without a body`, response.status);
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw new Interrupted('the connection broke', undefined, error);
        });
        tools.signal?.throwIfAborted();
        if (done) break;
        if (this.#total !== undefined && part.size + value.length > this.#total) {
          this.#restart();
          throw new RushlightError('INTEGRITY', `${wanted.url} has more than the expected ${wanted.bytes} bytes: it is another file`);
        }
        part.append(value);
        this.#hash.update(value);
        tools.onProgress?.('download', part.size, this.#total ?? part.size);
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
    if (expected !== undefined && part.size < expected) throw new Interrupted('the connection ended early', response.status);
    return expected === undefined || part.size === expected;
  }

  /**
   * `If-Range` makes a changed file come whole. From another origin it would cost a preflight that many hosts refuse;
   * there the hash decides, and a file without a hash starts again.
   */
  async #rangeHeaders(): Promise<Record<string, string>> {
    const { part, wanted } = this;
    if (part.size === 0) return {};
    const { etag } = await part.note();
    const strong = etag !== undefined && !etag.startsWith('W/');
    const range = `bytes=${part.size}-`;
    if (strong && isSameOrigin(wanted.url)) return { range, 'if-range': etag };
    if (wanted.sha256 !== undefined) return { range };
    this.#restart();
    return {};
  }

  /** Checks status and range; returns the whole size, if the answer tells. Starts again where the range was not honoured. */
  async #accept(response: Response): Promise<number | undefined> {
    const { part, wanted } = this;
    const { status } = response;
    const discard = (): Promise<void> => response.body?.cancel().catch(() => undefined) ?? Promise.resolve();
    if (status === 206) {
      const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
      const whole = total === undefined || total === '*' ? undefined : Number(total);
      // Content-Range is readable across origins only where the host exposes it; the hash covers the rest.
      if ((start !== undefined && Number(start) !== part.size) || (whole !== undefined && whole !== (this.#total ?? whole))) {
        await discard();
        this.#restart();
        throw new Interrupted(`${wanted.url} sent another range than asked for`, status);
      }
      this.#total ??= whole;
      return whole;
    }
    if (status === 200) {
      if (part.size > 0) this.#restart();
      const etag = response.headers.get('etag');
      await part.setNote(etag === null ? {} : { etag });
      const encoded = response.headers.get('content-encoding');
      const length = response.headers.get('content-length');
      const whole = length === null || encoded !== null ? undefined : Number(length);
      if (whole !== undefined && whole !== (wanted.bytes ?? whole)) {
        await discard();
        throw new RushlightError('INTEGRITY', `${wanted.url} has ${whole} bytes instead of ${wanted.bytes}: it is another file or cut short`);
      }
      this.#total ??= whole;
      return this.#total;
    }
    await discard();
    if (status === 416 && part.size > 0) {
      this.#restart();
      throw new Interrupted(`${wanted.url} has fewer bytes than were kept`, status);
    }
    if (status === 429 || status >= 500) throw new Interrupted(`${wanted.url} answered ${status}`, status);
    throw new RushlightError(
      status === 404 || status === 410 ? 'MODEL_NOT_FOUND' : 'NETWORK',
      `${wanted.url} answered ${status}: check the address (modelsUrl, or files of the model)`,
      { status },
    );
  }
}

/** A failure after which the same request may succeed. */
class Interrupted extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

function isSameOrigin(url: string): boolean {
  const here = (globalThis as { location?: { origin: string } }).location?.origin;
  return here === undefined || new URL(url).origin === here;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
  signal?.throwIfAborted();
}
