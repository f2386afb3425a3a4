import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalEngine } from '../src/engine/local-engine.js';
import type { LoadArgs } from '../src/engine/protocol.js';
import { loadThreaded } from '../src/engine/threads.js';
import { WorkerEngine } from '../src/engine/worker-engine.js';
import type { Request, Response } from '../src/engine/protocol.js';
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
  const start = () => assert.fail('a worker was started');
  const why = (args: Partial<LoadArgs>) => loadThreaded({ ...LOAD, ...args }, start);
  assert.equal(await why({ threads: 1 }), 'threads: 1 was asked for');
  assert.match(String(await why({ threads: 2 })), /not cross-origin isolated/);
  const isolated = { crossOriginIsolated: true };
  await withGlobals(isolated, async () => {
    assert.equal(await why({ threads: 2, wasmUrl: 'https://a.example/r.wasm' }), 'wasmUrl was given and wasmThreadsUrl was not');
    await withGlobals({ navigator: { hardwareConcurrency: 1 } }, async () => {
      assert.equal(await why({}), 'this machine has one core');
    });
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

/** What a page has sent to a worker, and what the worker may send. */
class RecordedWorker extends EventTarget {
  readonly received: Request[] = [];
  terminated = false;

  postMessage(message: Request): void {
    this.received.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  send(data: Response): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

test('the page starts the threads, and ends them with the engine', () => {
  const made: RecordedWorker[] = [];
  const make = (): Worker => made[made.push(new RecordedWorker()) - 1] as unknown as Worker;
  const engine = new WorkerEngine(make(), make);
  const channels = [new MessageChannel(), new MessageChannel()];
  const [computing] = made;
  computing?.send({ threads: channels.map(({ port2 }) => port2) });
  const [, ...threads] = made;
  assert.deepEqual(threads.map(({ received }) => received), channels.map(({ port2 }) => [{ thread: port2 }]));
  threads[1]?.dispatchEvent(Object.assign(new Event('error'), { message: 'no such file' }));
  assert.deepEqual(computing?.received, [{ threadFailed: 'no such file' }]);
  // Which is why the worker goes on without them; and may ask again.
  computing?.send({ threads: [] });
  assert.deepEqual(made.map(({ terminated }) => terminated), [false, true, true]);
  computing?.send({ threads: channels.slice(0, 1).map(({ port2 }) => port2) });
  engine.close();
  assert.deepEqual(made.map(({ terminated }) => terminated), [true, true, true, true]);
});

test('what cannot be a thread is told to the worker', () => {
  const { port2 } = new MessageChannel();
  const fail = (make: ((first: Worker) => Worker) | undefined): Request[] => {
    const first = new RecordedWorker();
    const worker = first as unknown as Worker;
    new WorkerEngine(worker, make && (() => make(worker)));
    first.send({ threads: [port2] });
    return first.received;
  };
  const why = (received: Request[]): unknown => (received.length === 1 ? Object.values(received[0] ?? {})[0] : received);
  assert.match(String(why(fail(undefined))), /pass a function that makes one/);
  assert.match(String(why(fail((first) => first))), /a new one each time/);
  assert.match(String(why(fail(() => { throw new Error('the policy forbids it'); }))), /the policy forbids it/);
});
