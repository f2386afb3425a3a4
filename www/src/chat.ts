import { LanguageModel } from 'rushlight';
import { element, part } from './dom.ts';
import type { Models } from './models.ts';
import { settings } from './settings.ts';
import { show } from './streaming.ts';
import { Tool } from './tool.ts';

/** Chat: one conversation, kept by the language model; it ends with the page or with "New conversation". */
export function startChat(root: HTMLElement, models: Models): void {
  const turns = part(root, '[data-turns]', HTMLElement);
  const message = part(root, '[name=message]', HTMLTextAreaElement);
  const clear = part(root, '[name=clear]', HTMLButtonElement);
  message.value = 'Why is the sky blue?';

  const tool = new Tool(root, models, 'chat', async (signal) => {
    const question = message.value.trim();
    if (question === '') {
      tool.fail('Write a message first.');
      return;
    }
    const model = await tool.get('chat', signal, (options) => LanguageModel.create(options));
    message.value = '';
    const answer = element('div', 'turn');
    turns.append(element('div', 'turn user', question), answer);
    const stream = model.promptStreaming(question, { signal, ...settings.sampling });
    try {
      await show(stream, answer, models.status);
    } finally {
      if (answer.textContent === '') answer.textContent = '(no answer)';
    }
    await tool.tell(model);
  });

  message.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    tool.form.requestSubmit();
  });

  const restart = (): void => {
    tool.stop();
    models.forget('chat');
    turns.replaceChildren();
  };
  clear.addEventListener('click', () => {
    restart();
    message.focus();
  });
  models.onReset(restart);
}
