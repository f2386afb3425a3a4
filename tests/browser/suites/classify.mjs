import assert from 'node:assert/strict';
import { moderation, sample } from '../golden.mjs';
import { files } from '../paths.mjs';
import { needModel } from '../report.mjs';

const id = 'minilm-moderation';
const tolerance = 1e-3;

/** Scores of the reference texts, against those of the training code. */
export async function classify({ report, browser, server, run, device, full }) {
  const page = await browser.open(`${server.origin}/test/`);
  const { model, labels, rows } = moderation;
  const chosen = device === 'wasm' || full ? rows : sample(moderation);

  // Software adapters take seconds for a long text.
  await report.test(`${run}: moderation scores equal the training code's`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    // A file that is not the catalog's is refused.
    const listed = await page.evaluate((id) => lib.catalog[id].files, id);
    const { sha256 } = listed.find(({ path }) => path === files[id]);
    assert.equal(sha256, model, `${files[id]} is another model than the one that the golden is of`);
    const { info, found } = await page.evaluate(score, { device, id, texts: chosen.map(({ text }) => text) });
    assert.equal(info.device, device);
    assert.equal(found.length, chosen.length);
    let largest = 0;
    chosen.forEach(({ text, scores }, row) => {
      assert.equal(found[row].length, labels.length);
      labels.forEach((label, at) => {
        const { score } = found[row].find((classification) => classification.label === label);
        const difference = Math.abs(score - scores[at]);
        assert.ok(difference <= tolerance, `${label} is ${score}, not ${scores[at]}: ${JSON.stringify(text)}`);
        largest = Math.max(largest, difference);
      });
    });
    return `${chosen.length} texts, largest difference ${largest.toExponential(1)}`;
  }, Math.max(300_000, 4_000 * chosen.length));
  await page.close();
}

/** Runs in the page. */
async function score({ device, id, texts }) {
  const classifier = await lib.Classifier.create({ device, model: id });
  const found = await classifier.classify(texts);
  const info = classifier.info();
  classifier.destroy();
  return { info, found };
}
