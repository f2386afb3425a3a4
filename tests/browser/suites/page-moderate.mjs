import assert from 'node:assert/strict';
import { guarded, judged, moderate, openDemo } from '../demo.mjs';
import { needModel } from '../report.mjs';

const insult = 'You are an idiot.';
const fine = 'The weather is lovely today.';
const model = 'minilm-moderation';

/** The tab "Moderate", on Wasm: nothing of it depends on the backend. `demo` is left with a flagged text and open thresholds. */
export async function moderatePage({ report, browser, server, demo }) {
  const panel = demo.locator('#moderate');
  const box = panel.getByLabel('Text to moderate');
  /** What the live region has said since the page was opened. */
  const said = () => demo.evaluate(() => globalThis.said);

  await report.test('page: moderate: typing starts no download, a press by keyboard does', async () => {
    needModel(model);
    const page = await openDemo(browser, server.origin, 'wasm');
    await page.evaluate(async () => {
      const folder = await navigator.storage.getDirectory();
      for await (const name of folder.keys()) await folder.removeEntry(name, { recursive: true });
    });
    await page.reload();
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent);
    await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'moderate-text');
    const note = page.locator('#moderate form').first().locator('[data-note]');
    await note.filter({ hasText: /^The first use downloads .*: \d+ MB, once\.$/ }).waitFor();
    const before = server.requests.length;
    await page.keyboard.press('Control+A');
    await page.keyboard.type(insult);
    await page.waitForTimeout(500);
    assert.deepEqual(server.log('/models/', before), []);
    for (let step = 0; (await focused()) !== 'Moderate'; step += 1) {
      assert.ok(step < 5, 'the button is a few tabs away');
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('#moderate [data-verdict]', { hasText: 'Flagged' }).waitFor();
    await page.locator('#moderate form').first().locator('[type=submit]:enabled').waitFor();
    assert.equal(await focused(), 'Moderate', 'the focus is back where the press was');
    assert.ok(server.log('/models/', before).length > 0);
    const text = await note.textContent();
    await page.close();
    return text;
  });

  await report.test('page: moderate: a verdict in words, and marks that are never HTML', async () => {
    needModel(model);
    await demo.evaluate(() => {
      const region = document.querySelector('[data-verdict]');
      globalThis.said = [];
      new MutationObserver(() => globalThis.said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
    });
    const calm = await moderate(demo, fine);
    assert.deepEqual([calm.verdict, calm.flagged, calm.marks], ['Nothing flagged', [], []]);
    assert.ok(calm.backend.startsWith('CPU (Wasm)'), calm.backend);
    const { verdict, flagged } = await moderate(demo, insult);
    assert.ok(flagged.includes('Harassment') || flagged.includes('Toxic'), verdict);
    assert.equal(verdict.toLowerCase(), `flagged: ${flagged.join(', ')}`.toLowerCase());
    // The word list finds this one, whatever is around it.
    const hostile = `<img src="x" onerror="globalThis.hurt = true"> <b>A f***ing good concert.</b>`;
    const { rows, marks } = await moderate(demo, hostile);
    assert.ok(marks.some((mark) => mark.startsWith('f***ing') && mark.includes('profanity')), marks.join(' | '));
    assert.ok(rows.every(({ score, shown }) => Math.abs(score - Number(shown)) <= 0.005));
    const shown = await panel.locator('[data-causes]').evaluate((box) => {
      for (const label of box.querySelectorAll('.label')) label.remove();
      return { text: box.textContent, others: box.querySelectorAll(':not(mark)').length };
    });
    assert.deepEqual(shown, { text: hostile, others: 0 });
    assert.equal(await demo.evaluate(() => globalThis.hurt), undefined);
    return verdict;
  });

  await report.test('page: moderate: scores follow while typing', async () => {
    needModel(model);
    await demo.evaluate(() => {
      const box = document.querySelector('#moderate [name=text]');
      box.addEventListener('input', () => (globalThis.lastKey = performance.now()));
      const time = document.querySelector('[data-timing]');
      new MutationObserver(() => (globalThis.scoredAt = performance.now())).observe(time, { childList: true });
    });
    await box.fill('');
    await panel.locator('[data-verdict]:empty').waitFor({ state: 'attached' });
    await box.pressSequentially(insult, { delay: 30 });
    await panel.locator('[data-verdict]', { hasText: 'Flagged' }).waitFor({ timeout: 30_000 });
    const { time } = await judged(demo);
    const wait = await demo.evaluate(() => Math.round(globalThis.scoredAt - globalThis.lastKey));
    await box.pressSequentially(' You idiot.', { delay: 250 });
    await demo.waitForFunction((old) => document.querySelector('[data-timing]').textContent.split(' ')[0] !== old, time.split(' ')[0]);
    await box.fill(fine);
    await panel.locator('[data-verdict]', { hasText: 'Nothing flagged' }).waitFor({ timeout: 30_000 });
    const heard = await said();
    assert.ok(heard.every((words, index) => words !== heard[index - 1]), `said twice: ${heard.join(' | ')}`);
    assert.deepEqual((await judged(demo)).marks, []);
    return `scores ${wait} ms after the last key, 150 of it a pause; ${time}`;
  });

  await report.test('page: moderate: samples, and the surface they are for', async () => {
    needModel(model);
    await panel.getByLabel('Sample').selectOption('An order hidden in a page');
    await panel.locator('[data-verdict]', { hasText: 'Flagged: prompt injection' }).waitFor();
    assert.equal(await panel.getByLabel('Text is').inputValue(), 'document');
    const { rows } = await judged(demo);
    assert.deepEqual(rows.filter(({ word }) => word !== 'off').map(({ label }) => label), ['Prompt injection']);
    await panel.getByLabel('Text is').selectOption('comment');
    await panel.locator('[data-verdict]', { hasText: 'Nothing flagged' }).waitFor();
  });

  await report.test('page: moderate: thresholds by keyboard', async () => {
    needModel(model);
    const { flagged } = await moderate(demo, insult);
    await panel.locator('summary').focus();
    await demo.keyboard.press('Enter');
    for (const label of flagged) {
      const slider = panel.getByLabel(`Threshold for ${label.toLowerCase()}`);
      await slider.focus();
      await demo.keyboard.press('End');
      assert.equal(await slider.inputValue(), '1');
    }
    await panel.locator('[data-verdict]', { hasText: 'Nothing flagged' }).waitFor();
    assert.equal(await panel.locator('[data-changed]').innerText(), `${flagged.length} changed`);
    // From the highest threshold to the lowest one: both are the visitor's.
    await demo.keyboard.press('Home');
    await panel.locator('[data-verdict]', { hasText: `Flagged: ${flagged.at(-1).toLowerCase()}` }).waitFor();
    await panel.getByRole('checkbox', { name: flagged.at(-1) }).focus();
    await demo.keyboard.press('Space');
    await panel.locator('[data-verdict]', { hasText: 'Nothing flagged' }).waitFor();
    await panel.getByRole('button', { name: 'Back to the preset' }).focus();
    await demo.keyboard.press('Enter');
    await panel.locator('[data-verdict]', { hasText: `Flagged: ${flagged.join(', ').toLowerCase()}` }).waitFor();
    assert.equal(await panel.locator('[data-changed]').innerText(), '');
  });

  await report.test('page: moderate: every control and every meter has a name', async () => {
    const nameless = await panel.evaluate((root) =>
      [...root.querySelectorAll('input, select, textarea, button, meter, progress')]
        .filter((control) => !control.labels?.[0]?.textContent.trim() && !control.ariaLabel && !control.textContent.trim())
        .map((control) => control.outerHTML),
    );
    assert.deepEqual(nameless, []);
    for (const label of ['Hate', 'Harassment', 'Violence', 'Sexual', 'Self-harm', 'Profanity', 'Prompt injection', 'Illicit', 'Toxic']) {
      const meter = panel.getByRole('meter', { name: label, exact: true });
      const { low, high, optimum, says } = await meter.evaluate(({ low, high, optimum, ariaValueText: says }) => ({ low, high, optimum, says }));
      assert.ok(optimum === 0 && low <= high && says.length > 0, label);
    }
  });

  await report.test('page: guard: redacts, stops, marks', async () => {
    needModel(model);
    const redacted = await guarded(demo, 'Redact it');
    assert.match(redacted.text, /^Thank you .* \[…\] It should arrive .* neighbour\.$/s);
    assert.match(redacted.told, /^1 sentence was flagged: \w/);
    const stopped = await guarded(demo, 'Stop before it');
    assert.match(stopped.text, /^Thank you .* \[The rest was flagged and is not shown\.\]$/s);
    const marked = await guarded(demo, 'Show it, marked');
    assert.match(marked.text, /idiot.*neighbour\.$/s);
    assert.equal(marked.marks.length, 1);
    assert.match(marked.marks[0], /^You are a complete idiot .*despises you\./);
    const cut = await guarded(demo, 'Redact it', { words: 3 });
    assert.doesNotMatch(cut.text, /neighbour/);
    return redacted.told;
  });

  await report.test('page: guard: an answer of the chat model', async () => {
    needModel(model);
    needModel('smollm2-135m-instruct');
    const { text, told } = await guarded(demo, 'Redact it', { source: 'chat' });
    assert.match(text, /\w/);
    assert.match(told, /flagged/);
    return JSON.stringify(text);
  });
}
