// Builds dist/: index.js and a self-contained worker.js (esbuild), declarations (tsc), and beside them the wasm modules
// and their glue, which `cargo xtask build` has put into wasm/.
import { execFileSync } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
process.chdir(here);

/** Without the wasm module the package is whole but for its runtime: enough for type checks and unit tests. */
const modules = ['runtime', 'runtime-threads'];
const glue = await Promise.all(modules.map((name) => readFile(`wasm/${name}.js`, 'utf8').catch(() => undefined)));
const isWhole = !glue.includes(undefined);
if (!isWhole) console.warn('pkg/wasm is missing: run `cargo xtask build` for a package that computes');
else if (glue.some((text) => text.includes('import.meta.url'))) {
  throw new Error('the glue names a wasm file of its own: build it with omit_default_module_path(true)');
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

/** The page loads the glue only when it computes in its own thread; the worker carries that of both modules. */
const glueFrom = (resolve) => ({
  name: 'glue',
  setup(build) {
    build.onResolve({ filter: /^#runtime/ }, ({ path }) => resolve(path.slice(1)));
  },
});
const beside = (name) => ({ path: `./${name}.js`, external: true });
const glueBeside = glueFrom(beside);
const glueInside = glueFrom((name) => (isWhole ? { path: `${here}wasm/${name}.js` } : beside(name)));

await build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', plugins: [glueBeside] });
await build({ ...common, entryPoints: ['src/worker.ts'], outfile: 'dist/worker.js', plugins: [glueInside], minify: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });

if (isWhole) {
  for (const name of modules) await copyFile(`wasm/${name}_bg.wasm`, `dist/${name}.wasm`);
  await copyFile('wasm/runtime.js', 'dist/runtime.js');
}
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(`../${licence}`, `dist/${licence}`).catch(() => undefined);
