/**
 * Packaging tests: `node tests/packaging/run.mjs [part of a test's name]`.
 *
 * Packs `pkg` as npm would publish it, installs the tarball into fresh projects, and checks that it loads and embeds:
 * bundled by Vite, in plain HTML with an import map, and in Node.js, Deno and Bun; and that it moderates with the weights
 * that it brings. Type-checks a consumer of every public class.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch, NoBrowser } from '../browser/browser.mjs';
import { cosine, minilm } from '../browser/golden.mjs';
import { models, root } from '../browser/paths.mjs';
import { needModel, Report } from '../browser/report.mjs';
import { isolation, policy, startServer } from '../browser/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const embedding = 'all-minilm-l6-v2';
const moderation = 'minilm-moderation';
const brought = ['minilm-moderation.gguf', 'MODEL_CARD.md', 'NOTICE'].map((name) => `models/${moderation}/${name}`);
const report = new Report(process.argv[2]);
const work = await mkdtemp(join(tmpdir(), 'rushlight-packaging-'));
const project = (name) => join(work, name);
let tarball;

/** Runs a program; a failure carries what it printed. */
async function run(program, args, cwd) {
  try {
    return (await promisify(execFile)(program, args, { cwd, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
  }
}

/** A program of this folder's own node_modules. */
const tool = (path, args, cwd) => run(process.execPath, [join(here, 'node_modules', path), ...args], cwd);

await report.always('npm pack holds what the exports name', async () => {
  const [packed] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', work], join(root, 'pkg')));
  const paths = packed.files.map(({ path }) => path);
  for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/worker.js', 'dist/runtime.wasm', 'dist/runtime-threads.wasm', 'dist/runtime.js', 'README.md', ...brought]) {
    assert.ok(paths.includes(path), `${path} is missing in ${paths.join(', ')}`);
  }
  assert.ok(!paths.some((path) => path.startsWith('src/') || path.includes('node_modules')));
  tarball = join(work, packed.filename);
  return `${(packed.size / 1e6).toFixed(2)} MB, ${paths.length} files`;
});

const fixtures = await readdir(join(here, 'fixtures'));
await report.always('the tarball installs into fresh projects, without dependencies', async () => {
  assert.ok(tarball, 'there is no tarball');
  for (const name of fixtures) {
    await cp(join(here, 'fixtures', name), project(name), { recursive: true });
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', tarball], project(name));
    assert.deepEqual((await readdir(join(project(name), 'node_modules'))).filter((entry) => !entry.startsWith('.')), ['rushlight']);
  }
});

for (const [resolution, config] of [['NodeNext', 'tsconfig.json'], ['Bundler', 'tsconfig.bundler.json']]) {
  await report.test(`types: strict, skipLibCheck false, ${resolution}`, async () => {
    await tool('typescript/bin/tsc', ['-p', config], project('types'));
  });
}

// Their packages for other platforms are no part of a lock file that `npm ci` would take.
const runtimes = ['deno@2.9.6', 'bun@1.4.5'];
const bin = (name) => join(project('runtimes'), 'node_modules/.bin', name);
await report.always('Deno and Bun come from npm', async () => {
  await mkdir(project('runtimes'));
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', project('runtimes'), ...runtimes], work);
  return runtimes.join(', ');
});
for (const [name, program, args] of [
  ['Node.js', process.execPath, []],
  ['Deno', bin('deno'), ['run', '--allow-read', '--allow-env', '--no-prompt']],
  ['Bun', bin('bun'), []],
]) {
  await report.test(`${name} imports it and embeds in its own thread`, async () => {
    needModel(embedding);
    const { vector, device } = JSON.parse(await run(program, [...args, 'main.js', models], project('node')));
    assert.equal(device, 'wasm');
    assertHelloWorld(vector);
    return `${(await run(program, ['--version'], here)).split('\n')[0]}`;
  });
}

await report.test('Node.js moderates with the weights that the package brings', async () => {
  const folder = join(project('node'), 'node_modules/rushlight/models');
  const texts = ['You are a stupid idiot and nobody likes you.', 'How do I kill a Python process?'];
  const found = JSON.parse(await run(process.execPath, ['moderate.js', folder, ...texts], project('node')));
  assert.deepEqual(found, { model: moderation, flagged: [true, false] });
});

await report.test('Vite builds it without configuration', async () => {
  await tool('vite/bin/vite.js', ['build'], project('vite'));
});

await inBrowser('a Vite project loads and embeds', join(project('vite'), 'dist'), policy);
await inBrowser('a Vite project that is isolated embeds on two threads', join(project('vite'), 'dist'), policy, 2);

const html = await readFile(join(here, 'fixtures/plain/index.html'), 'utf8');
const map = /<script type="importmap">([^]*?)<\/script>/.exec(html)[1];
const hash = createHash('sha256').update(map).digest('base64');
const withMap = policy.replace("script-src 'self'", `script-src 'self' 'sha256-${hash}'`);
await inBrowser('plain HTML with an import map loads and embeds', project('plain'), withMap);
await inBrowser('plain HTML that is isolated embeds on two threads', project('plain'), withMap, 2);

await rm(work, { recursive: true, force: true });
process.exitCode = report.finish();

/** Opens a folder's page under a policy, isolated if it should have threads, and waits for the vector that it leaves. */
async function inBrowser(name, folder, contentSecurityPolicy, threads = 1) {
  await report.test(name, async () => {
    needModel(embedding);
    const server = await startServer({
      folders: { '/models/': models, '/': folder },
      headers: { 'content-security-policy': contentSecurityPolicy, ...(threads > 1 && isolation) },
    });
    const browser = await launch({ backend: 'wasm' }).catch((error) => {
      throw error instanceof NoBrowser ? error.message : error;
    });
    try {
      const page = await browser.open(`${server.origin}/`);
      await page.waitForFunction(() => document.body.dataset.result || document.body.dataset.error, undefined, { timeout: 120_000 });
      const { result, error, threads: found } = await page.evaluate(() => ({ ...document.body.dataset }));
      assert.equal(error, undefined);
      assertHelloWorld(JSON.parse(result));
      assert.equal(found, String(threads));
      assert.deepEqual(browser.violations, []);
      assert.deepEqual(browser.complaints.filter((text) => !text.includes('favicon.ico')), []);
      assert.deepEqual(browser.outside, []);
    } finally {
      await browser.close();
      server.close();
    }
  });
}

function assertHelloWorld(vector) {
  assert.equal(minilm.sentences[0], 'Hello world');
  const similarity = cosine(vector, minilm.embeddings[0]);
  assert.ok(similarity >= 0.99999, `cosine ${similarity}`);
}
