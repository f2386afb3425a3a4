import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDevice } from '../src/engine/device.js';
import { LocalEngine } from '../src/engine/local-engine.js';
import { Model } from '../src/engine/model.js';
import type { Engine, LoadArgs, Request, Response } from '../src/engine/protocol.js';
import { serve, type Scope } from '../src/engine/serve.js';
import { WorkerEngine } from '../src/engine/worker-engine.js';
import { RushlightError } from '../src/errors.js';
import { memoryStore } from '../src/weights/memory.js';
import { fakeEngine, fakeRuntime, server, sha256 } from './fakes.js';

const BYTES = new TextEncoder().encode('weights');
const LOAD: LoadArgs = { id: 'tiny', files: [{ name: 'w.gguf', from: BYTES.slice().buffer }], device: 'wasm', store: 'memory' };
const generate = (engine: Engine, prompt: string, options: Parameters<Engine['call']>[2] = {}) =>
  engine.call('generate', { prompt, sampling: {} }, options as never);

/** A worker in this thread: structured clones, delivered later, through the real `serve`. */
class FakeWorker extends EventTarget {
  readonly runtime = fakeRuntime();
  readonly #inside = new EventTarget();
  terminated = false;

  constructor() {
    super();
    const scope = {
      postMessage: (message: Response) => this.#deliver(this, message),
      addEventListener: (type: string, listener: (event: never) => void) => this.#inside.addEventListener(type, listener as never),
      close: () => undefined,
    };
    serve(scope as Scope, { loadRuntime: async () => this.runtime });
  }

  postMessage(message: Request): void {
    this.#deliver(this.#inside, message);
  }

  terminate(): void {
    this.terminated = true;
  }

  /** A trap in a promise of the runtime. */
  trap(reason: string): void {
    this.#inside.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
  }

  #deliver(target: EventTarget, message: Request | Response): void {
    const data: unknown = structuredClone(message);
    setImmediate(() => this.terminated || target.dispatchEvent(new MessageEvent('message', { data })));
  }
}

for (const [name, make] of [
  ['in this thread', () => {
    const runtime = fakeRuntime();
    return { engine: new LocalEngine({ loadRuntime: async () => runtime }), runtime };
  }],
  ['in a worker', () => {
    const worker = new FakeWorker();
    return { engine: new WorkerEngine(worker as unknown as Worker), runtime: worker.runtime };
  }],
] as const) {
  test(`${name}: load, events, result and speed`, async () => {
    const { engine, runtime } = make();
    const phases: string[] = [];
    const info = await engine.call('load', LOAD, { onEvent: ({ phase }) => phases.push(phase) });
    assert.equal(info.model, 'tiny');
    assert.equal(info.reason, "device: 'wasm' was asked for");
    assert.deepEqual(phases, ['compile', 'upload', 'ready']);
    assert.deepEqual(runtime.opened.map(({ name, size }) => [name, size]), [['w.gguf', 7]]);
    const pieces: string[] = [];
    const finish = await engine.call('generate', { prompt: 'a b c', sampling: {} }, { onEvent: ({ text }) => pieces.push(text) });
    assert.deepEqual(pieces, ['a', 'b', 'c']);
    assert.equal(finish.reason, 'stop');
    assert.equal(finish.stats.prefillTokensPerSecond, 2);
    assert.equal(finish.stats.decodeTokensPerSecond, 4);
    assert.deepEqual([finish.stats.proposedTokens, finish.stats.acceptedTokens], [6, 4]);
    assert.deepEqual(await engine.call('count', { prompts: ['a b', [{ role: 'user', content: 'a' }]] }), [3, 9]);
    assert.deepEqual(await engine.call('normalize', { texts: ['a', 'bc'], words: ['d'] }), [
      { text: 'a d', offsets: Uint32Array.of(0, 1) },
      { text: 'bc d', offsets: Uint32Array.of(0, 2) },
    ]);
    assert.deepEqual(await engine.call('continuations', { prompt: 'a', endings: [' b', ' c d'] }), [
      { logProbability: -3, tokens: 1 },
      { logProbability: -5, tokens: 2 },
    ]);
    assert.equal((await engine.call('memory', {})).heap, 65536);
    const { vectors } = await engine.call('embed', { texts: ['abc', 'de'] });
    assert.ok(vectors instanceof Float32Array);
    assert.deepEqual([...vectors], [3, 2]);
  });

  test(`${name}: the priority reaches the runtime, and nothing does where there is none`, async () => {
    const { engine, runtime } = make();
    await engine.call('load', LOAD);
    for (const priority of ['background', undefined] as const) {
      await engine.call('embed', { texts: ['a'], priority });
      await engine.call('classify', { texts: ['a'], priority });
      await engine.call('continuations', { prompt: 'a', endings: [' b'], priority });
    }
    await engine.call('generate', { prompt: 'a', sampling: { priority: 'background' } });
    const background = { priority: 'background' };
    assert.deepEqual(runtime.options, [background, background, background, {}, {}, {}, background]);
  });

  test(`${name}: calls queue and never overlap`, async () => {
    const { engine } = make();
    await engine.call('load', LOAD);
    const results = await Promise.all([generate(engine, 'a b c'), engine.call('count', { prompts: ['a'] }), generate(engine, 'd e')]);
    assert.equal(results.length, 3);
  });

  test(`${name}: an abort rejects at once with its reason, stops the runtime, and the next call works`, async () => {
    const { engine, runtime } = make();
    await engine.call('load', LOAD);
    const abort = new AbortController();
    const reason = new Error('enough');
    let after = 0;
    const call = engine.call(
      'generate',
      { prompt: Array.from({ length: 1000 }, () => 'w').join(' '), sampling: {} },
      { signal: abort.signal, onEvent: () => (abort.signal.aborted ? (after += 1) : abort.abort(reason)) },
    );
    await assert.rejects(call, (error) => error === reason);
    await engine.call('count', { prompts: ['a'] });
    assert.ok(runtime.steps < 20, `${runtime.steps} steps after the abort`);
    assert.equal(after, 0);
    await assert.rejects(generate(engine, 'x', { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  test(`${name}: an abort between endings stops the runtime`, async () => {
    const { engine, runtime } = make();
    await engine.call('load', LOAD);
    const abort = new AbortController();
    const call = engine.call('continuations', { prompt: 'a', endings: Array.from({ length: 1000 }, () => 'b') }, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 1);
    await assert.rejects(call, { message: 'enough' });
    await engine.call('count', { prompts: ['a'] });
    assert.ok(runtime.steps < 1000, `${runtime.steps} endings`);
  });

  test(`${name}: stop ends early with a result`, async () => {
    const { engine, runtime } = make();
    await engine.call('load', LOAD);
    const stop = new AbortController();
    const prompt = Array.from({ length: 1000 }, () => 'w').join(' ');
    const finish = await engine.call('generate', { prompt, sampling: {} }, { stop: stop.signal, onEvent: () => stop.abort() });
    assert.equal(finish.reason, 'cancelled');
    assert.ok(runtime.steps < 20);
  });

  test(`${name}: errors keep their code`, async () => {
    const { engine } = make();
    await engine.call('load', LOAD);
    await assert.rejects(generate(engine, 'fail'), { code: 'CONTEXT_OVERFLOW', message: 'too long', name: 'QuotaExceededError' });
    await assert.rejects(engine.call('load', LOAD), { code: 'INTERNAL' });
    assert.equal((await generate(engine, 'a')).reason, 'stop');
  });

  test(`${name}: a panic rejects everything, also what hangs`, async () => {
    const { engine, runtime } = make();
    await engine.call('load', LOAD);
    const hanging = [generate(engine, 'hang'), engine.call('count', { prompts: ['a'] })];
    setTimeout(() => runtime.panic('index out of bounds'), 10);
    for (const call of hanging) await assert.rejects(call, { code: 'CRASHED', message: /index out of bounds/ });
    await assert.rejects(engine.call('memory', {}), { code: 'CRASHED' });
  });

  test(`${name}: close rejects what waits with DISPOSED`, async () => {
    const { engine } = make();
    await engine.call('load', LOAD);
    const waiting = generate(engine, 'a b');
    engine.close();
    await assert.rejects(waiting, { code: 'DISPOSED' });
    await assert.rejects(generate(engine, 'a'), { code: 'DISPOSED' });
  });
}

test('closing frees the runtime once nothing uses it', async () => {
  const runtime = fakeRuntime();
  const engine = new LocalEngine({ loadRuntime: async () => runtime });
  await engine.call('load', LOAD);
  const waiting = generate(engine, 'a b c');
  engine.close();
  await assert.rejects(waiting);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(runtime.freed, 1);
});

test('files are verified', async () => {
  const load = (sha: string): Promise<unknown> => {
    const engine = new LocalEngine({ loadRuntime: async () => fakeRuntime() });
    return engine.call('load', { ...LOAD, files: [{ name: 'w.gguf', from: new Blob([BYTES]), sha256: sha }] });
  };
  await load(sha256(BYTES));
  await assert.rejects(load(sha256('other')), { code: 'INTEGRITY' });
});

test('a trap that no promise sees crashes the worker engine', async () => {
  const worker = new FakeWorker();
  const engine = new WorkerEngine(worker as unknown as Worker);
  await engine.call('load', LOAD);
  const hanging = generate(engine, 'hang');
  setTimeout(() => worker.trap('RuntimeError: unreachable'), 10);
  await assert.rejects(hanging, { code: 'CRASHED', message: /unreachable/ });
  assert.ok(worker.terminated);
});

test('a worker script that cannot be loaded says so', async () => {
  const worker = new FakeWorker();
  const engine = new WorkerEngine(worker as unknown as Worker);
  const load = engine.call('load', LOAD);
  worker.dispatchEvent(new Event('error'));
  await assert.rejects(load, { code: 'CRASHED', message: /worker\.js/ });
});

test('arguments that cannot be cloned are BAD_INPUT', async () => {
  const engine = new WorkerEngine(new FakeWorker() as unknown as Worker);
  await assert.rejects(engine.call('load', { ...LOAD, files: [(() => 1) as never] }), { code: 'BAD_INPUT' });
});

test('a model restarts after a crash, and loads once for many users', async () => {
  const fake = fakeEngine('generate');
  const model = Model.acquire({ load: LOAD }, fake.factory);
  const progress: string[] = [];
  await Promise.all([model.load(undefined, ({ phase }) => progress.push(phase)), model.load(undefined, () => undefined)]);
  assert.equal(fake.specs.length, 1);
  assert.ok(progress.includes('download'));
  fake.failNext.set('count', new RushlightError('CRASHED', 'gone'));
  await assert.rejects(model.call('count', { prompts: ['a'] }), { code: 'CRASHED' });
  assert.deepEqual(await model.call('count', { prompts: ['a'] }), [2]);
  assert.equal(fake.specs.length, 2);
  assert.equal(fake.calls.filter(({ name }) => name === 'load').length, 2);
  model.retain();
  model.release();
  assert.equal(fake.closed, 1);
  model.release();
  assert.equal(fake.closed, 2);
});

test('closing during a load stops the download and keeps the part', async () => {
  const { fetch } = server({ bytes: new Uint8Array(10_000) });
  const store = memoryStore();
  const engine = new LocalEngine({ loadRuntime: async () => fakeRuntime(), store, fetch });
  const files = [{ name: 'w.gguf', from: 'https://models.example/w', bytes: 10_000, sha256: sha256(new Uint8Array(10_000)) }];
  const loading = engine.call('load', { ...LOAD, files }, { onEvent: ({ phase }) => phase === 'download' && engine.close() });
  await assert.rejects(loading, { code: 'DISPOSED' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const [part] = await store.list();
  assert.ok(part !== undefined && !part.complete && part.bytes < 10_000, JSON.stringify(part));
});

test("a worker of the page's own that has crashed is not used again", async () => {
  const worker = new FakeWorker() as unknown as Worker;
  const model = Model.acquire({ load: LOAD, worker });
  await model.load(undefined, () => undefined);
  (worker as unknown as FakeWorker).trap('trap');
  await new Promise((resolve) => setTimeout(resolve, 10));
  await assert.rejects(model.call('memory', {}), { code: 'CRASHED' });
  await assert.rejects(model.call('memory', {}), { code: 'CRASHED', message: /function/ });
});

test('a failed load is tried again by the next user', async () => {
  const fake = fakeEngine('generate');
  const model = Model.acquire({ load: LOAD }, fake.factory);
  fake.failNext.set('load', new RushlightError('NETWORK', 'no'));
  await assert.rejects(model.load(undefined, () => undefined), { code: 'NETWORK' });
  await model.load(undefined, () => undefined);
});

async function withNavigator<T>(gpu: unknown, work: () => Promise<T>): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return await work();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', before);
  }
}

const adapter = (info: object, isFallbackAdapter = false) => ({ requestAdapter: async () => ({ info, isFallbackAdapter }) });

test('a GPU that computes wrong results is not used', async () => {
  const load = (device: 'auto' | 'webgpu') => {
    const runtime = fakeRuntime();
    const open: typeof runtime.open = async (files, options, sink) => {
      if (options.device === 'webgpu') throw { code: 'WRONG_RESULTS', message: 'off by 1e3' };
      return runtime.open(files, options, sink);
    };
    const engine = new LocalEngine({ loadRuntime: async () => ({ ...runtime, open }) });
    return withNavigator(adapter({ vendor: 'amd' }), () => engine.call('load', { ...LOAD, device }));
  };
  const { device, reason } = await load('auto');
  assert.deepEqual([device, reason], ['wasm', 'WebGPU failed: off by 1e3']);
  await assert.rejects(load('webgpu'), { code: 'WRONG_RESULTS', name: 'OperationError' });
});

test('kernels are compared once for an adapter, and not where that is off', async () => {
  const store = memoryStore();
  const load = async (tune: boolean | undefined) => {
    const runtime = fakeRuntime();
    let asked: (boolean | string | undefined)[] = [];
    const open: typeof runtime.open = async (files, options, sink) => {
      asked = [options.selfTest, options.tier, options.tune, options.tuning];
      const opened = await runtime.open(files, options, sink);
      const details: Record<string, string> = { tier: options.tier ?? 'subgroups', tierReason: 'asked for' };
      if (options.selfTest === true) details['selfTest'] = 'passed, error 1e-9';
      if (options.tune === true) Object.assign(details, { tier: 'fused', tuning: 'tier=fused lanes.576=8', tuningReason: '1 ms, not 2' });
      if (options.tuning !== undefined) Object.assign(details, { tuning: options.tuning, tuningReason: 'measured before' });
      return { ...opened, info: () => ({ ...opened.info(), device: 'webgpu', details }) };
    };
    const engine = new LocalEngine({ store, loadRuntime: async () => ({ ...runtime, open }) });
    const args = { ...LOAD, device: 'auto' as const, tune };
    const { details } = await withNavigator(adapter({ vendor: 'amd' }), () => engine.call('load', args));
    return { asked, found: [details['tier'], details['tuning'], details['tuningReason']] };
  };
  const tuned = ['fused', 'tier=fused lanes.576=8', '1 ms, not 2'];
  assert.deepEqual(await load(undefined), { asked: [true, undefined, true, undefined], found: tuned });
  assert.deepEqual(await load(true), { asked: [false, 'fused', false, 'tier=fused lanes.576=8'], found: tuned });
  const usual = ['subgroups', undefined, undefined];
  assert.deepEqual(await load(false), { asked: [true, undefined, false, undefined], found: usual });
  assert.deepEqual(await load(false), { asked: [false, 'subgroups', false, undefined], found: usual });
});

test('a GPU that has passed the self-test is not tried again, and keeps its kernels', async () => {
  const store = memoryStore();
  const load = async (vendor: string) => {
    const runtime = fakeRuntime();
    let tried: (boolean | string | undefined)[] = [];
    const open: typeof runtime.open = async (files, options, sink) => {
      tried = [options.selfTest, options.tier];
      const opened = await runtime.open(files, options, sink);
      const details: Record<string, string> =
        options.selfTest === true
          ? { selfTest: 'passed, error 1e-9', tier: 'plain', tierReason: 'fused: wrong' }
          : { tier: options.tier ?? 'fused', tierReason: 'asked for' };
      return { ...opened, info: () => ({ ...opened.info(), device: 'webgpu', details }) };
    };
    const engine = new LocalEngine({ store, loadRuntime: async () => ({ ...runtime, open }) });
    const { details } = await withNavigator(adapter({ vendor }), () => engine.call('load', { ...LOAD, device: 'auto' }));
    const { selfTest, tier, tierReason } = details;
    assert.deepEqual([tier, tierReason], ['plain', 'fused: wrong']);
    return [...tried, selfTest];
  };
  const first = [true, undefined, 'passed, error 1e-9'];
  assert.deepEqual(await load('amd'), first);
  assert.deepEqual(await load('amd'), [false, 'plain', 'passed before']);
  assert.deepEqual(await load('intel'), first, 'another adapter');
  for (const { key } of await store.list()) {
    if (!key.startsWith('self-test-')) continue;
    const file = await store.part(key, 1);
    file.append(new Uint8Array(1));
    await file.commit();
  }
  assert.deepEqual(await load('amd'), first, 'a damaged verdict');
});

test('auto takes WebGPU only where an adapter is real', async () => {
  const withGpu = (gpu: unknown) => withNavigator(gpu, () => chooseDevice('auto'));
  assert.equal((await withGpu(undefined)).device, 'wasm');
  assert.equal((await withGpu({ requestAdapter: async () => null })).device, 'wasm');
  assert.equal((await withGpu({ requestAdapter: () => Promise.reject(new Error('blocked')) })).reason, 'WebGPU failed: blocked');
  assert.equal((await withGpu(adapter({ vendor: 'google', architecture: 'swiftshader' }))).device, 'wasm');
  assert.equal((await withGpu(adapter({ vendor: 'x' }, true))).device, 'wasm');
  assert.deepEqual(await withGpu(adapter({ vendor: 'amd', architecture: 'rdna-3' })), {
    device: 'webgpu',
    reason: 'WebGPU adapter amd rdna-3',
    adapter: 'amd rdna-3',
  });
  assert.equal((await chooseDevice('webgpu')).device, 'webgpu');
});
