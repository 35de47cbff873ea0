// What the modules of the console share.

import { grouped, make, time } from "./chart.js";

export const $ = (id) => document.getElementById(id);
export const some = (value) => value !== null && value !== undefined;
export const plural = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
/** Milliseconds as time() shows them. */
export const shown = (milliseconds) => (milliseconds === 0 ? "0 ms" : time(milliseconds * 1e6));

/** Makes a node look like another one. What does not differ is not touched, so what somebody has selected stays selected. */
function become(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.childNodes.length !== fresh.childNodes.length) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const parts = [...fresh.childNodes];
  [...old.childNodes].forEach((child, index) => become(child, parts[index]));
}

/** Gives an element other children, of which it keeps those that are the same. */
export function update(parent, ...children) {
  if (parent.childNodes.length !== children.length) return parent.replaceChildren(...children);
  [...parent.childNodes].forEach((child, index) => become(child, children[index]));
}

/** What a tab shows instead of a list. */
export const empty = (title, text) => make("div", { class: "panel empty" }, make("b", {}, title), text);

/** Bytes as the JSON of the log has them: text, or base64 where they are not UTF-8. */
export const textOf = (object, name) => object[name] ?? (some(object[`${name}64`]) ? `base64:${object[`${name}64`]}` : "");

/** Buttons of which one is chosen. */
export const choice = (name, label, options, value, choose) => {
  const group = make("span", { class: "choice", role: "radiogroup", "aria-label": label });
  for (const [key, text] of options) {
    const input = make("input", { type: "radio", name, value: key });
    input.checked = key === value;
    input.addEventListener("change", () => choose(key));
    group.append(make("label", {}, input, text));
  }
  return group;
};
