// Bundles each test file and runs all of them with Node's own test runner. The last line is for scripts:
// `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = `${here}../node_modules/.cache/rushlight-test`;

await rm(out, { recursive: true, force: true });
const tests = (await readdir(here)).filter((name) => name.endsWith('.test.ts'));
await build({
  entryPoints: tests.map((name) => here + name),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
  define: { 'import.meta.testRoot': JSON.stringify(`${here}..`) },
  plugins: [
    {
      name: 'external',
      setup(build) {
        build.onResolve({ filter: /^#runtime/ }, ({ path }) => ({ path: `../../../dist/${path.slice(1)}.js`, external: true }));
        build.onResolve({ filter: /^#dist$/ }, () => ({ path: '../../../dist/index.js', external: true }));
      },
    },
  ],
});

const files = tests.map((name) => `${out}/${name.replace(/\.ts$/, '.mjs')}`);
const { stdout } = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=tap', ...files], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
process.stdout.write(stdout);
const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
const failed = count('fail') + count('cancelled');
console.log(`${count('pass')} passed, ${failed} failed, ${count('skipped')} skipped`);
process.exitCode = failed > 0 || count('pass') === 0 ? 1 : 0;
