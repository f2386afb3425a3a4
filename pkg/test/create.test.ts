import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { catalog, resolveModel } from '../src/catalog.js';
import { CreateMonitor } from '../src/monitor.js';
import { useEngineFactory } from '../src/tasks/create.js';
import { Classifier } from '../src/tasks/classifier.js';
import { cosineSimilarity, Embedder } from '../src/tasks/embedder.js';
import { fakeEngine } from './fakes.js';

let restore = (): void => undefined;
afterEach(() => restore());

function use(task: 'embed' | 'generate' | 'classify') {
  const fake = fakeEngine(task);
  restore = useEngineFactory(fake.factory);
  return fake;
}

test('one text gives a vector, several give several, none gives none', async () => {
  use('embed');
  const embedder = await Embedder.create();
  assert.deepEqual(await embedder.embed('abc'), Float32Array.of(3, 1));
  assert.deepEqual(await embedder.embed(['abc', 'de']), [Float32Array.of(3, 1), Float32Array.of(2, 1)]);
  assert.deepEqual(await embedder.embed([]), []);
  assert.deepEqual(await embedder.embed(['']), [Float32Array.of(0, 1)]);
  await assert.rejects(embedder.embed([1 as never]), TypeError);
  assert.deepEqual([embedder.dimensions, embedder.maxTokens], [2, 200]);
  assert.equal(await embedder.countTokens('a b'), 3);
  assert.equal(embedder.stats?.prefillTokensPerSecond, 0);
  await embedder.embed('a b');
  assert.equal(embedder.stats?.prefillTokensPerSecond, 200);
  assert.equal((await embedder.memory()).heap, 3);
  embedder.destroy();
  await assert.rejects(embedder.embed('x'), { name: 'AbortError' });
});

test('a classifier gives labels, best first, of one text or several', async () => {
  use('classify');
  const model = { files: { 'model.safetensors': new ArrayBuffer(8) } };
  const classifier = await Classifier.create({ model });
  assert.deepEqual(await classifier.classify('a', { topK: 1 }), [{ label: 'a', score: 0.75 }]);
  const both = await classifier.classify(['a', 'b']);
  assert.deepEqual(both.map(([best]) => best?.label), ['a', 'b']);
  assert.equal(both[0]?.length, 2);
  assert.deepEqual(await classifier.classify([]), []);
  await assert.rejects(classifier.classify('a', { topK: 0 }), RangeError);
  await assert.rejects(classifier.classify([1 as never]), TypeError);
  await assert.rejects(Classifier.create({} as never), { name: 'TypeError', message: /model: needed/ });
  classifier.destroy();
  await assert.rejects(classifier.classify('a'), { name: 'AbortError' });
  use('embed');
  await assert.rejects(Classifier.create({ model }), { code: 'UNSUPPORTED_MODEL', message: /classify is needed/ });
});

test('a model for another task is refused with the right one named', async () => {
  const fake = use('generate');
  await assert.rejects(Embedder.create(), { code: 'UNSUPPORTED_MODEL', message: /all-minilm-l6-v2/ });
  assert.equal(fake.closed, 1);
});

test('the monitor sees 0, rising fractions, then 1, and nothing later', async () => {
  use('embed');
  const seen: number[] = [];
  const phases: string[] = [];
  await Embedder.create({
    monitor(monitor) {
      assert.ok(monitor instanceof CreateMonitor);
      monitor.addEventListener('downloadprogress', (event) => {
        const { loaded, total, lengthComputable } = event as never as { loaded: number; total: number; lengthComputable: boolean };
        assert.deepEqual([total, lengthComputable], [1, true]);
        assert.ok(Number.isInteger(loaded * 65536));
        seen.push(loaded);
      });
      monitor.ondownloadprogress = (event) => phases.push(`on ${event.loaded}`);
    },
    onProgress: ({ phase }) => phases.push(phase),
  });
  assert.deepEqual(seen, [0, 0.5, 1]);
  assert.deepEqual(phases, ['on 0', 'on 0.5', 'download', 'download', 'ready', 'on 1']);
});

test('options reach the engine', async () => {
  const fake = use('embed');
  const worker = (): Worker => assert.fail('not started by a fake');
  const wasm = { wasmUrl: 'https://a.example/r.wasm', wasmThreadsUrl: 'https://a.example/t.wasm', threads: 3 };
  await Embedder.create({ device: 'wasm', context: 128, store: 'memory', ...wasm, worker, powerPreference: 'low-power', precision: 'quick' });
  const { load, worker: passed } = fake.specs[0] ?? assert.fail();
  assert.equal(passed, worker);
  assert.deepEqual([load.device, load.context, load.store, load.powerPreference, load.precision], ['wasm', 128, 'memory', 'low-power', 'quick']);
  assert.deepEqual({ wasmUrl: load.wasmUrl, wasmThreadsUrl: load.wasmThreadsUrl, threads: load.threads }, wasm);
  for (const threads of [0, 1.5, NaN]) await assert.rejects(Embedder.create({ threads }), TypeError);
});

test('the catalog resolves below modelsUrl, relative to the page or the working directory', () => {
  const { files, id } = resolveModel('all-minilm-l6-v2', { modelsUrl: 'https://cdn.example/m' });
  assert.equal(id, 'all-minilm-l6-v2');
  assert.ok(files.some(({ from }) => from === 'https://cdn.example/m/all-minilm-l6-v2/1_Pooling/config.json'));
  const relative = resolveModel('smollm2-135m-instruct', {}).files[0]?.from;
  assert.match(String(relative), /^file:\/\/.*\/models\/smollm2-135m-instruct\//);
  for (const [id, model] of Object.entries(catalog)) {
    assert.ok(model.licence.length > 0 && model.files.length > 0, id);
    for (const { bytes, sha256 } of model.files) assert.ok(bytes > 0 && /^[0-9a-f]{64}$/.test(sha256), id);
  }
});

test('files of one own: addresses, blobs and buffers, with integrity', () => {
  const sha = 'A'.repeat(64);
  const { files } = resolveModel(
    { files: { a: 'https://x.example/a', b: new Blob(['12']), c: new ArrayBuffer(3) }, integrity: { a: sha } },
    {},
  );
  assert.deepEqual(files.map(({ name, bytes, sha256 }) => [name, bytes, sha256]), [['a', undefined, sha.toLowerCase()], ['b', 2, undefined], ['c', 3, undefined]]);
  assert.throws(() => resolveModel({ files: {} }, {}), { code: 'BAD_INPUT' });
  assert.throws(() => resolveModel({ files: { a: 'https://x.example/a' }, integrity: { a: 'short' } }, {}), { code: 'BAD_INPUT' });
  assert.throws(() => resolveModel({} as never, {}), TypeError);
});

test('cosine similarity', () => {
  assert.equal(cosineSimilarity([1, 0], [2, 0]), 1);
  assert.equal(cosineSimilarity([1, 0], [0, 1]), 0);
  assert.equal(cosineSimilarity([0, 0], [0, 1]), 0);
  assert.throws(() => cosineSimilarity([1], [1, 2]), RangeError);
});
