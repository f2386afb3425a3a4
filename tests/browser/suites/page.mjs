import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chat, facts, looksLikeText, openDemo, search, summarize } from '../demo.mjs';
import { root } from '../paths.mjs';
import { needModel } from '../report.mjs';
import { moderatePage } from './page-moderate.mjs';

const pictures = join(root, 'target/screenshots');
const names = { wasm: 'CPU (Wasm)', webgpu: 'WebGPU' };
const bees =
  'Honey bees tell each other where flowers are by dancing. A bee that has found food returns to the hive and ' +
  'walks in a figure of eight, and the angle of her walk shows the direction to fly, measured from the sun.';

/** The demo page: every tool through its own controls, and what it promises about keyboard, colours and width. */
export async function page({ report, browser, server, run, device }) {
  await mkdir(pictures, { recursive: true });
  const demo = await openDemo(browser, server.origin, device, 8);

  await report.test(`${run}: page: summarize`, async () => {
    needModel('smollm2-135m-instruct');
    const result = await summarize(demo, bees, { words: 8 });
    assert.ok(looksLikeText(result.text), result.text);
    assert.match(result.text, /bee|danc|flower|hive/i);
    assert.ok(result.backend.startsWith(names[device]), result.backend);
    assert.match(result.speed, /tokens\/s/);
    assert.match(result.memory, /MB/);
    return JSON.stringify(result.text);
  });

  await report.test(`${run}: page: search`, async () => {
    needModel('all-minilm-l6-v2');
    // None of the query's words are in the passage that answers it.
    const text = 'The kettle is on the stove.\n\nA cat sleeps on the sofa. The radio is off.\n\nTaxes are due in April.';
    const { hits, backend } = await search(demo, 'a resting animal', { text });
    assert.equal(hits.length, 3);
    assert.match(hits[0].text, /cat/);
    assert.equal(hits[0].marked, 'A cat sleeps on the sofa.');
    assert.ok(hits.every((hit, index) => index === 0 || hit.score <= hits[index - 1].score));
    assert.ok(backend.startsWith(names[device]), backend);
  });

  await report.test(`${run}: page: search ranks while typing`, async () => {
    needModel('all-minilm-l6-v2');
    await demo.getByLabel('What are you looking for?').fill('');
    await demo.getByLabel('What are you looking for?').pressSequentially('money for the state');
    await demo.locator('[data-hits] li:first-child', { hasText: 'Taxes' }).waitFor({ timeout: 30_000 });
  });

  await report.test(`${run}: page: chat`, async () => {
    needModel('smollm2-135m-instruct');
    const result = await chat(demo, 'What is the capital of France?');
    assert.ok(looksLikeText(result.text), result.text);
    assert.match(result.text, /Paris/);
    return JSON.stringify(result.text);
  });
  if (device === 'wasm') await moderatePage({ report, browser, server, demo });
  if (device === 'wasm') await looks({ report, browser, server, demo });

  await report.test(`${run}: page: no policy violation, no error in the console`, async () => {
    assert.deepEqual(browser.violations, []);
    assert.deepEqual(browser.complaints, []);
  });
  await demo.close();
}

/** What does not depend on the backend. */
async function looks({ report, browser, server, demo }) {
  await report.test('page: keyboard only', async () => {
    needModel('smollm2-135m-instruct');
    const page = await openDemo(browser, server.origin, 'wasm', 6);
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'tab-summarize');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', 'focus is visible');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'tab-moderate');
    await page.keyboard.press('Home');
    await page.keyboard.press('End');
    assert.equal(await page.locator('#moderate').isVisible(), true);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.locator('#chat').isVisible(), true);
    for (let step = 0; (await focused()) !== 'chat-message'; step += 1) {
      assert.ok(step < 5, 'the message box is a few tabs away');
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Say hello.');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#chat .turns')?.ariaBusy === 'false', undefined, { timeout: 120_000 });
    assert.match(await page.locator('.turn').last().innerText(), /\w/);
    assert.equal(await focused(), 'chat-message', 'the focus stays where one writes');
    await page.close();
  });

  await report.test('page: a message without a model server says what to do', async () => {
    const page = await browser.open(`${server.origin}/bare/?device=wasm`);
    await page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      for await (const name of folder.keys()) await folder.removeEntry(name, { recursive: true });
    });
    await page.getByRole('button', { name: 'Summarize' }).click();
    const error = page.locator('#summarize [data-error]');
    await error.waitFor({ timeout: 30_000 });
    const text = await error.textContent();
    assert.match(text, /cargo xtask models/);
    // The missing file shows up in the console by design; it is not a fault of the page.
    browser.complaints.length = 0;
    await page.close();
    return text;
  });

  for (const [name, width, colorScheme] of [
    ['light', 1120, 'light'],
    ['dark', 1120, 'dark'],
    ['phone-light', 360, 'light'],
    ['phone-dark', 360, 'dark'],
  ]) {
    await report.test(`page: ${name}, ${width} px wide`, async () => {
      await demo.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await demo.setViewportSize({ width, height: 800 });
      for (const tab of ['Summarize', 'Search', 'Chat', 'Moderate']) {
        await demo.getByRole('tab', { name: tab }).click();
        const { scroll, client } = await demo.evaluate(() => {
          const { scrollWidth: scroll, clientWidth: client } = document.documentElement;
          return { scroll, client };
        });
        assert.ok(scroll <= client, `${tab}: ${scroll} px of content on ${client} px`);
        await demo.screenshot({ path: join(pictures, `${name}-${tab.toLowerCase()}.png`), fullPage: true });
      }
      const { paper, ink } = await demo.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body);
        const light = (value) => value.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
        return { paper: light(backgroundColor), ink: light(color) };
      });
      assert.equal(paper > ink, colorScheme === 'light');
    });
  }
}
