/** Markup that shows nothing: the whole of it, and the text inside. */
export interface HiddenMarkup {
  start: number;
  end: number;
  from: number;
  to: number;
}

const TAG = /<(\/?)([a-z][a-z0-9-]*)((?:[\s/][^<>]*)?)>/gi;
const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;
const NEVER_SHOWN = /^(?:script|style|template)$/;
const STYLE = /\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s"']+)/i;
const HIDDEN_STYLE =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0*(?:\.0+)?(?:px|pt|r?em|%)?\s*(?:[;!"']|$)|opacity\s*:\s*0*(?:\.0+)?\s*(?:[;!"']|$)|(?<![-\w])color\s*:\s*transparent|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}px/i;
const WHITE = /(?<![-\w])color\s*:\s*(?:#fff(?:fff)?|white)\b/i;
const ON_WHITE = /background(?:-color)?\s*:\s*(?:#fff(?:fff)?|white)\b/i;

/** HTML comments, elements with the `hidden` attribute or a style that hides them, scripts and style sheets. */
export function hiddenMarkup(text: string): HiddenMarkup[] {
  return text.includes('<') ? [...comments(text), ...elements(text)] : [];
}

function comments(text: string): HiddenMarkup[] {
  const found: HiddenMarkup[] = [];
  for (let start = text.indexOf('<!--'); start >= 0; ) {
    const to = text.indexOf('-->', start + 4);
    if (to < 0) break;
    found.push({ start, end: to + 3, from: start + 4, to });
    start = text.indexOf('<!--', to + 3);
  }
  return found;
}

/** One pass over all tags, whatever they are: text from strangers may consist of nothing but tags that never close. */
function elements(text: string): HiddenMarkup[] {
  const found: HiddenMarkup[] = [];
  /** By name, the elements that are open. Without an end tag nobody can say how much one hides. */
  const open = new Map<string, { start: number; from: number; hides: boolean }[]>();
  for (const { index, 0: tag, 1: slash, 2: name = '', 3: attributes = '' } of text.matchAll(TAG)) {
    const key = name.toLowerCase();
    if (slash === '/') {
      const element = open.get(key)?.pop();
      if (element?.hides === true) found.push({ start: element.start, end: index + tag.length, from: element.from, to: index });
    } else if (!VOID.test(key) && !attributes.endsWith('/')) {
      const element = { start: index, from: index + tag.length, hides: isHidden(key, attributes) };
      const others = open.get(key);
      if (others === undefined) open.set(key, [element]);
      else others.push(element);
    }
  }
  return found;
}

function isHidden(name: string, attributes: string): boolean {
  if (NEVER_SHOWN.test(name)) return true;
  const style = STYLE.exec(attributes)?.[1] ?? '';
  if (HIDDEN_STYLE.test(style) || (WHITE.test(style) && ON_WHITE.test(style))) return true;
  return /\shidden(?=[\s=/]|$)/i.test(attributes.replace(/"[^"]*"|'[^']*'/g, '""'));
}
