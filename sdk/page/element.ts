/** The page's elements, by id. */
export function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as E;
}

/** Writes a text, or hides the element that has none. */
export function write(id: string, text: string | undefined): void {
  element(id).textContent = text ?? '';
  element(id).hidden = text === undefined;
}
