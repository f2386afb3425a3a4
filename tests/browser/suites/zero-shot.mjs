import assert from 'node:assert/strict';
import { needModel } from '../report.mjs';

/** Easy texts, each with its label. */
const texts = [
  ['The striker scored twice in the second half.', 'sports'],
  ['Whisk the eggs, then fold in the flour.', 'cooking'],
  ['My laptop will not boot after the update.', 'computers'],
  ['She won the marathon in just over two hours.', 'sports'],
  ['Simmer the onions until they are soft.', 'cooking'],
];

/** Labels without training, with an embedding model and with a language model. */
export async function zeroShot({ report, browser, server, run, device }) {
  const page = await browser.open(`${server.origin}/test/`);
  for (const model of ['all-minilm-l6-v2', 'smollm2-135m-instruct']) {
    await report.test(`${run}: zero-shot labels of easy texts, by ${model}`, async () => {
      needModel(model);
      await page.waitForFunction(() => globalThis.ready);
      const found = await page.evaluate(
        async ({ device, model, texts }) => {
          const labels = ['sports', 'cooking', 'computers'];
          const classifier = await lib.ZeroShotClassifier.create({ device, model, labels });
          const scores = await classifier.classify(texts);
          classifier.destroy();
          return scores;
        },
        { device, model, texts: texts.map(([text]) => text) },
      );
      for (const [index, scores] of found.entries()) {
        const [text, label] = texts[index];
        assert.equal(scores[0].label, label, `${text}: ${JSON.stringify(scores)}`);
        assert.ok(Math.abs(scores.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-6);
      }
      return found.map(([{ label, score }]) => `${label} ${score.toFixed(2)}`).join(', ');
    });
  }
  await page.close();
}
