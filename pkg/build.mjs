// Builds dist/: index.js and a self-contained worker.js (esbuild), declarations (tsc), and beside them the wasm module
// and its glue, which `cargo xtask build` has put into wasm/.
import { execFileSync } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
process.chdir(here);

/** Without the wasm module the package is whole but for its runtime: enough for type checks and unit tests. */
const glue = await readFile('wasm/runtime.js', 'utf8').catch(() => undefined);
if (glue === undefined) console.warn('pkg/wasm is missing: run `cargo xtask build` for a package that computes');
else if (glue.includes('import.meta.url')) {
  throw new Error('wasm/runtime.js names a wasm file of its own: build it with omit_default_module_path(true)');
}

await rm('dist', { recursive: true, force: true });
await mkdir('dist');

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  charset: 'utf8',
  sourcemap: true,
  sourcesContent: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** The page loads the glue only when it computes in its own thread; the worker carries it. */
const glueBeside = {
  name: 'glue',
  setup(build) {
    build.onResolve({ filter: /^#runtime$/ }, () => ({ path: './runtime.js', external: true }));
  },
};
const glueInside = {
  name: 'glue',
  setup(build) {
    build.onResolve({ filter: /^#runtime$/ }, () =>
      glue === undefined ? { path: './runtime.js', external: true } : { path: `${here}wasm/runtime.js` },
    );
  },
};

await build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', plugins: [glueBeside] });
await build({ ...common, entryPoints: ['src/worker.ts'], outfile: 'dist/worker.js', plugins: [glueInside], minify: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });

if (glue !== undefined) {
  await copyFile('wasm/runtime_bg.wasm', 'dist/runtime.wasm');
  await copyFile('wasm/runtime.js', 'dist/runtime.js');
}
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(`../${licence}`, `dist/${licence}`).catch(() => undefined);
