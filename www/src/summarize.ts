import { Summarizer } from 'rushlight';
import type { SummarizerLength, SummarizerType } from 'rushlight';
import { part } from './dom.ts';
import type { Models } from './models.ts';
import { article } from './samples.ts';
import { show } from './streaming.ts';
import { Tool } from './tool.ts';

/** Summarize: the text goes in, the summary streams out. */
export function startSummarize(root: HTMLElement, models: Models): void {
  const text = part(root, '[name=text]', HTMLTextAreaElement);
  const kind = part(root, '[name=type]', HTMLSelectElement);
  const size = part(root, '[name=length]', HTMLSelectElement);
  const output = part(root, '[data-output]', HTMLElement);
  text.value = article;

  const tool = new Tool(root, models, 'summarize', async (signal) => {
    if (text.value.trim() === '') {
      tool.fail('There is no text yet: paste some above.');
      return;
    }
    output.replaceChildren();
    const type = kind.value as SummarizerType;
    const length = size.value as SummarizerLength;
    const summarizer = await tool.get(`summarize ${type} ${length}`, signal, (options) =>
      Summarizer.create({ ...options, type, length, format: 'plain-text' }),
    );
    await show(summarizer.summarizeStreaming(text.value, { signal }), output, models.status);
    await tool.tell(summarizer);
  });
}
