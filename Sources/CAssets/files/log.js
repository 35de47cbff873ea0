// The tab Log: changes as they are committed, from /v1/changes. Where the server gives the log's very lines, each one's checksum is
// computed anew from the one before it, as docs/log-format.md says.

import { clock, grouped, make } from "./chart.js";

/** The rows that are kept, and the characters of a value that are shown. */
const rowLimit = 500;
const valueLimit = 200;

// MARK: Checksums

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

/** CRC-32C (Castagnoli) of bytes, continuing another one. */
export function crc32c(bytes, crc = 0) {
  crc = ~crc;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Whether a line of the log has the checksum that follows that of the change before it. null if the line has none. */
export function isWhole(line, before) {
  const end = line.lastIndexOf(',"crc":"');
  if (end < 0) return null;
  return crc32c(new TextEncoder().encode(line.slice(0, end)), before) === parseInt(line.slice(end + 8, end + 16), 16);
}

// MARK: Events

/** Takes the pieces of a text/event-stream, and gives its events: { id, data, name }; a position alone has no data, and most have no name. */
export function eventReader() {
  let rest = "";
  let event = { id: null, data: null };
  return (piece) => {
    const events = [];
    const lines = (rest + piece).split(/\r\n|\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.id !== null || event.data !== null) events.push(event);
        event = { id: null, data: null };
      } else if (line.startsWith("id:")) event.id = line.slice(3).trimStart();
      else if (line.startsWith("event:")) event.name = line.slice(6).trimStart();
      else if (line.startsWith("data:")) event.data = (event.data === null ? "" : `${event.data}\n`) + line.slice(line[5] === " " ? 6 : 5);
    }
    return events;
  };
}

/** The changes of a record, each with what it is called. */
export function changesOf(record) {
  const text = (object, name) => object[name] ?? (object[`${name}64`] === undefined ? "" : `base64:${object[`${name}64`]}`);
  const parts = record.changes ?? [record];
  return parts.map((part) => ({
    op: part.op ?? record.op,
    key: part.op === "clear" || record.op === "clear" ? "" : record.op === "meta" ? `${record.kind} ${record.name}` : text(part, "key"),
    value: record.op === "meta" ? JSON.stringify(record.value) : text(part, "value"),
    expires: part.expires ?? null,
  }));
}

// MARK: The tab

export function setUpLog(root, { ask, reason }) {
  /** The feed that is open, and the token of the newest position that was told. */
  let feed = null;
  let token = null;
  let isPaused = false;
  let isRaw = true;
  let counts = { seen: 0, checked: 0, wrong: 0 };

  const filter = make("input", { type: "search", "aria-label": "Prefix of the keys", placeholder: "Prefix, such as user:", spellcheck: "false", autocapitalize: "none" });
  const pause = make("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const told = make("span", { class: "soft" }, "Waiting for changes …");
  const list = make("tbody");
  const columns = ["Change", "Time", "Checksum", "What", "Key", "Value"];
  root.append(
    make("div", { class: "tools" }, filter, pause, told),
    make("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": "Changes, the newest first" },
      make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((name, index) => make("th", { scope: "col", class: index ? "" : "number" }, name)))), list)));
  filter.addEventListener("input", () => {
    for (const row of list.rows) row.hidden = !isWanted(row);
  });
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    isPaused ? close() : open();
  });

  const isWanted = (row) => (row.dataset.key ?? "").startsWith(filter.value);

  function tell() {
    const sum = counts.wrong ? `${grouped(counts.wrong)} of them with a WRONG checksum` : `${grouped(counts.checked)} checked`;
    told.textContent = `${grouped(counts.seen)} change${counts.seen === 1 ? "" : "s"} since this tab was opened; ${isRaw ? sum : "not checked: this user may not see the log's own lines"}`;
    told.classList.toggle("problem", counts.wrong > 0);
  }

  /** The end of a feed says why. */
  function end(text) {
    const { code, detail } = JSON.parse(text);
    told.textContent = detail;
    // The log no longer has the changes that follow, or the server has another history.
    if (["COMPACTED", "DIVERGED"].includes(code)) token = null;
  }

  function take(event) {
    if (event.name === "end") return end(event.data);
    const before = token === null ? null : parseInt(token.split("-")[1], 16);
    if (event.id) token = event.id;
    if (event.data === null) return;
    const record = JSON.parse(event.data);
    const verdict = before === null || !isRaw ? null : isWhole(event.data, before);
    counts.seen += 1;
    if (verdict === true) counts.checked += 1;
    if (verdict === false) counts.wrong += 1;
    const rows = changesOf(record).map((change, index) => {
      const value = change.value.length > valueLimit ? `${change.value.slice(0, valueLimit)}…` : change.value;
      const row = make("tr", {},
        make("td", { class: "number" }, index ? "" : grouped(record.seq)), make("td", { class: "nowrap" }, index ? "" : clock(record.ts)),
        make("td", { class: verdict === false ? "problem" : "soft" }, index ? "" : verdict === null ? "–" : verdict ? "✓ right" : "✕ WRONG"),
        make("td", {}, make("span", { class: "badge" }, change.op)), make("td", { class: "mono break" }, change.key),
        make("td", { class: "mono break" }, value, change.expires ? make("span", { class: "soft" }, ` expires ${clock(change.expires)}`) : ""));
      row.dataset.key = change.key;
      row.hidden = !isWanted(row);
      return row;
    });
    list.prepend(...rows);
    while (list.rows.length > rowLimit) list.lastElementChild.remove();
  }

  /** Follows the feed until the tab is left. After an interruption it goes on where it was. */
  async function open() {
    if (feed || isPaused) return;
    const own = (feed = new AbortController());
    while (feed === own) {
      try {
        const query = new URLSearchParams({ from: token ?? "now", ...(isRaw ? { raw: "true" } : {}) });
        const answer = await ask(`/v1/changes?${query}`, { headers: { Accept: "text/event-stream" }, signal: own.signal });
        if (answer.status === 403 && isRaw) {
          isRaw = false;
          continue;
        }
        if (!answer.ok) {
          told.textContent = await reason(answer);
          // The log does not reach back to where this tab was, or the server has another history.
          if (answer.status === 410) token = null;
        } else {
          tell();
          const [read, decoder] = [eventReader(), new TextDecoder()];
          for await (const piece of answer.body) {
            const events = read(decoder.decode(piece, { stream: true }));
            for (const event of events) take(event);
            if (events.at(-1)?.name !== "end") tell();
          }
        }
      } catch {
        if (own.signal.aborted) return;
      }
      await new Promise((done) => setTimeout(done, 1000));
    }
  }

  function close() {
    feed?.abort();
    feed = null;
  }

  return { show: open, hide: close };
}
