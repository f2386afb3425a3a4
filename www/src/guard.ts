import { guard, LanguageModel, Moderator } from 'rushlight';
import type { GuardFlag, GuardMode, ModerationPolicy } from 'rushlight';
import { marked } from './causes.ts';
import { part } from './dom.ts';
import { inWords, labels } from './labels.ts';
import type { Models } from './models.ts';
import { reply } from './samples.ts';
import { settings } from './settings.ts';
import { show } from './streaming.ts';
import { Tool } from './tool.ts';

/** A word of the simulated reply takes so long, in milliseconds. */
const wordTime = 70;

/** Guard: a stream of text, of which only what was moderated is shown. */
export function startGuard(root: HTMLElement, models: Models, policy: () => ModerationPolicy): void {
  const source = part(root, '[name=source]', HTMLSelectElement);
  const prompt = part(root, '[name=prompt]', HTMLInputElement);
  const field = part(root, '[data-prompt]', HTMLElement);
  const submit = part(root, '[type=submit]', HTMLButtonElement);
  const output = part(root, '[data-output]', HTMLElement);
  const told = part(root, '[data-told]', HTMLElement);
  prompt.value = 'Write a short, rude letter from a pirate captain to his lazy crew.';

  const tool = new Tool(root, models, 'moderate', async (signal) => {
    output.replaceChildren();
    told.textContent = '';
    const moderator = await tool.get('moderate', signal, (options) => Moderator.create(options));
    const mode = part(root, '[name=mode]:checked', HTMLInputElement).value as GuardMode;
    const flags: GuardFlag[] = [];
    const session = source.value === 'chat' ? await begin(signal) : undefined;
    try {
      const answer = session?.promptStreaming(prompt.value, { signal, ...settings.sampling }) ?? slowly(reply);
      const message = '[The rest was flagged and is not shown.]';
      const guarded = guard(answer, moderator, { ...policy(), mode, message, signal, onFlag: (flag) => flags.push(flag) });
      await show(guarded, output, models.status, 'sentences');
    } finally {
      session?.destroy();
    }
    // In this mode the text is as it was sent, so the places of the flags are places in it.
    if (mode === 'flag') output.replaceChildren(marked(output.textContent ?? '', flags.map(cause)));
    told.textContent = summary(flags);
    await tool.tell(moderator);
  });

  /** A session that knows nothing of the answers before, nor of the chat. */
  async function begin(signal: AbortSignal): Promise<LanguageModel> {
    const model = await tool.get('guard', signal, (options) => LanguageModel.create(options), 'chat');
    return model.clone({ signal });
  }

  source.addEventListener('change', () => {
    const chat = source.value === 'chat';
    field.hidden = !chat;
    submit.textContent = chat ? 'Guard a generation' : 'Guard the reply';
    tool.tasks = chat ? ['moderate', 'chat'] : ['moderate'];
  });
  models.onReset(() => {
    output.replaceChildren();
    told.textContent = '';
  });
}

/** Word by word, as a server sends a text. */
function slowly(text: string): ReadableStream<string> {
  const words = text.match(/\S+\s*/g) ?? [];
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, wordTime));
      const word = words.shift();
      if (word === undefined) controller.close();
      else controller.enqueue(word);
    },
  });
}

function cause({ start, end, categories }: GuardFlag): { start: number; end: number; labels: typeof labels } {
  return { start, end, labels: labels.filter((label) => categories[label]) };
}

function summary(flags: GuardFlag[]): string {
  const found = new Set(flags.flatMap((flag) => cause(flag).labels));
  if (found.size === 0) return 'Nothing was flagged.';
  return `${flags.length} ${flags.length === 1 ? 'sentence was' : 'sentences were'} flagged: ${[...found].map(inWords).join(', ')}.`;
}
