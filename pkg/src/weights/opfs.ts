import { RushlightError } from '../errors.js';
import { blobFile } from './source.js';
import type { FileNote, ModelStore, PartFile, StoredEntry, StoredFile } from './store.js';

/** `FileSystemSyncAccessHandle`: workers only, so not among the types of a page. */
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

interface OpfsFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle?(options?: { mode: 'read-only' | 'readwrite' }): Promise<SyncHandle>;
  move?(name: string): Promise<void>;
}

/** Chunks from the network are small; a write costs the same for 16 KiB and for 1 MiB. */
const WRITE_BYTES = 1 << 20;

const FOLDER = 'rushlight';
const PART = '.part';
const NOTE = '.json';

function readFully(handle: SyncHandle, offset: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.length) {
    const count = handle.read(into.subarray(done), { at: offset + done });
    if (count === 0) throw new RangeError(`read of ${into.length} bytes at ${offset} is past the end`);
    done += count;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}

class OpfsPart implements PartFile {
  readonly #store: OpfsStore;
  readonly #key: string;
  readonly #handle: SyncHandle;
  readonly #pending = new Uint8Array(WRITE_BYTES);
  #pendingBytes = 0;
  #written: number;
  #open = true;

  constructor(store: OpfsStore, key: string, handle: SyncHandle) {
    this.#store = store;
    this.#key = key;
    this.#handle = handle;
    this.#written = handle.getSize();
  }

  get size(): number {
    return this.#written + this.#pendingBytes;
  }

  readonly readAt = (offset: number, into: Uint8Array): void => {
    this.#flush();
    readFully(this.#handle, offset, into);
  };

  note(): Promise<FileNote> {
    return this.#store.note(this.#key);
  }

  setNote(note: FileNote): Promise<void> {
    return this.#store.setNote(this.#key, note);
  }

  append(chunk: Uint8Array): void {
    for (let start = 0; start < chunk.length; ) {
      const piece = chunk.subarray(start, start + WRITE_BYTES - this.#pendingBytes);
      this.#pending.set(piece, this.#pendingBytes);
      this.#pendingBytes += piece.length;
      start += piece.length;
      if (this.#pendingBytes === WRITE_BYTES) this.#flush();
    }
  }

  clear(): void {
    this.#pendingBytes = 0;
    this.#handle.truncate(0);
    this.#written = 0;
  }

  async commit(): Promise<void> {
    this.#flush();
    this.close();
    await this.#store.rename(this.#key + PART, this.#key);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#flush();
      this.#handle.flush();
    } finally {
      this.#handle.close();
    }
  }

  #flush(): void {
    while (this.#pendingBytes > 0) {
      const count = this.#handle.write(this.#pending.subarray(0, this.#pendingBytes), { at: this.#written });
      // Chromium returns its error number, -8, as an unsigned one when the quota is used up.
      if (count === 0 || count > this.#pendingBytes) {
        throw new DOMException('the file system took no more bytes', 'QuotaExceededError');
      }
      this.#pending.copyWithin(0, count, this.#pendingBytes);
      this.#pendingBytes -= count;
      this.#written += count;
    }
  }
}

/**
 * The origin private file system. `<key>.part` is being downloaded, `<key>` is complete, `<key>.json` has the notes.
 * Writing needs a dedicated worker (sync access handles); sizes can be asked for anywhere.
 */
class OpfsStore implements ModelStore {
  readonly name = 'opfs';

  async #folder(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(FOLDER, { create: true });
  }

  async #file(name: string, create: boolean): Promise<OpfsFileHandle | undefined> {
    try {
      return await (await this.#folder()).getFileHandle(name, { create });
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return undefined;
      throw error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    return (await (await this.#file(key, false))?.getFile())?.size;
  }

  async open(key: string): Promise<StoredFile | undefined> {
    const file = await this.#file(key, false);
    if (file === undefined) return undefined;
    try {
      const handle = await file.createSyncAccessHandle?.({ mode: 'read-only' });
      if (handle === undefined) return await blobFile(await file.getFile());
      return {
        size: handle.getSize(),
        readAt: (offset, into) => readFully(handle, offset, into),
        close: () => handle.close(),
      };
    } catch (error) {
      // Without read-only mode a second tab finds the file taken; a blob of it can still be read.
      if (isNamed(error, 'NoModificationAllowedError')) return blobFile(await file.getFile());
      throw error;
    }
  }

  async part(key: string): Promise<PartFile> {
    const file = await this.#file(key + PART, true);
    const handle = await file?.createSyncAccessHandle?.();
    if (handle === undefined) {
      throw new RushlightError('INTERNAL', 'the private file system can only be written in a worker: use store "memory" here');
    }
    return new OpfsPart(this, key, handle);
  }

  async note(key: string): Promise<FileNote> {
    const file = await (await this.#file(key + NOTE, false))?.getFile();
    try {
      return file === undefined ? {} : (JSON.parse(await file.text()) as FileNote);
    } catch {
      return {}; // half-written: as good as none
    }
  }

  async setNote(key: string, note: FileNote): Promise<void> {
    const handle = await (await this.#file(key + NOTE, true))?.createSyncAccessHandle?.();
    if (handle === undefined) return;
    try {
      handle.truncate(0);
      handle.write(new TextEncoder().encode(JSON.stringify(note)), { at: 0 });
    } finally {
      handle.close();
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const file = await this.#file(from, false);
    if (file?.move === undefined) throw new RushlightError('INTERNAL', 'this browser cannot rename files: use store "memory"');
    await file.move(to);
  }

  async list(): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for await (const [name, handle] of (await this.#folder()).entries()) {
      if (handle.kind !== 'file' || name.endsWith(NOTE)) continue;
      const bytes = (await (handle as FileSystemFileHandle).getFile()).size;
      const complete = !name.endsWith(PART);
      entries.push({ key: complete ? name : name.slice(0, -PART.length), bytes, complete });
    }
    return entries;
  }

  async delete(key: string): Promise<void> {
    const folder = await this.#folder();
    for (const name of [key, key + PART, key + NOTE]) {
      await folder.removeEntry(name).catch((error: unknown) => {
        if (!isNamed(error, 'NotFoundError')) throw error;
      });
    }
  }

  async available(): Promise<number | undefined> {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined || usage === undefined ? undefined : quota - usage;
  }
}

/** A store in the origin private file system: survives the page, counts against the site's quota. */
export function opfsStore(): ModelStore {
  return new OpfsStore();
}

/** Whether the private file system can be used in this thread, at least for reading. Private windows often have none. */
export async function hasOpfs(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}

/** Whether this thread can also write to it. */
export function canWriteOpfs(): boolean {
  return typeof FileSystemFileHandle !== 'undefined' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
}
