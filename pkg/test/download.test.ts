import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RushlightError } from '../src/errors.js';
import { download, type DownloadTools, type WantedFile } from '../src/weights/download.js';
import { memoryStore } from '../src/weights/memory.js';
import type { ModelStore, PartFile } from '../src/weights/store.js';
import { hasher, server, sha256, type Served } from './fakes.js';

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);
const WANTED: WantedFile = { name: 'w.gguf', url: 'https://models.example/w.gguf', key: sha256(BYTES), bytes: 100, sha256: sha256(BYTES) };

function setup(file: Partial<Served> = {}, store = memoryStore()) {
  const served = { bytes: BYTES, etag: '"one"', ...file };
  const { fetch, requests } = server(served);
  const tools: DownloadTools = { store, hasher, fetch, retryMs: 1 };
  return { served, requests, store, tools };
}

async function content(store: ModelStore, key: string): Promise<Uint8Array> {
  const file = await store.open(key);
  assert.ok(file, 'the file is complete');
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes);
  return bytes;
}

const partSize = async (store: ModelStore): Promise<number | undefined> => (await store.list()).find(({ complete }) => !complete)?.bytes;

test('a whole file is stored under its hash, and not fetched again', async () => {
  const { store, tools, requests } = setup();
  const seen: number[] = [];
  await download(WANTED, { ...tools, onProgress: (_phase, loaded) => seen.push(loaded) });
  assert.deepEqual(await content(store, WANTED.key), BYTES);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  assert.equal(seen.at(-1), 100);
  await download(WANTED, tools);
  assert.equal(requests.length, 1);
});

test('a broken connection is resumed by range', async () => {
  const { store, tools, requests } = setup({ breakAfter: 40 });
  await download(WANTED, tools);
  assert.deepEqual(await content(store, WANTED.key), BYTES);
  assert.deepEqual(requests.map((headers) => headers.get('range')), [null, 'bytes=40-']);
  assert.equal(requests[1]?.get('if-range'), '"one"');
});

test('an answer that ends early is resumed by range', async () => {
  const { store, tools, requests } = setup({ endAfter: 70 });
  await download(WANTED, tools);
  assert.deepEqual(await content(store, WANTED.key), BYTES);
  assert.deepEqual(requests.map((headers) => headers.get('range')), [null, 'bytes=70-']);
});

test('an abort keeps the part, and the next download goes on there', async () => {
  const { store, tools, requests } = setup();
  const abort = new AbortController();
  const onProgress = (_phase: string, loaded: number): void => {
    if (loaded === 30) abort.abort(new Error('changed my mind'));
  };
  await assert.rejects(download(WANTED, { ...tools, signal: abort.signal, onProgress }), /changed my mind/);
  assert.equal(await store.open(WANTED.key), undefined);
  assert.equal(await partSize(store), 30);
  await download(WANTED, tools);
  assert.equal(requests[1]?.get('range'), 'bytes=30-');
  assert.deepEqual(await content(store, WANTED.key), BYTES);
});

test('200 instead of 206 starts again', async () => {
  const { store, tools, requests } = setup({ breakAfter: 40, ignoreRange: true });
  await download(WANTED, tools);
  assert.equal(requests[1]?.get('range'), 'bytes=40-');
  assert.deepEqual(await content(store, WANTED.key), BYTES);
});

test('a file that changed on the server between two attempts comes whole', async () => {
  const { served, store, tools } = setup({ bytes: BYTES.map((byte) => byte ^ 1) });
  const abort = new AbortController();
  const onProgress = (): void => abort.abort();
  await assert.rejects(download(WANTED, { ...tools, signal: abort.signal, onProgress }));
  served.bytes = BYTES;
  served.etag = '"two"';
  await download(WANTED, tools);
  assert.deepEqual(await content(store, WANTED.key), BYTES);
});

test('a damaged part is found by the hash and fetched again once', async () => {
  const { store, tools, requests } = setup();
  const part = await store.part(WANTED.key, 100);
  part.append(new Uint8Array(50));
  part.close();
  await download(WANTED, tools);
  assert.deepEqual(requests.map((headers) => headers.get('range')), ['bytes=50-', null]);
  assert.deepEqual(await content(store, WANTED.key), BYTES);
});

test('a complete part needs no request', async () => {
  const { store, tools, requests } = setup();
  const part = await store.part(WANTED.key, 100);
  part.append(BYTES);
  part.close();
  await download(WANTED, tools);
  assert.equal(requests.length, 0);
  assert.deepEqual(await content(store, WANTED.key), BYTES);
});

test('another file on the server is INTEGRITY, and nothing of it is kept', async () => {
  const { store, tools } = setup({ bytes: BYTES.map((byte) => byte ^ 1) });
  await assert.rejects(download(WANTED, tools), { code: 'INTEGRITY', name: 'NetworkError' });
  assert.equal(await store.open(WANTED.key), undefined);
  assert.equal(await partSize(store), 0);
});

test('more bytes than expected are INTEGRITY', async () => {
  const { tools } = setup({ bytes: new Uint8Array(200) });
  await assert.rejects(download(WANTED, tools), { code: 'INTEGRITY' });
});

test('404 is MODEL_NOT_FOUND with its status, at once', async () => {
  const { tools, requests } = setup({ status: [404] });
  await assert.rejects(download(WANTED, tools), (error: RushlightError) => error.code === 'MODEL_NOT_FOUND' && error.details.status === 404);
  assert.equal(requests.length, 1);
});

test('503 is tried again; too often is NETWORK', async () => {
  const once = setup({ status: [503, 200] });
  await download(WANTED, once.tools);
  assert.equal(once.requests.length, 2);
  const often = setup({ status: [503, 503, 503, 503, 503] });
  await assert.rejects(download(WANTED, often.tools), { code: 'NETWORK' });
  assert.equal(often.requests.length, 4);
});

test('a server that cannot be reached is NETWORK, and says how much is kept', async () => {
  const { tools } = setup();
  const fetch = (() => Promise.reject(new TypeError('fetch failed'))) as typeof globalThis.fetch;
  await assert.rejects(download(WANTED, { ...tools, fetch }), { code: 'NETWORK', message: /0 of 100 bytes/ });
});

test('too little storage is QUOTA before a byte is fetched', async () => {
  const store = memoryStore();
  store.available = async () => 60;
  const { tools, requests } = setup({}, store);
  await assert.rejects(download(WANTED, tools), (error: RushlightError) => {
    assert.equal(error.code, 'QUOTA');
    assert.deepEqual(error.details, { needed: 100, available: 60 });
    return true;
  });
  assert.equal(requests.length, 0);
});

test('storage that runs full while writing is QUOTA, and what was written is kept', async () => {
  const store = memoryStore();
  const inner = store.part.bind(store);
  store.part = async (key, bytes): Promise<PartFile> => {
    const part = await inner(key, bytes);
    const append = part.append.bind(part);
    part.append = (chunk) => {
      if (part.size + chunk.length > 50) throw new DOMException('full', 'QuotaExceededError');
      append(chunk);
    };
    return part;
  };
  const { tools } = setup({}, store);
  await assert.rejects(download(WANTED, tools), (error: RushlightError) => error.code === 'QUOTA' && error.details.needed === 50);
  assert.equal(await partSize(store), 50);
});

test('two downloads of one file at a time fetch it once', async () => {
  const { tools, requests } = setup();
  await Promise.all([download(WANTED, tools), download(WANTED, tools)]);
  assert.equal(requests.length, 1);
});

test('a file known only by its address is fetched again when the server has another', async () => {
  const { served, store, tools, requests } = setup();
  const wanted: WantedFile = { name: 'w', url: WANTED.url, key: 'url-w' };
  await download(wanted, tools);
  await download(wanted, tools);
  assert.equal(requests.length, 1);
  served.bytes = Uint8Array.of(9, 9);
  served.etag = '"two"';
  await download(wanted, tools);
  assert.deepEqual(await content(store, 'url-w'), served.bytes);
  const offline = (() => Promise.reject(new TypeError('fetch failed'))) as typeof fetch;
  await download(wanted, { ...tools, fetch: offline });
});
