/** Starts Firefox with a fresh profile, for the suites that need no more than pages and scripts in them. */
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { NoBrowser } from './browser.mjs';
import { firefox as executablePath } from './paths.mjs';

/** The same shape as `launch` of `browser.mjs`; pages have `evaluate`, `waitForFunction` and `close`. */
export async function launchFirefox() {
  if (!existsSync(executablePath)) throw new NoBrowser(executablePath, 'firefox-esr', 'FIREFOX');
  const firefox = await puppeteer.launch({
    browser: 'firefox', // over WebDriver BiDi
    executablePath,
    headless: true,
    protocolTimeout: 600_000,
  });
  return {
    backend: 'wasm',
    complaints: [],
    version: await firefox.version(),
    async open(url) {
      const page = await firefox.newPage();
      page.setDefaultTimeout(60_000);
      page.waitForTimeout ??= (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
      await page.goto(url);
      return page;
    },
    close: () => firefox.close(),
  };
}
