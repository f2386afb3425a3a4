import assert from 'node:assert/strict';
import { cosine, minilm } from '../golden.mjs';
import { needModel } from '../report.mjs';

/** On the software adapter of CI, sentences up to this many tokens; all of them with `RUSHLIGHT_FULL=1`. */
const shortEnough = 64;
const leastCosine = { wasm: 0.99999, webgpu: 0.9999 };

/** Embeddings of the reference sentences, through the package and its worker. */
export async function embed({ report, browser, server, run, device, full }) {
  const page = await browser.open(`${server.origin}/test/`);
  const { sentences, input_ids: ids, embeddings } = minilm;
  const chosen = sentences.flatMap((_, index) => (full || device === 'wasm' || ids[index].length <= shortEnough ? [index] : []));
  const texts = chosen.map((index) => sentences[index]);

  await report.test(`${run}: embeddings equal the reference`, async () => {
    needModel('all-minilm-l6-v2');
    await page.waitForFunction(() => globalThis.ready);
    const { vectors, counts, dimensions, info, subgroups } = await page.evaluate(
      async ({ device, texts }) => {
        const embedder = await lib.Embedder.create({ device });
        kept.embedder = embedder;
        const counts = [];
        for (const text of texts) counts.push(await embedder.countTokens(text));
        const vectors = (await embedder.embed(texts)).map((vector) => [...vector]);
        const adapter = await globalThis.navigator.gpu?.requestAdapter();
        const subgroups = adapter?.features.has('subgroups');
        return { vectors, counts, dimensions: embedder.dimensions, info: embedder.info(), subgroups };
      },
      { device, texts },
    );
    assert.equal(info.device, device);
    if (device === 'webgpu') assert.equal(info.details.subgroups, String(subgroups), 'the device has what the adapter has');
    assert.equal(dimensions, 384);
    assert.equal(vectors.length, texts.length);
    let least = 1;
    chosen.forEach((index, at) => {
      const similarity = cosine(vectors[at], embeddings[index]);
      least = Math.min(least, similarity);
      assert.ok(similarity >= leastCosine[device], `sentence ${index}: cosine ${similarity}`);
    });
    // The count is of the whole text, the reference's ids end at 512.
    chosen.forEach((index, at) => {
      if (ids[index].length < 512) assert.equal(counts[at], ids[index].length, `tokens of sentence ${index}`);
    });
    return `${texts.length} sentences, least cosine ${least.toFixed(7)}`;
  });

  // The software adapter is never faster: what goes where is given, not learnt.
  if (device === 'webgpu') await report.test(`${run}: short texts go to the CPU where that is asked for`, async () => {
    needModel('all-minilm-l6-v2');
    const { same, other, similarity, routing } = await page.evaluate(async () => {
      const [routed, cpu] = [
        await lib.Embedder.create({ device: 'webgpu', routing: { wasmTokens: 8 } }),
        await lib.Embedder.create({ device: 'wasm' }),
      ];
      const both = async (text) => [await routed.embed(text), await cpu.embed(text)];
      const [short, shortCpu] = await both('a few words');
      const [long, longCpu] = await both('more words than that, and a second part of the sentence');
      const equal = (a, b) => a.every((x, index) => x === b[index]);
      const { routing } = routed.info().details;
      [routed, cpu].forEach((embedder) => embedder.destroy());
      return { same: equal(short, shortCpu), other: !equal(long, longCpu), similarity: lib.cosineSimilarity(long, longCpu), routing };
    });
    assert.equal(routing, 'calls of up to 8 tokens on wasm: as asked for');
    assert.ok(same, 'the short text was not computed on the CPU');
    assert.ok(other, 'the long text was not computed on the GPU');
    assert.ok(similarity > leastCosine.webgpu, `cosine ${similarity}`);
  });

  await report.test(`${run}: batched embeddings equal single ones`, async () => {
    needModel('all-minilm-l6-v2');
    const sample = texts.filter((_, at) => ids[chosen[at]].length <= shortEnough).slice(0, device === 'wasm' ? 25 : 6);
    const { batched, single } = await page.evaluate(async (sample) => {
      const batched = (await kept.embedder.embed(sample)).map((vector) => [...vector]);
      const single = [];
      for (const text of sample) single.push([...(await kept.embedder.embed(text))]);
      return { batched, single };
    }, sample);
    let worst = 0;
    batched.forEach((vector, at) => {
      vector.forEach((value, index) => (worst = Math.max(worst, Math.abs(value - single[at][index]))));
    });
    assert.ok(worst <= 1e-5, `they differ by ${worst}`);
    return `largest difference ${worst.toExponential(1)}`;
  });
  await page.close();
}
