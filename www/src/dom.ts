/** The one element that matches; the page is fixed, so a missing part is a mistake in `index.html`. */
export function part<E extends Element>(root: ParentNode, selector: string, kind: abstract new () => E): E {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`index.html lacks ${selector}`);
  return found;
}

/** An element with a class and a text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
