/** Fills `into` with the bytes at `offset`. Synchronous: the runtime reads while it parses. */
export type ReadAt = (offset: number, into: Uint8Array) => void;

/** A complete file, open for reading. */
export interface StoredFile {
  readonly size: number;
  readonly readAt: ReadAt;
  /** Lets the file go; nothing is read after it. */
  close(): void;
}

/** What is remembered about a file beside its bytes. */
export interface FileNote {
  /** `ETag` of the answer that the bytes came from. */
  etag?: string;
}

/** A file that is being downloaded. Only one writer at a time has it: the caller holds the lock. */
export interface PartFile {
  /** Bytes there are. */
  readonly size: number;
  readonly readAt: ReadAt;
  note(): Promise<FileNote>;
  setNote(note: FileNote): Promise<void>;
  append(chunk: Uint8Array): void;
  /** Throws away what there is. */
  clear(): void;
  /** Gives the file its final name; it is closed afterwards. */
  commit(): Promise<void>;
  /** Keeps what there is for the next attempt. */
  close(): void;
}

/** One file of a store. */
export interface StoredEntry {
  key: string;
  bytes: number;
  complete: boolean;
}

/**
 * Where downloads are kept. Keys are SHA-256 digests of the content (or `url-` and the digest of the address), so a
 * complete file is a verified file and two models may share one.
 */
export interface ModelStore {
  /** For messages: `'opfs'`, `'memory'`, … */
  readonly name: string;
  /** Size of a complete file, without opening it. */
  size(key: string): Promise<number | undefined>;
  open(key: string): Promise<StoredFile | undefined>;
  /** Opens the half-done file of a key, or starts one. `bytes` is its final size, where that is known. */
  part(key: string, bytes: number | undefined): Promise<PartFile>;
  note(key: string): Promise<FileNote>;
  list(): Promise<StoredEntry[]>;
  delete(key: string): Promise<void>;
  /** Bytes that can still be stored, or undefined where nobody knows. */
  available(): Promise<number | undefined>;
}
