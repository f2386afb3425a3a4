/**
 * Browser tests: `node tests/browser/run.mjs [part of a test's name]`.
 *
 * Runs every suite on both backends in headless Chromium, against `pkg/dist` and `www/dist` as they were built.
 * Environment: CHROMIUM, MODELS, REQUIRE_MODELS=1, RUSHLIGHT_FULL=1 (on WebGPU all of what a software adapter is too
 * slow for), BACKENDS=wasm,webgpu.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launch, NoBrowser } from './browser.mjs';
import { full, root } from './paths.mjs';
import { Report } from './report.mjs';
import { startServer } from './server.mjs';
import { abort } from './suites/abort.mjs';
import { download } from './suites/download.mjs';
import { embed } from './suites/embed.mjs';
import { errors } from './suites/errors.mjs';
import { generate } from './suites/generate.mjs';
import { ops } from './suites/ops.mjs';
import { page } from './suites/page.mjs';
import { promises } from './suites/promises.mjs';
import { w3c } from './suites/w3c.mjs';

/** In this order: the first ones clear the storage, the later ones find the models there. WebGPU runs what differs there. */
const suites = {
  wasm: [errors, download, abort, embed, generate, promises, w3c, page],
  webgpu: [abort, ops, embed, generate, promises, page],
};

const report = new Report(process.argv[2]);
const backends = (process.env.BACKENDS ?? 'wasm,webgpu').split(',');

for (const built of ['pkg/dist/index.js', 'pkg/dist/runtime.wasm', 'www/dist/index.html']) {
  await report.always(`${built} is built`, async () => {
    if (!existsSync(join(root, built))) throw new Error('it is not there: run cargo xtask build first');
  });
}

const server = await startServer({ folders: { '/bare/': join(root, 'www/dist') } });
for (const device of backends) {
  let browser;
  await report.always(`${device}: Chromium starts`, async () => {
    browser = await launch({ backend: device }).catch((error) => {
      throw error instanceof NoBrowser ? error.message : error;
    });
    return browser.version;
  });
  if (!browser) continue;
  for (const suite of suites[device]) {
    try {
      await suite({ report, browser, server, device, full });
    } catch (error) {
      await report.always(`${device}: suite ${suite.name}`, () => Promise.reject(error));
    }
    browser.complaints.length = 0;
  }
  await browser.close();
}
server.close();
process.exitCode = report.finish();
