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

  await report.test(`${run}: moderation scores equal the training code's`, async () => {
    needModel(id);
    await page.waitForFunction(() => globalThis.ready);
    const { sha256, info, found } = await page.evaluate(score, { device, id, file: files[id], texts: chosen.map(({ text }) => text) });
    assert.equal(sha256, model, `${files[id]} is another model than the one that the golden is of`);
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
  });
  await page.close();
}

/** Runs in the page. The package has verified that the file is the catalog's. */
async function score({ device, id, file, texts }) {
  const classifier = await lib.Classifier.create({ device, model: id });
  const found = await classifier.classify(texts);
  const info = classifier.info();
  classifier.destroy();
  const { sha256 } = lib.catalog[id].files.find(({ path }) => path === file);
  return { sha256, info, found };
}
