import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalEngine } from '../src/engine/local-engine.js';
import type { LoadArgs } from '../src/engine/protocol.js';
import { loadThreaded } from '../src/engine/threads.js';
import { fakeRuntime } from './fakes.js';

const LOAD: LoadArgs = { id: 'tiny', files: [], device: 'wasm', store: 'memory' };

/** `work` with some globals of a page that has threads. */
async function withGlobals<T>(globals: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  const before = Object.entries(globals).map(([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    return await work();
  } finally {
    for (const [name, property] of before) {
      if (property === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, property);
    }
  }
}

test('what keeps a page at one thread is told, and no worker is started', async () => {
  const start = (): Worker => assert.fail('a worker was started');
  const why = (args: Partial<LoadArgs>) => loadThreaded({ ...LOAD, ...args }, start);
  assert.equal(await why({ threads: 1 }), 'threads: 1 was asked for');
  assert.match(String(await why({ threads: 2 })), /not cross-origin isolated/);
  const isolated = { crossOriginIsolated: true, Worker: class {} };
  await withGlobals(isolated, async () => {
    assert.equal(await why({ threads: 2, wasmUrl: 'https://a.example/r.wasm' }), 'wasmUrl was given and wasmThreadsUrl was not');
    await withGlobals({ navigator: { hardwareConcurrency: 1 } }, async () => {
      assert.equal(await why({}), 'this machine has one core');
    });
    await withGlobals({ Atomics: {} }, async () => assert.match(String(await why({ threads: 2 })), /Atomics.waitAsync/));
    await withGlobals({ Worker: undefined }, async () => assert.match(String(await why({ threads: 2 })), /workers/));
    await withGlobals({ SharedArrayBuffer: undefined }, async () => assert.match(String(await why({ threads: 2 })), /shared/));
    // No module there: the page goes on with the plain one.
    assert.match(String(await why({ threads: 2, wasmThreadsUrl: 'data:application/wasm,' })), /^threads failed: /);
  });
});

test('the module with threads is for the CPU alone', async () => {
  const [plain, threaded] = [fakeRuntime(), { ...fakeRuntime(), file: 'threaded.wasm' }];
  const load = async (device: LoadArgs['device'], answer: typeof threaded | string) => {
    const asked: LoadArgs[] = [];
    const engine = new LocalEngine({
      loadRuntime: async () => plain,
      loadThreaded: async (args) => {
        asked.push(args);
        return answer;
      },
    });
    const { details } = await engine.call('load', { ...LOAD, device });
    return { asked: asked.length, module: details['module'], why: details['whyOneThread'] };
  };
  assert.deepEqual(await load('wasm', threaded), { asked: 1, module: 'threaded.wasm', why: undefined });
  assert.deepEqual(await load('wasm', 'reasons'), { asked: 1, module: 'fake.wasm', why: 'reasons' });
  assert.deepEqual(await load('webgpu', threaded), { asked: 0, module: 'fake.wasm', why: undefined });
});

test('where the GPU fails the module with threads goes on', async () => {
  const plain = fakeRuntime();
  const open: typeof plain.open = async (files, options, sink) => {
    if (options.device === 'webgpu') throw { code: 'WEBGPU_UNAVAILABLE', message: 'no device' };
    return plain.open(files, options, sink);
  };
  const gpu = { requestAdapter: async () => ({ info: { vendor: 'amd' }, isFallbackAdapter: false }) };
  const load = (answer: ReturnType<typeof fakeRuntime> | string) => {
    const engine = new LocalEngine({ loadRuntime: async () => ({ ...plain, open }), loadThreaded: async () => answer });
    return withGlobals({ navigator: { gpu } }, () => engine.call('load', { ...LOAD, device: 'auto' }));
  };
  const threaded = await load({ ...fakeRuntime(), file: 'threaded.wasm' });
  assert.deepEqual([threaded.device, threaded.reason], ['wasm', 'WebGPU failed: no device']);
  assert.deepEqual([threaded.details['module'], threaded.details['whyOneThread']], ['threaded.wasm', undefined]);
  const alone = await load('not isolated');
  assert.deepEqual([alone.details['module'], alone.details['whyOneThread']], ['fake.wasm', 'not isolated']);
});
