/**
 * Browser tests: `node tests/browser/run.mjs [part of a test's name]`.
 *
 * Runs every suite on both backends in headless Chromium, and on Wasm in headless Firefox those that need no more than
 * scripts in a page, against `pkg/dist` and `www/dist` as they were built.
 * Environment: CHROMIUM, FIREFOX, MODELS, REQUIRE_MODELS=1, RUSHLIGHT_FULL=1 (on WebGPU all of what a software adapter
 * is too slow for), RUNS=wasm,webgpu,firefox.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launch, NoBrowser } from './browser.mjs';
import { launchFirefox } from './firefox.mjs';
import { full, root } from './paths.mjs';
import { Report } from './report.mjs';
import { startServer } from './server.mjs';
import { abort } from './suites/abort.mjs';
import { classify } from './suites/classify.mjs';
import { constraints } from './suites/constraints.mjs';
import { download } from './suites/download.mjs';
import { embed } from './suites/embed.mjs';
import { errors } from './suites/errors.mjs';
import { background, frames } from './suites/frames.mjs';
import { counts, generate } from './suites/generate.mjs';
import { moderate } from './suites/moderate.mjs';
import { ops } from './suites/ops.mjs';
import { page } from './suites/page.mjs';
import { precision } from './suites/precision.mjs';
import { promises } from './suites/promises.mjs';
import { threads } from './suites/threads.mjs';
import { w3c } from './suites/w3c.mjs';
import { zeroShot } from './suites/zero-shot.mjs';

/** In this order: the first ones clear the storage, the later ones find the models there. WebGPU runs what differs there. */
const runs = {
  wasm: { browser: 'Chromium', suites: [errors, download, abort, embed, classify, moderate, zeroShot, frames, generate, precision, constraints, promises, threads, w3c, page] },
  webgpu: { browser: 'Chromium', suites: [abort, ops, embed, classify, moderate, generate, constraints, counts, background, promises, page] },
  firefox: { browser: 'Firefox', suites: [errors, download, abort, embed, classify, moderate, generate, precision, constraints, threads, w3c] },
};

const report = new Report(process.argv[2]);
const wanted = (process.env.RUNS ?? 'wasm,webgpu,firefox').split(',');

for (const built of ['pkg/dist/index.js', 'pkg/dist/runtime.wasm', 'pkg/dist/runtime-threads.wasm', 'www/dist/index.html']) {
  await report.always(`${built} is built`, async () => {
    if (!existsSync(join(root, built))) throw new Error('it is not there: run cargo xtask build first');
  });
}

const server = await startServer({ folders: { '/bare/': join(root, 'www/dist') } });
for (const run of wanted) {
  // Firefox has no WebGPU here.
  const device = run === 'firefox' ? 'wasm' : run;
  const { suites } = runs[run];
  let browser;
  await report.always(`${run}: ${runs[run].browser} starts`, async () => {
    browser = await (run === 'firefox' ? launchFirefox() : launch({ backend: device })).catch((error) => {
      throw error instanceof NoBrowser ? error.message : error;
    });
    return browser.version;
  });
  if (!browser) continue;
  for (const suite of suites) {
    try {
      await suite({ report, browser, server, run, device, full });
    } catch (error) {
      await report.always(`${run}: suite ${suite.name}`, () => Promise.reject(error));
    }
    browser.complaints.length = 0;
  }
  await browser.close();
}
server.close();
process.exitCode = report.finish();
