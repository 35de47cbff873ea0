// The tab Keys: lists keys by prefix, shows a value, and changes it on the condition that nobody else has.

import { grouped, make, size, time } from "./chart.js";
import { choice, empty } from "./page.js";

/** The largest value that is shown without being asked for, and the largest that is shown as hexadecimal digits, in bytes. */
const shownSize = 64 << 10;
const pageSize = 100;

// MARK: Keys and values

/** A key of a listing: text, or its bytes where it is not UTF-8. */
function keyOf(item) {
  const text = typeof item === "string" ? item : item.key;
  if (text !== undefined) return { shown: text, path: encodeURIComponent(text) };
  const bytes = Uint8Array.from(atob(item.key64), (character) => character.charCodeAt(0));
  return { shown: `base64:${item.key64}`, path: Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("") };
}

/** The text of bytes; null if they are not UTF-8. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** JSON with a member on each line; null if it is none. The numbers stay as they are written: JavaScript's are less exact. */
export function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let depth = 0;
  let result = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "{" || token === "[") result += token + ((depth += 1), line());
    else if (token === "}" || token === "]") result = result.trimEnd().endsWith(token === "}" ? "{" : "[") ? ((depth -= 1), result.trimEnd() + token) : ((depth -= 1), result + line() + token);
    else result += token === "," ? `,${line()}` : token === ":" ? ": " : token;
  }
  return result;
}

/** Bytes as lines of offset, 16 bytes and their characters. */
export function hexadecimal(bytes) {
  const lines = [];
  for (let start = 0; start < Math.min(bytes.length, shownSize); start += 16) {
    const part = Array.from(bytes.subarray(start, start + 16));
    const digits = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${start.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("")}`);
  }
  if (bytes.length > shownSize) lines.push(`… ${grouped(bytes.length - shownSize)} bytes more`);
  return lines.join("\n");
}

// MARK: The tab

export function setUpKeys(root, { ask, reason }) {
  let cursor = null;
  let listing = 0;
  let isListing = false;
  let wasShown = false;
  let form = "text";
  let current = null;

  const prefix = make("input", { type: "search", "aria-label": "Prefix of the keys", placeholder: "Prefix, such as user:", spellcheck: "false", autocapitalize: "none" });
  const search = make("form", { class: "tools", role: "search" }, prefix, make("button", { type: "submit" }, "List"));
  const create = make("button", { type: "button" }, "New key");
  const list = make("ul", { class: "key-list", "aria-label": "Keys" });
  const progress = make("progress", { "aria-label": "Keys looked at" });
  const told = make("span", { role: "status" });
  const more = make("button", { type: "button" }, "More");
  const panel = make("div", { class: "panel value" });
  const dialog = make("dialog", { "aria-labelledby": "dialog-title" });
  search.append(create);
  root.append(make("div", { class: "keys" }, make("div", { class: "panel" }, search, list, make("div", { class: "foot" }, progress, told, more)), panel), dialog);
  panel.append(empty("No key chosen", "Choose one in the list, or make one."));

  // MARK: Listing

  search.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  more.addEventListener("click", () => (isListing ? (listing += 1) : proceed()));

  function begin() {
    cursor = null;
    list.replaceChildren();
    proceed();
  }

  /** Lists until a page is full. A rare prefix takes several answers, each with its progress. */
  async function proceed() {
    const own = (listing += 1);
    isListing = true;
    more.hidden = false;
    more.textContent = "Stop";
    let missing = pageSize;
    try {
      do {
        const query = new URLSearchParams({ prefix: prefix.value, limit: String(missing) });
        if (cursor) query.set("cursor", cursor);
        const answer = await ask(`/v1/keys?${query}`);
        if (own !== listing) break;
        if (!answer.ok) {
          told.textContent = await reason(answer);
          break;
        }
        const page = await answer.json();
        list.append(...page.keys.map(item));
        cursor = page.cursor;
        missing -= page.keys.length;
        progress.max = Math.max(page.of, 1);
        progress.value = cursor ? page.looked_at : progress.max;
        const count = list.childElementCount;
        told.textContent = count || cursor ? `${grouped(count)} key${count === 1 ? "" : "s"}${cursor ? `, looked at ${grouped(page.looked_at)} of ${grouped(page.of)}` : ""}` : "No key like that";
      } while (cursor && missing > 0 && own === listing);
    } catch {
      told.textContent = "The server did not answer.";
    }
    isListing = false;
    more.textContent = "More";
    more.hidden = !cursor;
  }

  function item(found) {
    const key = keyOf(found);
    const button = make("button", { type: "button", class: "mono", "aria-pressed": "false" }, key.shown || "(the empty key)");
    button.addEventListener("click", () => {
      for (const other of list.querySelectorAll('[aria-pressed="true"]')) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      open(key);
    });
    return make("li", {}, button);
  }

  // Arrows move through the list; Tab leaves it.
  list.addEventListener("keydown", (event) => {
    const near = document.activeElement.parentElement;
    const target = { ArrowDown: near?.nextElementSibling, ArrowUp: near?.previousElementSibling, Home: list.firstElementChild, End: list.lastElementChild }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    target?.firstElementChild.focus();
  });

  // MARK: One value

  const notice = (text, kind = "bad") => make("p", { class: `notice ${kind}`, role: "status" }, text);
  const button = (text, action, kind = "") => {
    const made = make("button", { type: "button", class: kind }, text);
    made.addEventListener("click", action);
    return made;
  };
  const pathOf = (key) => `/v1/keys/${key.path}`;

  /** What the head of an answer says of a value. */
  function facts(answer) {
    const expires = answer.headers.get("Puffin-Expires");
    return { etag: answer.headers.get("ETag"), seq: answer.headers.get("Puffin-Seq"), expires: expires === null ? null : Number(expires), size: Number(answer.headers.get("Content-Length")) };
  }

  /** Whether a URL can name the key: browsers take these two for steps through folders. */
  const isNameable = (key) => ![".", ".."].includes(key.shown) && key.path !== "";

  async function open(key, ...notices) {
    current = { key };
    // On a narrow screen the value is below the list.
    if (panel.getBoundingClientRect().top > innerHeight - 80) panel.scrollIntoView();
    if (!isNameable(key)) return panel.replaceChildren(empty("A URL cannot name this key", "puffin-cli can: get, set and del take any key."));
    const head = await ask(pathOf(key), { method: "HEAD" }).catch(() => null);
    if (current.key !== key) return;
    if (!head?.ok) return panel.replaceChildren(...notices, empty(head?.status === 404 ? "This key is no longer there" : "The value cannot be read", head ? `HTTP ${head.status}` : "The server did not answer."));
    Object.assign(current, facts(head));
    if (current.size <= shownSize) return load(key, notices);
    draw(notices, button(`Show ${size(current.size)}`, () => load(key, notices)));
  }

  async function load(key, notices) {
    const answer = await ask(pathOf(key)).catch(() => null);
    if (current.key !== key) return;
    if (!answer?.ok) return panel.replaceChildren(...notices, empty("The value cannot be read", answer ? await reason(answer) : "The server did not answer."));
    current.bytes = new Uint8Array(await answer.arrayBuffer());
    Object.assign(current, facts(answer), { size: current.bytes.length });
    current.text = decoded(current.bytes);
    current.json = current.text !== null && /^\s*[[{]/.test(current.text) ? indented(current.text) : null;
    form = current.json !== null ? "json" : current.text !== null ? "text" : "hex";
    drawValue(notices);
  }

  const about = () => {
    const parts = [size(current.size)];
    if (current.expires) parts.push(`expires in ${time(Math.max(current.expires - Date.now(), 0) * 1e6)}, ${new Date(current.expires).toLocaleString()}`);
    else parts.push("does not expire");
    if (current.etag) parts.push(`ETag ${current.etag.replaceAll('"', "")}`);
    return make("div", { class: "about" }, ...parts.map((text) => make("span", {}, text)));
  };

  function draw(notices, ...parts) {
    panel.replaceChildren(...notices, make("h2", { class: "mono", tabindex: "-1" }, current.key.shown), about(), ...parts);
  }

  function drawValue(notices = []) {
    const options = [...(current.text !== null ? [["text", "Text"]] : []), ...(current.json !== null ? [["json", "JSON"]] : []), ["hex", "Hex"]];
    const forms = choice("form", "Form of the value", options, form, (key) => {
      form = key;
      drawValue();
      panel.querySelector(".choice :checked").focus();
    });
    const tools = make("div", { class: "row" }, ...(options.length > 1 ? [forms] : []));
    if (current.text !== null) tools.append(button("Edit", () => edit(current.text)));
    tools.append(button("Delete …", askToDelete, "danger"));
    const text = form === "hex" ? hexadecimal(current.bytes) : form === "json" ? current.json : current.text;
    draw(notices, tools, make("pre", { class: form === "hex" ? "hex" : "", tabindex: "0", "aria-label": "Value" }, text));
  }

  // MARK: Changing

  /** What PUT says of the expiry: a value that is replaced would not expire any more. */
  const kept = (expires) => (expires ? `?ttl=${Math.max(Math.round(expires - Date.now()), 1)}ms` : "");

  function edit(text, ...notices) {
    const area = make("textarea", { "aria-label": `Value of ${current.key.shown}`, spellcheck: "false" });
    area.value = text;
    if (area.value !== text) return drawValue([notice("It has carriage returns, which a text field of a browser changes. puffin-cli can change it.")]);
    const keeps = make("input", { type: "checkbox" });
    keeps.checked = true;
    const save = button("Save", () => put(area.value, current.etag, keeps.checked), "main");
    draw(notices, area, make("div", { class: "fields" }, ...(current.expires ? [make("label", {}, keeps, "Keep its expiry")] : [])),
      make("div", { class: "row" }, save, button("Cancel", () => drawValue()), make("span", { class: "soft" }, "Saved only if nobody has changed it meanwhile.")));
    area.focus();
  }

  async function put(text, etag, keepsExpiry) {
    const { key, expires } = current;
    const answer = await ask(pathOf(key) + (keepsExpiry ? kept(expires) : ""), { method: "PUT", body: text, headers: { "If-Match": etag } }).catch(() => null);
    if (answer?.status === 412) return conflict(key, text);
    if (!answer?.ok) return edit(text, notice(answer ? await reason(answer) : "The server did not answer: the change may have been made, or not."));
    await open(key, notice("Saved.", "good"));
    panel.querySelector("h2")?.focus();
  }

  /** Somebody else was faster: shows both values, and what can be done. */
  async function conflict(key, mine) {
    const answer = await ask(pathOf(key)).catch(() => null);
    const isGone = answer?.status === 404;
    if (!isGone && !answer?.ok) return edit(mine, notice(answer ? await reason(answer) : "The server did not answer."));
    const theirs = isGone ? null : decoded(new Uint8Array(await answer.arrayBuffer()));
    if (!isGone) Object.assign(current, facts(answer));
    const pane = (title, text) => make("div", {}, make("h3", {}, title), make("pre", { tabindex: "0", "aria-label": title }, text));
    draw([notice(isGone ? "Somebody has deleted this key meanwhile. Nothing was saved." : "Somebody has changed this value meanwhile. Nothing was saved.")],
      make("div", { class: "both" }, pane("There now", isGone ? "(deleted)" : theirs ?? "(not text)"), pane("Yours", mine)),
      make("div", { class: "row" }, ...(isGone
        ? [button("Create it again with yours", () => recreate(key, mine), "main"), button("Leave it deleted", () => open(key))]
        : [button("Replace it by yours", () => put(mine, current.etag, true), "main"), button("Edit yours", () => edit(mine)), button("Keep what is there", () => open(key))])));
    panel.querySelector("button")?.focus();
  }

  async function recreate(key, mine) {
    const failure = await putNew(key, mine, "");
    if (failure) open(key, notice(failure));
  }

  async function putNew(key, text, ttl) {
    const answer = await ask(pathOf(key) + (ttl ? `?ttl=${encodeURIComponent(ttl)}` : ""), { method: "PUT", body: text, headers: { "If-None-Match": "*" } }).catch(() => null);
    if (!answer) return "The server did not answer: the key may have been made, or not.";
    if (answer.status === 412) return "There is such a key already. Nothing was changed.";
    if (!answer.ok) return reason(answer);
    await open(key, notice("Created.", "good"));
    panel.querySelector("h2")?.focus();
    return null;
  }

  create.addEventListener("click", () => {
    current = null;
    const key = make("input", { type: "text", required: "", spellcheck: "false", autocapitalize: "none" });
    const ttl = make("input", { type: "text", placeholder: "never, or such as 90s, 12h", spellcheck: "false" });
    const area = make("textarea", { spellcheck: "false" });
    const problem = make("div", {});
    const fields = make("form", {}, make("h2", {}, "New key"), problem,
      make("div", { class: "fields" }, make("label", {}, "Key", key), make("label", {}, "Value", area), make("label", {}, "Expires in", ttl)),
      make("div", { class: "row" }, make("button", { type: "submit", class: "main" }, "Create"), make("span", { class: "soft" }, "Only if there is no such key.")));
    fields.addEventListener("submit", async (event) => {
      event.preventDefault();
      const made = keyOf(key.value);
      current = { key: made };
      const failure = isNameable(made) ? await putNew(made, area.value, ttl.value.trim()) : "A URL cannot name this key; puffin-cli can set it.";
      if (failure) problem.replaceChildren(notice(failure));
      else if (key.value.startsWith(prefix.value)) begin();
    });
    panel.replaceChildren(fields);
    key.focus();
  });

  // MARK: Deleting

  function askToDelete() {
    const { key, etag } = current;
    const from = document.activeElement;
    const confirm = button("Delete", async () => {
      dialog.close();
      await remove(key, etag);
    }, "danger");
    dialog.replaceChildren(make("h2", { id: "dialog-title" }, "Delete this key?"), make("p", { class: "mono" }, key.shown), make("p", { class: "soft" }, `${size(current.size)}. It cannot be taken back.`),
      make("div", { class: "row" }, button("Cancel", () => dialog.close()), confirm));
    dialog.showModal();
    dialog.addEventListener("close", () => from?.isConnected && from.focus(), { once: true });
  }

  async function remove(key, etag) {
    const answer = await ask(pathOf(key), { method: "DELETE", headers: etag ? { "If-Match": etag } : {} }).catch(() => null);
    if (answer?.status === 412) return open(key, notice("Somebody has changed this value meanwhile. Nothing was deleted; this is what is there now."));
    if (!answer?.ok && answer?.status !== 404) return open(key, notice(answer ? await reason(answer) : "The server did not answer: it may have been deleted, or not."));
    current = null;
    for (const chosen of list.querySelectorAll('[aria-pressed="true"]')) chosen.parentElement.remove();
    panel.replaceChildren(notice("Deleted.", "good"), empty("No key chosen", "Choose one in the list, or make one."));
    create.focus();
  }

  return {
    /** Lists once, when the tab is opened first. */
    show() {
      if (!wasShown) begin();
      wasShown = true;
    },
    /** Whether this user may list keys at all. */
    async probe() {
      const answer = await ask("/v1/keys?limit=1").catch(() => null);
      return answer?.ok === true;
    },
  };
}
