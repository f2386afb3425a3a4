import { RushlightError } from '../errors.js';
import { readBytes } from './memory.js';
import type { StoredFile } from './store.js';

interface SyncReader {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** The parts of Node.js that are used, without its types: pages have no such thing. */
interface FileSystem {
  openSync(path: URL): number;
  fstatSync(file: number): { size: number };
  readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(file: number): void;
  readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}

interface NodeModules {
  'node:fs': FileSystem;
  'node:url': { pathToFileURL(path: string): URL };
}

interface NodeProcess {
  versions?: { node?: string };
  cwd(): string;
  getBuiltinModule<K extends keyof NodeModules>(id: K): NodeModules[K];
}

function nodeProcess(): NodeProcess | undefined {
  const found = (globalThis as { process?: NodeProcess }).process;
  return found?.versions?.node === undefined ? undefined : found;
}

/** Whether this is Node.js. `getBuiltinModule` keeps `import 'node:fs'` out of the sight of bundlers. */
export function isNode(): boolean {
  return nodeProcess() !== undefined;
}

/** What relative addresses are relative to: the page, the worker's script, or the working directory. */
export function baseUrl(): string {
  if (typeof document !== 'undefined') return document.baseURI;
  const process = nodeProcess();
  if (process !== undefined) return `${process.getBuiltinModule('node:url').pathToFileURL(process.cwd()).href}/`;
  return (globalThis as { location?: { href: string } }).location?.href ?? 'file:///';
}

/** Reads a whole `file:` URL, in Node.js only. */
export function readFileUrl(url: URL): Uint8Array<ArrayBuffer> {
  return nodeFs(url).readFileSync(url);
}

/** Opens a `file:` URL, in Node.js only. Read where it lies, never whole in memory. */
export function openFileUrl(url: URL): StoredFile {
  const fs = nodeFs(url);
  let file: number;
  try {
    file = fs.openSync(url);
  } catch (error) {
    throw new RushlightError('MODEL_NOT_FOUND', `${url.href} cannot be read: check the path`, {}, { cause: error });
  }
  return {
    size: fs.fstatSync(file).size,
    readAt(offset, into) {
      for (let done = 0; done < into.length; ) {
        const count = fs.readSync(file, into, done, into.length - done, offset + done);
        if (count === 0) throw new RangeError(`read of ${into.length} bytes at ${offset} is past the end of ${url.href}`);
        done += count;
      }
    },
    close: () => fs.closeSync(file),
  };
}

/** Whether a `file:` URL can be read here. */
export function fileUrlExists(url: URL): boolean {
  try {
    openFileUrl(url).close();
    return true;
  } catch {
    return false;
  }
}

function nodeFs(url: URL): FileSystem {
  const fs = nodeProcess()?.getBuiltinModule('node:fs');
  if (fs === undefined) throw new RushlightError('BAD_INPUT', `${url.href}: pages cannot read file: addresses; serve the file over HTTP`);
  return fs;
}

/**
 * Opens a blob. In a worker it is read slice by slice; where there is no synchronous reader (a page, Node.js), it is
 * copied into memory.
 */
export async function blobFile(blob: Blob): Promise<StoredFile> {
  const Reader = (globalThis as { FileReaderSync?: new () => SyncReader }).FileReaderSync;
  if (Reader === undefined) return bytesFile(await blob.arrayBuffer());
  const reader = new Reader();
  return {
    size: blob.size,
    readAt(offset, into) {
      const slice = reader.readAsArrayBuffer(blob.slice(offset, offset + into.length));
      if (slice.byteLength !== into.length) throw new RangeError(`read of ${into.length} bytes at ${offset} is past the end`);
      into.set(new Uint8Array(slice));
    },
    close() {},
  };
}

/** Opens bytes that are in memory. */
export function bytesFile(bytes: ArrayBuffer): StoredFile {
  return { size: bytes.byteLength, readAt: readBytes(new Uint8Array(bytes)), close() {} };
}
