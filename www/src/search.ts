import { cosineSimilarity, Embedder } from 'rushlight';
import { element, part } from './dom.ts';
import type { Models } from './models.ts';
import { passages, sentences } from './passages.ts';
import { letter } from './samples.ts';
import { Tool } from './tool.ts';
import { afterPause } from './typing.ts';

const shown = 5;
/** In the best few passages the closest sentence is marked. */
const marked = 3;

interface Hit {
  text: string;
  score: number;
}

/** Search by meaning: passages and query become vectors, and the nearest passages win. Ranks while the query is typed. */
export function startSearch(root: HTMLElement, models: Models): void {
  const query = part(root, '[name=query]', HTMLInputElement);
  const text = part(root, '[name=text]', HTMLTextAreaElement);
  const list = part(root, '[data-hits]', HTMLElement);
  const hint = part(root, '[data-hint]', HTMLElement);
  const count = part(root, '[data-count]', HTMLElement);
  const vectors = new Map<string, Float32Array>();
  let ready = false;
  text.value = letter;

  const tool = new Tool(root, models, 'search', async (signal) => {
    const question = query.value.trim();
    const parts = passages(text.value);
    if (parts.length === 0 || question === '') {
      tool.fail(question === '' ? 'Write what you are looking for.' : 'There is no text to search: paste some above.');
      return;
    }
    const embedder = await tool.get('search', signal, (options) => Embedder.create(options));
    ready = true;
    const started = performance.now();
    const fresh = await learn(embedder, [question, ...parts], signal);
    const hits = rank(question, parts).slice(0, shown);
    // Where a passage is one sentence a mark says nothing, except that it is the best.
    const candidates = hits.slice(0, marked).map((hit, index) => {
      const parts = sentences(hit.text);
      return index === 0 || parts.length > 1 ? parts : [];
    });
    await learn(embedder, candidates.flat(), signal);
    list.replaceChildren(...hits.map((hit, index) => row(hit, closest(question, candidates[index] ?? []))));
    hint.hidden = true;
    count.textContent = `${parts.length} passages ranked in ${Math.round(performance.now() - started)} ms`;
    const rate = embedder.stats?.prefillTokensPerSecond;
    if (fresh > 0 && rate) models.status.speed(`${rate.toFixed(0)} tokens/s read`);
    await tool.tell(embedder);
  });

  /** Embeds what has no vector yet; returns how many texts that were. */
  async function learn(embedder: Embedder, texts: string[], signal: AbortSignal): Promise<number> {
    const missing = [...new Set(texts)].filter((item) => !vectors.has(item));
    const learned = await embedder.embed(missing, { signal });
    missing.forEach((item, index) => vectors.set(item, learned[index] ?? new Float32Array(embedder.dimensions)));
    return missing.length;
  }

  function rank(question: string, texts: string[]): Hit[] {
    const target = vectors.get(question) ?? [];
    return texts
      .map((item) => ({ text: item, score: cosineSimilarity(target, vectors.get(item) ?? []) }))
      .sort((left, right) => right.score - left.score);
  }

  function closest(question: string, options: string[]): string | undefined {
    return rank(question, options)[0]?.text;
  }

  // Only once the model is there: typing alone never starts a download.
  function live(): void {
    if (!ready || query.value.trim() === '') return;
    if (tool.busy) later();
    else tool.form.requestSubmit();
  }

  const later = afterPause(live);
  query.addEventListener('input', later);
  models.onReset(() => {
    ready = false;
    vectors.clear();
  });
}

function row(hit: Hit, best: string | undefined): HTMLElement {
  const item = element('li');
  const score = element('div', 'score', hit.score.toFixed(2));
  score.style.setProperty('--score', String(Math.max(0, hit.score)));
  const words = element('p');
  const at = best === undefined ? -1 : hit.text.indexOf(best);
  if (best === undefined || at < 0) words.textContent = hit.text;
  else words.append(hit.text.slice(0, at), element('mark', '', best), hit.text.slice(at + best.length));
  item.append(score, words);
  return item;
}
