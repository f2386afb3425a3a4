/** Starts Chromium with a fresh profile and watches what its pages try to do. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as driver } from 'playwright-core';
import { chromium as executablePath } from './paths.mjs';

const flags = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
// Without a display Chromium takes no GPU unless it is told to. It leaves shader-f16 off on NVIDIA's driver for Linux, which peers
// cannot do without.
const gpu = [
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
  '--use-angle=vulkan',
  '--enable-features=Vulkan,VulkanFromANGLE,DefaultANGLEVulkan',
  '--disable-vulkan-surface',
  '--enable-dawn-features=vulkan_enable_f16_on_nvidia',
];
const flagsOf = { wasm: [], webgpu, gpu };

/** Chromium asks these for the time, updates and accounts on its own, whatever page is open. */
const ownHosts = ['clients2.google.com', 'update.googleapis.com', 'accounts.google.com', 'content-autofill.googleapis.com'];

export class NoBrowser extends Error {
  constructor(path = executablePath, debian = 'chromium', variable = 'CHROMIUM') {
    super(
      `there is no browser at ${path}. Install one (Debian, Ubuntu: apt-get install ${debian}), ` +
        `or name an installed one with the environment variable ${variable}.`,
    );
  }
}

/**
 * @param {{ backend: 'wasm' | 'webgpu' | 'gpu' }} options `wasm` starts a browser without WebGPU, `webgpu` with its software
 * adapter, `gpu` with the GPU of the machine, through Vulkan.
 */
export async function launch({ backend, ...options }) {
  if (!existsSync(executablePath)) throw new NoBrowser();
  const profile = await mkdtemp(join(tmpdir(), 'rushlight-profile-'));
  const outside = await startTrap();
  const context = await driver.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [...flags, ...sandbox, ...flagsOf[backend]],
    // Everything but loopback goes through a proxy that only takes notes.
    proxy: { server: outside.address, bypass: '127.0.0.1' },
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const violations = [];
  const complaints = [];
  context.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy/i.test(text)) violations.push(text);
    else if (message.type() === 'error') complaints.push(`${text} (${message.location().url})`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));

  return {
    context,
    backend,
    violations,
    complaints,
    /** Hosts other than our own that anything in this browser tried to reach. */
    outside: outside.hosts,
    version: context.browser()?.version() ?? '',
    /** A new tab at an address. */
    async open(url) {
      const page = await context.newPage();
      await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) => {
          console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
      });
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      outside.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function startTrap() {
  const hosts = [];
  const note = (address) => {
    const host = new URL(address).hostname;
    if (!ownHosts.includes(host)) hosts.push(host);
  };
  const server = createServer((request, response) => {
    note(request.url);
    response.writeHead(502).end();
  });
  server.on('connect', (request, socket) => {
    note(`https://${request.url}`);
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    hosts,
    address: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
