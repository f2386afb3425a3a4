// The store over a private file system made of arrays, with the behaviour of Chromium's where it surprises.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { download, type WantedFile } from '../src/weights/download.js';
import { opfsStore } from '../src/weights/opfs.js';
import { hasher, server, sha256 } from './fakes.js';

interface FakeFile {
  bytes: Uint8Array;
  writers: number;
  readers: number;
}

const disk = { files: new Map<string, FakeFile>(), capacity: Infinity, readOnlyMode: true };
const used = (): number => [...disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);

function syncHandle(file: FakeFile, mode: 'read-only' | 'readwrite') {
  const reads = mode === 'read-only' && disk.readOnlyMode;
  if (file.writers > 0 || (!reads && file.readers > 0)) throw new DOMException('taken', 'NoModificationAllowedError');
  file[reads ? 'readers' : 'writers'] += 1;
  return {
    read(into: Uint8Array, { at }: { at: number }): number {
      const piece = file.bytes.subarray(at, at + Math.min(into.length, 700_000)); // short reads are allowed
      into.set(piece);
      return piece.length;
    },
    write(bytes: Uint8Array, { at }: { at: number }): number {
      const grows = Math.max(0, at + bytes.length - file.bytes.length);
      if (used() + grows > disk.capacity) return 4294967288; // what Chromium 156 returns: -8, unsigned
      const grown = new Uint8Array(file.bytes.length + grows);
      grown.set(file.bytes);
      grown.set(bytes, at);
      file.bytes = grown;
      return bytes.length;
    },
    getSize: () => file.bytes.length,
    truncate(size: number): void {
      file.bytes = file.bytes.slice(0, size);
    },
    flush(): void {},
    close(): void {
      file[reads ? 'readers' : 'writers'] -= 1;
    },
  };
}

function fileHandle(name: string, file: FakeFile) {
  return {
    kind: 'file',
    getFile: async () => new Blob([file.bytes.slice()]),
    createSyncAccessHandle: async (options?: { mode: 'read-only' | 'readwrite' }) => syncHandle(file, options?.mode ?? 'readwrite'),
    move: async (to: string) => {
      assert.equal(file.writers, 0, 'moved while it is open');
      disk.files.delete(name);
      disk.files.set(to, file);
    },
  };
}

const folder = {
  async getFileHandle(name: string, { create }: { create: boolean }) {
    if (!disk.files.has(name)) {
      if (!create) throw new DOMException('no such file', 'NotFoundError');
      disk.files.set(name, { bytes: new Uint8Array(), writers: 0, readers: 0 });
    }
    return fileHandle(name, disk.files.get(name) as FakeFile);
  },
  async removeEntry(name: string) {
    if (!disk.files.delete(name)) throw new DOMException('no such file', 'NotFoundError');
  },
  async *entries() {
    for (const [name, file] of disk.files) yield [name, fileHandle(name, file)];
  },
};

beforeEach(() => {
  Object.assign(disk, { files: new Map(), capacity: Infinity, readOnlyMode: true });
  const storage = {
    getDirectory: async () => ({ getDirectoryHandle: async () => folder }),
    estimate: async () => ({ quota: 1e10, usage: used() }),
  };
  Object.defineProperty(globalThis, 'navigator', { value: { storage }, configurable: true });
});

const BYTES = Uint8Array.from({ length: 2_500_000 }, (_, i) => i * 31);
const WANTED: WantedFile = { name: 'w', url: 'https://models.example/w', key: sha256(BYTES), bytes: BYTES.length, sha256: sha256(BYTES) };

/** Pieces of a size that no buffer of ours is a multiple of. */
const serve = (): typeof fetch => (async (_url: unknown, init: RequestInit = {}) => {
  const start = Number(/bytes=(\d+)-/.exec(new Headers(init.headers).get('range') ?? '')?.[1] ?? 0);
  let at = start;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (init.signal?.aborted === true) return controller.error(init.signal.reason);
      if (at >= BYTES.length) return controller.close();
      controller.enqueue(BYTES.slice(at, (at += 77_777)));
    },
  });
  const range = { 'content-range': `bytes ${start}-${BYTES.length - 1}/${BYTES.length}` };
  return new Response(body, { status: start > 0 ? 206 : 200, headers: { etag: '"1"', ...(start > 0 ? range : {}) } });
}) as typeof fetch;

test('a download lands under its hash, byte for byte, and nothing stays open', async () => {
  const store = opfsStore();
  const file = await download(WANTED, { store, hasher, fetch: serve() });
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes);
  assert.deepEqual(bytes, BYTES);
  assert.throws(() => file.readAt(BYTES.length - 1, new Uint8Array(2)), RangeError);
  file.close();
  assert.deepEqual(await store.list(), [{ key: WANTED.key, bytes: BYTES.length, complete: true }]);
  for (const { readers, writers } of disk.files.values()) assert.deepEqual([readers, writers], [0, 0]);
  await store.delete(WANTED.key);
  assert.equal(disk.files.size, 0);
});

test('an abort keeps what has arrived, also what was not written yet', async () => {
  const store = opfsStore();
  const abort = new AbortController();
  const onProgress = (_phase: string, loaded: number): void => {
    if (loaded > 1_500_000) abort.abort(new Error('later'));
  };
  await assert.rejects(download(WANTED, { store, hasher, fetch: serve(), signal: abort.signal, onProgress }), /later/);
  const kept = disk.files.get(`${WANTED.key}.part`)?.bytes ?? assert.fail('no part');
  assert.ok(kept.length > 1_500_000);
  assert.deepEqual(kept, BYTES.subarray(0, kept.length));
  (await download(WANTED, { store, hasher, fetch: serve() })).close();
  assert.deepEqual(disk.files.get(WANTED.key)?.bytes, BYTES);
});

test('a used-up quota is QUOTA, and what was written is resumed once there is room', async () => {
  const store = opfsStore();
  disk.capacity = 1_200_000;
  await assert.rejects(download(WANTED, { store, hasher, fetch: serve() }), { code: 'QUOTA', name: 'QuotaExceededError' });
  const kept = disk.files.get(`${WANTED.key}.part`);
  assert.deepEqual([kept?.bytes.length, kept?.writers], [1 << 20, 0]);
  disk.capacity = Infinity;
  (await download(WANTED, { store, hasher, fetch: serve() })).close();
  assert.deepEqual(disk.files.get(WANTED.key)?.bytes, BYTES);
});

test('a file that another tab has open is read as a blob where there is no read-only mode', async () => {
  const store = opfsStore();
  const { fetch } = server({ bytes: BYTES.slice(0, 50) });
  const small = BYTES.slice(0, 50);
  const first = await download({ ...WANTED, key: sha256(small), sha256: sha256(small), bytes: 50 }, { store, hasher, fetch });
  first.close();
  disk.readOnlyMode = false;
  const one = await store.open(sha256(small));
  const two = await store.open(sha256(small));
  const into = new Uint8Array(10);
  two?.readAt(40, into);
  assert.deepEqual(into, small.subarray(40));
  one?.close();
  two?.close();
});
