/**
 * `node demo-check.mjs <address>`: opens a served demo page in headless Chromium and uses every tool, on both backends,
 * with the default models. Prints the texts, the backend and the speed; exits non-zero if anything failed.
 */
import { launch } from './browser.mjs';
import { chat, guarded, looksLikeText, moderate, openDemo, search, summarize } from './demo.mjs';

const origin = process.argv[2]?.replace(/\/$/, '');
if (!origin) {
  console.error('usage: node demo-check.mjs <address of the page>');
  process.exit(2);
}

const article =
  'Honey bees tell each other where flowers are by dancing. A bee that has found food returns to the hive and walks ' +
  'in a figure of eight. The angle of her walk shows the direction to fly, measured from the sun, and the longer she ' +
  'shakes her body, the farther away the flowers are.';
const passages = [
  'The kettle is on the stove and the water is nearly boiling.',
  'A cat sleeps on the sofa in the afternoon sun.',
  'Taxes are due at the end of April.',
].join('\n\n');

/** Chromium's WebGPU runs on one CPU core here, about a second a token: answers are kept short there. */
const short = { wasm: { words: 60, tokens: 32 }, webgpu: { words: 12, tokens: 12 } };
const names = { wasm: 'CPU (Wasm)', webgpu: 'WebGPU' };
let failures = 0;

for (const device of ['wasm', 'webgpu']) {
  const { words, tokens } = short[device];
  const browser = await launch({ backend: device });
  console.log(`\n${names[device]} (Chromium ${browser.version})`);
  const page = await openDemo(browser, origin, device, tokens);

  await step('summarize', async () => {
    const result = await summarize(page, article, { words, limit: 540_000 });
    const about = /bee|danc|flower|hive|nectar/i.test(result.text);
    if (!about || !looksLikeText(result.text)) throw new Error(`this is no summary: ${JSON.stringify(result.text)}`);
    return result;
  });
  await step('search', async () => {
    const result = await search(page, 'a resting animal', { text: passages, limit: 300_000 });
    const order = result.hits.map(({ score, text }) => `${score.toFixed(2)} ${text}`).join('\n');
    if (!result.hits[0]?.text.includes('cat')) throw new Error(`the cat is not first:\n${order}`);
    return { ...result, text: order };
  });
  await step('chat', async () => {
    const result = await chat(page, 'What is the capital of France?', { limit: 540_000 });
    const about = /Paris/.test(result.text);
    if (!about || !looksLikeText(result.text)) throw new Error(`this is no answer: ${JSON.stringify(result.text)}`);
    return result;
  });
  await step('moderate', async () => {
    const lines = [];
    for (const [text, flagged] of [['The weather is lovely today.', false], ['You are an idiot.', true]]) {
      const result = await moderate(page, text, { limit: 300_000 });
      lines.push(`${text} ${result.verdict}; ${result.time}`);
      if (result.flagged.length > 0 !== flagged) throw new Error(lines.join('\n'));
    }
    const { text, told, ...facts } = await guarded(page, 'Redact it', { limit: 300_000 });
    if (!text.includes('[…]') || text.includes('idiot')) throw new Error(`this is not redacted: ${JSON.stringify(text)}`);
    return { ...facts, text: [...lines, text, told].join('\n') };
  });
  await step('rules', async () => {
    const broken = [...browser.violations, ...browser.complaints, ...browser.outside.map((host) => `asked ${host}`)];
    if (broken.length > 0) throw new Error(broken.join('\n'));
    return undefined;
  });
  await browser.close();

  async function step(name, work) {
    const started = performance.now();
    try {
      const result = await work();
      const time = `${((performance.now() - started) / 1000).toFixed(1)} s`;
      if (result === undefined) {
        console.log(`  ok ${name}`);
        return;
      }
      if (!result.backend.startsWith(names[device])) throw new Error(`it ran on ${result.backend}`);
      console.log(`  ok ${name} in ${time}: ${result.backend}; ${result.speed}; ${result.memory}`);
      for (const line of result.text.split('\n')) console.log(`     | ${line}`);
    } catch (error) {
      failures += 1;
      console.log(`  FAILED ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

console.log(failures === 0 ? '\nEverything works on both backends.' : `\n${failures} checks failed.`);
process.exitCode = failures === 0 ? 0 : 1;
