import type { FileNote, ModelStore, PartFile, ReadAt, StoredEntry, StoredFile } from './store.js';

/** Reads from bytes that are in memory already. */
export function readBytes(bytes: Uint8Array): ReadAt {
  return (offset, into) => {
    if (offset + into.length > bytes.length) throw new RangeError(`read of ${into.length} bytes at ${offset} is past the end`);
    into.set(bytes.subarray(offset, offset + into.length));
  };
}

/** Bytes that grow. Made at the final size where that is known, doubled where not. */
class Growing implements PartFile {
  #bytes: Uint8Array;
  #size = 0;
  #note: FileNote = {};
  readonly #commit: (file: Growing) => void;

  constructor(bytes: number | undefined, commit: (file: Growing) => void) {
    this.#bytes = new Uint8Array(bytes ?? 1 << 16);
    this.#commit = commit;
  }

  get size(): number {
    return this.#size;
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  get readAt(): ReadAt {
    return readBytes(this.content);
  }

  async note(): Promise<FileNote> {
    return this.#note;
  }

  async setNote(note: FileNote): Promise<void> {
    this.#note = note;
  }

  append(chunk: Uint8Array): void {
    const size = this.#size + chunk.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.content);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#size);
    this.#size = size;
  }

  clear(): void {
    this.#size = 0;
  }

  async commit(): Promise<void> {
    this.#commit(this);
  }

  close(): void {}
}

/** A store that lives as long as its thread. */
export function memoryStore(): ModelStore {
  const complete = new Map<string, Growing>();
  const parts = new Map<string, Growing>();
  return {
    name: 'memory',
    async size(key) {
      return complete.get(key)?.size;
    },
    async open(key): Promise<StoredFile | undefined> {
      const file = complete.get(key);
      return file && { size: file.size, readAt: file.readAt, close() {} };
    },
    async part(key, bytes) {
      const known = parts.get(key);
      if (known !== undefined) return known;
      const part = new Growing(bytes, (file) => {
        complete.set(key, file);
        parts.delete(key);
      });
      parts.set(key, part);
      return part;
    },
    async note(key) {
      return (await complete.get(key)?.note()) ?? {};
    },
    async list() {
      const entries = (files: Map<string, Growing>, done: boolean): StoredEntry[] =>
        [...files].map(([key, file]) => ({ key, bytes: file.size, complete: done }));
      return [...entries(complete, true), ...entries(parts, false)];
    },
    async delete(key) {
      complete.delete(key);
      parts.delete(key);
    },
    async available() {
      return undefined;
    },
  };
}
