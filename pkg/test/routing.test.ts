import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { LoadArgs } from '../src/engine/protocol.js';
import { crossing, isRouted, route, type Cost, type Costs } from '../src/engine/routing.js';
import type { Runtime } from '../src/engine/runtime.js';
import { fakeRuntime, INFO } from './fakes.js';

const INFO_OF_GPU = { ...INFO, device: 'webgpu' as const, task: 'embed' as const, context: 512 };

/** A clock that only fake devices move. */
function withClock<T>(work: (pass: (milliseconds: number) => void) => Promise<T>): Promise<T> {
  let now = 0;
  const mocked = mock.method(performance, 'now', () => now);
  return work((milliseconds) => (now += milliseconds)).finally(() => mocked.mock.restore());
}

/** A device whose calls take what `cost` says, and the texts of its calls. */
async function device(cost: Cost, pass: (milliseconds: number) => void): Promise<{ runtime: Runtime; calls: string[][]; freed: () => number }> {
  const instance = fakeRuntime('embed');
  const runtime = await instance.open([], { device: 'wasm' }, () => true);
  const calls: string[][] = [];
  const embed: Runtime['embed'] = (texts, options, sink) => {
    calls.push(texts);
    pass(cost.fixed + cost.perToken * texts.reduce((sum, text) => sum + runtime.countTokens({ text }), 0));
    return runtime.embed(texts, options, sink);
  };
  return { runtime: { ...runtime, embed, info: () => INFO_OF_GPU }, calls, freed: () => instance.freed };
}

async function routed(costs: Costs, asked: LoadArgs['routing'], known?: Costs): Promise<{
  runtime: Runtime;
  routing: string;
  learnt: Costs | undefined;
  where: (texts: string[]) => Promise<'webgpu' | 'wasm'>;
  freed: number;
}> {
  return withClock(async (pass) => {
    const [webgpu, wasm] = [await device(costs.webgpu, pass), await device(costs.wasm, pass)];
    let learnt: Costs | undefined;
    const tools = {
      openCopy: async () => wasm.runtime,
      recall: async () => known,
      remember: async (found: Costs) => void (learnt = found),
      signal: undefined,
    };
    const { runtime, routing } = await route(webgpu.runtime, asked, tools);
    const where = async (texts: string[]): Promise<'webgpu' | 'wasm'> => {
      const before = wasm.calls.length;
      await runtime.embed(texts, {}, () => true);
      return wasm.calls.length > before ? 'wasm' : 'webgpu';
    };
    return { runtime, routing, learnt, where, freed: wasm.freed() };
  });
}

const words = (count: number): string => Array<string>(count).fill('word').join(' ');

test('calls that the CPU does sooner go there, as measured', async () => {
  const costs = { webgpu: { fixed: 40, perToken: 0.1 }, wasm: { fixed: 1, perToken: 0.5 } };
  const { routing, learnt, where } = await routed(costs, 'learn');
  assert.equal(routing, 'calls of up to 97 tokens on wasm: it takes 1.00 ms and 0.500 ms a token, webgpu 40.0 ms and 0.100 ms a token');
  assert.ok(learnt !== undefined && Math.abs(learnt.webgpu.fixed - 40) < 1e-9);
  // A fake text has one token more than words.
  assert.equal(await where([words(96)]), 'wasm');
  assert.equal(await where([words(97)]), 'webgpu');
  assert.equal(await where([words(40), words(55)]), 'wasm', 'all texts together');
  assert.equal(await where([words(40), words(57)]), 'webgpu');
  assert.equal(await where([words(5000)]), 'webgpu');
  const whole = await routed(costs, { wasmTokens: INFO_OF_GPU.context });
  assert.equal(await whole.where([words(5000)]), 'wasm', 'cut to the 512 tokens that fit');
});

test('what was learnt before is not measured again', async () => {
  const known = { webgpu: { fixed: 10, perToken: 0 }, wasm: { fixed: 0, perToken: 1 } };
  const { learnt, where } = await routed({ webgpu: { fixed: 1, perToken: 1 }, wasm: { fixed: 9, perToken: 9 } }, 'learn', known);
  assert.equal(learnt, undefined);
  assert.equal(await where([words(9)]), 'wasm');
  assert.equal(await where([words(10)]), 'webgpu');
});

test('a GPU that is always faster keeps all calls, and the copy goes', async () => {
  const { runtime, routing, where, freed } = await routed({ webgpu: { fixed: 1, perToken: 0.1 }, wasm: { fixed: 2, perToken: 1 } }, 'learn');
  assert.match(routing, /^every call on webgpu: it takes 2\.00 ms/);
  assert.equal(freed, 1);
  assert.equal(await where([words(1)]), 'webgpu');
  assert.equal(runtime.info().device, 'webgpu');
});

test('a number of tokens that was asked for is kept, and memory is that of both', async () => {
  const { runtime, routing, learnt, where } = await routed({ webgpu: { fixed: 1, perToken: 1 }, wasm: { fixed: 1, perToken: 1 } }, { wasmTokens: 8 });
  assert.equal(routing, 'calls of up to 8 tokens on wasm: as asked for');
  assert.equal(learnt, undefined);
  assert.deepEqual([await where([words(7)]), await where([words(8)])], ['wasm', 'webgpu']);
  assert.deepEqual(runtime.memory(), { host: 4, device: 2, weights: 2, cache: 2 });
});

test('a copy that fails leaves the GPU alone; an abort is an abort', async () => {
  await withClock(async (pass) => {
    const { runtime: gpu } = await device({ fixed: 1, perToken: 1 }, pass);
    const abort = new AbortController();
    const tools = {
      openCopy: async (): Promise<Runtime> => Promise.reject({ code: 'OUT_OF_MEMORY', message: 'no room' }),
      recall: async () => undefined,
      remember: async () => undefined,
      signal: abort.signal,
    };
    assert.deepEqual(await route(gpu, 'learn', tools), { runtime: gpu, routing: 'every call on webgpu: the copy for the CPU failed: no room' });
    const large = { ...gpu, info: () => ({ ...INFO_OF_GPU, weightBytes: 2e8 }) };
    assert.match((await route(large, 'learn', tools)).routing, /a second copy of 200 MB of weights would be too large/);
    abort.abort(new Error('enough'));
    await assert.rejects(route(gpu, 'learn', tools), /enough/);
  });
});

test('models that write, named devices and the CPU are not routed unless asked for', () => {
  const args: LoadArgs = { id: 'x', files: [], device: 'auto', store: 'memory' };
  assert.equal(isRouted(args, INFO_OF_GPU), true);
  assert.equal(isRouted({ ...args, routing: 'off' }, INFO_OF_GPU), false);
  assert.equal(isRouted({ ...args, device: 'webgpu' }, INFO_OF_GPU), false);
  assert.equal(isRouted({ ...args, device: 'webgpu', routing: 'learn' }, INFO_OF_GPU), true);
  assert.equal(isRouted({ ...args, device: 'webgpu', routing: { wasmTokens: 3 } }, INFO_OF_GPU), true);
  assert.equal(isRouted(args, { ...INFO_OF_GPU, task: 'generate' }), false);
  assert.equal(isRouted(args, { ...INFO_OF_GPU, device: 'wasm' }), false);
});

test('where a call costs less on the CPU, whatever its length, all go there', () => {
  assert.equal(crossing({ webgpu: { fixed: 2, perToken: 2 }, wasm: { fixed: 1, perToken: 1 } }), Infinity);
  assert.equal(crossing({ webgpu: { fixed: 0, perToken: 30 }, wasm: { fixed: 7, perToken: 1 } }), Infinity);
  assert.equal(crossing({ webgpu: { fixed: 1, perToken: 2 }, wasm: { fixed: 100, perToken: 1 } }), 0);
});
