/**
 * Elements without markup strings: text only ever becomes text nodes, so nothing needs escaping.
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes
 */

const SVG = 'http://www.w3.org/2000/svg';

/** @param {Element} element @param {Attributes} attributes @param {readonly Child[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child || child === '') element.append(child);
}

/**
 * An HTML element. A function among the attributes listens to the event of that name.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/**
 * The element of index.html with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element;
}

/** What a control is known by, across a redraw. @param {Element} control */
function controlName(control) {
  return control.id || control.getAttribute('aria-label') || control.textContent;
}

/**
 * Replaces the content of a place; the control that had the focus has it again afterwards.
 * @param {Element} place
 * @param {...Child} children
 */
export function redraw(place, ...children) {
  const focused = document.activeElement;
  const name = focused !== null && place.contains(focused) ? controlName(focused) : undefined;
  place.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  if (name === undefined) return;
  const again = [...place.querySelectorAll('button, select, input')].find((control) => controlName(control) === name);
  if (again instanceof HTMLElement) again.focus();
}

/** Copies text, and says so on the button for a moment. @param {string} text */
export function copyButton(text) {
  const button = h('button', { type: 'button', class: 'quiet' }, 'Copy');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return button;
}
