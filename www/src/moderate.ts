import { Moderator } from 'rushlight';
import type { Moderation } from 'rushlight';
import { marked, merged } from './causes.ts';
import { part } from './dom.ts';
import { explain } from './errors.ts';
import { startGuard } from './guard.ts';
import { listed } from './labels.ts';
import { LimitControls } from './limits.ts';
import { Meters } from './meters.ts';
import type { Models } from './models.ts';
import { comments } from './samples.ts';
import { Tool } from './tool.ts';
import { afterPause } from './typing.ts';

/** Moderate: a text goes in, scores by label come out; once the model is there, while it is typed. */
export function startModerate(root: HTMLElement, models: Models): void {
  const text = part(root, '[name=text]', HTMLTextAreaElement);
  const sample = part(root, '[name=sample]', HTMLSelectElement);
  const verdict = part(root, '[data-verdict]', HTMLElement);
  const timing = part(root, '[data-timing]', HTMLElement);
  const causes = part(root, '[data-causes]', HTMLElement);
  const meters = new Meters(part(root, '[data-meters]', HTMLElement));
  const controls = new LimitControls(root, () => {
    meters.limits = controls.limits;
    live();
  });
  const hint = timing.textContent;
  let moderator: Moderator | undefined;
  let latest = new AbortController();
  meters.limits = controls.limits;

  const tool = new Tool(root, models, 'moderate', async (signal) => {
    if (text.value.trim() === '') {
      tool.fail('There is no text yet: write some above.');
      return;
    }
    moderator = await tool.get('moderate', signal, (options) => Moderator.create(options));
    await read(moderator, signal);
    await tool.tell(moderator);
  });

  /** Scores what is in the box; a newer call ends this one. */
  async function read(model: Moderator, signal?: AbortSignal): Promise<void> {
    latest.abort();
    const own = (latest = new AbortController());
    const input = text.value;
    const started = performance.now();
    try {
      const options = { ...controls.policy, surface: controls.surface, explain: true };
      const ended = AbortSignal.any([own.signal, ...(signal ? [signal] : [])]);
      const found = await model.moderate(input, { ...options, signal: ended });
      if (own.signal.aborted) return;
      tool.fail('');
      const time = `${found.tokens} tokens read in ${Math.round(performance.now() - started)} ms`;
      timing.textContent = input.trim() === '' ? 'Write something.' : time;
      models.status.speed(time);
      show(input, input.trim() === '' ? undefined : found);
    } catch (error) {
      if (!own.signal.aborted) throw error;
    }
  }

  function show(input: string, found: Moderation | undefined): void {
    meters.show(found);
    const words = found === undefined ? '' : found.flagged ? `Flagged: ${listed(found.categories)}` : 'Nothing flagged';
    // A live region: it speaks when the verdict changes, not at each key.
    if (verdict.textContent !== words) verdict.textContent = words;
    verdict.classList.toggle('flagged', found?.flagged === true);
    if (found?.flagged) causes.replaceChildren(marked(input, merged(found.spans ?? [])));
    else causes.replaceChildren();
  }

  // Only once the model is there: typing alone never starts a download.
  function live(): void {
    if (moderator === undefined) return;
    if (tool.busy) later();
    else read(moderator).catch((error: unknown) => tool.fail(explain(error)));
  }

  sample.replaceChildren(...comments.map(({ title }) => new Option(title)), new Option('Your own text'));
  function take(): void {
    const chosen = comments[sample.selectedIndex];
    if (chosen === undefined) return;
    text.value = chosen.text;
    controls.surface = chosen.surface ?? 'comment';
    meters.limits = controls.limits;
    live();
  }
  take();
  sample.addEventListener('change', take);

  const later = afterPause(live);
  text.addEventListener('input', () => {
    sample.selectedIndex = comments.length;
    later();
  });
  models.onReset(() => {
    latest.abort();
    moderator = undefined;
    timing.textContent = hint;
    show('', undefined);
  });

  startGuard(part(root, '[data-guard]', HTMLElement), models, () => controls.policy);
}
