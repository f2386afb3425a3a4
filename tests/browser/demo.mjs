/** Drives the demo page the way a reader does: by labels, buttons and keys. */

/** Opens the page on a backend; `tokens` keeps the answers of the chat short. They are the likeliest ones, no chance in it. */
export async function openDemo(browser, origin, device, tokens = 24) {
  const page = await browser.open(`${origin}/?device=${device}&tokens=${tokens}&temperature=0`);
  await page.getByRole('tab', { name: 'Summarize' }).waitFor();
  return page;
}

/** Waits until the tool in `part` is done; throws what the page shows as an error. */
async function finished(part, limit) {
  // The button is off from the click on, so an enabled one means done.
  await part.locator('[type=submit]:enabled').waitFor({ timeout: limit });
  const error = part.locator('[data-error]');
  if (await error.isVisible()) throw new Error(`the page says: ${await error.textContent()}`);
}

/** Summarizes `text`. With `words`, presses Stop after so many. */
export async function summarize(page, text, { words = Infinity, limit = 240_000 } = {}) {
  await page.getByRole('tab', { name: 'Summarize' }).click();
  const panel = page.locator('#summarize');
  await panel.getByLabel('Text to summarize').fill(text);
  await panel.getByRole('button', { name: 'Summarize' }).click();
  if (words < Infinity) {
    const enough = (count) => {
      const written = document.querySelector('[data-output]').textContent.trim().split(/\s+/).length;
      return written >= count || document.querySelector('#summarize [type=submit]:enabled') !== null;
    };
    await page.waitForFunction(enough, words, { timeout: limit, polling: 100 });
    const stop = panel.getByRole('button', { name: 'Stop' });
    // It may have ended by itself just now.
    await stop.click({ timeout: 1_000 }).catch(() => undefined);
  }
  await finished(panel, limit);
  return { text: await panel.locator('[data-output]').innerText(), ...(await facts(page)) };
}

/** Searches the page's sample text; returns the hits, best first. */
export async function search(page, query, { text, limit = 240_000 } = {}) {
  await page.getByRole('tab', { name: 'Search' }).click();
  const panel = page.locator('#search');
  if (text !== undefined) await panel.getByLabel('Text to search').fill(text);
  await panel.getByLabel('What are you looking for?').fill(query);
  await panel.getByRole('button', { name: 'Search' }).click();
  await finished(panel, limit);
  const hits = await panel.locator('[data-hits] li').evaluateAll((items) =>
    items.map((item) => ({
      score: Number(item.querySelector('.score').textContent),
      text: item.querySelector('p').textContent,
      marked: item.querySelector('mark')?.textContent ?? '',
    })),
  );
  return { hits, ...(await facts(page)) };
}

/** Sends one message; returns the answer. */
export async function chat(page, message, { limit = 240_000 } = {}) {
  await page.getByRole('tab', { name: 'Chat' }).click();
  const panel = page.locator('#chat');
  await panel.getByLabel('Your message').fill(message);
  await panel.getByRole('button', { name: 'Send' }).click();
  await finished(panel, limit);
  return { text: await panel.locator('.turn').last().innerText(), ...(await facts(page)) };
}

/** Moderates `text` with a press of the button; returns the verdict, the scores by label, and what is marked. */
export async function moderate(page, text, { limit = 240_000 } = {}) {
  await page.getByRole('tab', { name: 'Moderate' }).click();
  const panel = page.locator('#moderate');
  await panel.getByLabel('Text to moderate').fill(text);
  await panel.getByRole('button', { name: 'Moderate' }).click();
  await finished(panel.locator('form').first(), limit);
  return { ...(await judged(page)), ...(await facts(page)) };
}

/** What the page shows of a moderated text: the live region, the meters, the marks. */
export async function judged(page) {
  const panel = page.locator('#moderate');
  const rows = await panel.locator('[data-meters] li').evaluateAll((items) =>
    items.map((item) => ({
      label: item.querySelector('label').textContent,
      score: item.querySelector('meter').value,
      shown: item.querySelector('.number').textContent,
      word: item.querySelector('.word').textContent,
    })),
  );
  return {
    verdict: await panel.locator('[data-verdict]').innerText(),
    rows,
    flagged: rows.filter(({ word }) => word === 'flagged').map(({ label }) => label),
    marks: await panel.locator('[data-causes] mark').allInnerTexts(),
    time: await panel.locator('[data-timing]').innerText(),
  };
}

/** Sends the sample reply, or an answer of the chat model, through the guard. With `words`, presses Stop after so many. */
export async function guarded(page, mode, { source = 'sample', words = Infinity, limit = 240_000 } = {}) {
  await page.getByRole('tab', { name: 'Moderate' }).click();
  const part = page.locator('[data-guard]');
  await part.getByRole('combobox', { name: 'Stream' }).selectOption(source);
  await part.getByLabel(mode).check();
  await part.getByRole('button', { name: 'Guard' }).click();
  if (words < Infinity) {
    const enough = (count) => document.querySelector('[data-guard] [data-output]').textContent.trim().split(/\s+/).length >= count;
    await page.waitForFunction(enough, words, { timeout: limit, polling: 50 });
    await part.getByRole('button', { name: 'Stop' }).click();
  }
  await finished(part, limit);
  return {
    text: await part.locator('[data-output]').innerText(),
    marks: await part.locator('[data-output] mark').allInnerTexts(),
    told: await part.locator('[data-told]').innerText(),
    ...(await facts(page)),
  };
}

/** What the page says of the machine. */
export async function facts(page) {
  const names = ['backend', 'reason', 'model', 'speed', 'memory'];
  const entries = await Promise.all(names.map(async (name) => [name, await page.locator(`[data-field=${name}]`).innerText()]));
  return Object.fromEntries(entries);
}

/** English enough: words of letters, and not one piece over and over. */
export function looksLikeText(text) {
  const words = text.toLowerCase().match(/\p{L}{2,}/gu) ?? [];
  const letters = (text.match(/[\p{L}\p{N}\p{P}\s]/gu) ?? []).length;
  return words.length >= 3 && new Set(words).size >= Math.min(words.length, 30) / 3 && letters / text.length > 0.95;
}
