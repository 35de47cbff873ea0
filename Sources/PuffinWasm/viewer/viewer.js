// The page of the log viewer. Everything that it shows is from files that others may have written: it is put into the page as text, and
// characters that steer a display are shown as escapes.

const find = (id) => document.getElementById(id);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// MARK: The worker

const worker = new Worker(URL.createObjectURL(new Blob([find("worker").textContent], { type: "text/javascript" })));
const waiting = new Map();
let lastID = 0;

const ask = (action, details = {}) =>
  new Promise((resolve) => {
    waiting.set(++lastID, resolve);
    worker.postMessage({ id: lastID, action, ...details });
  });

worker.onmessage = ({ data }) => {
  if (data.progress !== undefined) {
    find("progress").value = data.progress;
    return;
  }
  waiting.get(data.id)(data.answer);
  waiting.delete(data.id);
  find("progress").hidden = waiting.size === 0;
};
worker.onerror = (event) => complain(`The viewer cannot start: ${event.message || "this browser has no WebAssembly, or forbids it"}`);
const base64 = find("module").textContent.trim();
worker.postMessage({ module: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)) });

const working = (promise) => {
  find("progress").value = 0;
  find("progress").hidden = false;
  return promise;
};

// MARK: Texts

/** A text that only displays: what could hide or turn round a part of it becomes an escape. */
const shown = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
    character === "\n" || character === "\t" ? character : `\\u{${character.codePointAt(0).toString(16)}}`);

/** Bytes as text, or in hexadecimal. */
const textOf = (bytes, size = bytes.length) => {
  const rest = size > bytes.length ? ` … (${size.toLocaleString("en")} bytes)` : "";
  for (let cut = 0; cut <= (rest ? 3 : 0) && cut <= bytes.length; cut++) {
    try {
      return shown(decoder.decode(bytes.subarray(0, bytes.length - cut))) + rest;
    } catch {
      // Not UTF-8, or the last character is cut off.
    }
  }
  const digits = Array.from(bytes.subarray(0, 256), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `bytes ${digits}${bytes.length > 256 ? " …" : ""}${rest}`;
};

const momentOf = (time) => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? `${time} ms` : date.toISOString();
};
const countOf = (number) => number.toLocaleString("en");

const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

const rowOf = (cells) => {
  const row = element("tr");
  for (const [text, className] of cells) row.append(element("td", text, className));
  return row;
};

const complain = (text) => {
  find("problem").textContent = text;
  find("problem").hidden = !text;
};

// MARK: Opening

const state = { first: 1, last: 0, seq: 0, key: null, events: [], times: null };

const open = async (files) => {
  if (files.length === 0) return;
  complain("");
  find("report").hidden = true;
  const answer = await working(ask("check", { files }));
  if (answer.failure) return complain(shown(answer.failure));
  show(answer);
};

const classOf = (file) => {
  if (file.kind === "gap") return "missing";
  return { torn: "torn", damaged: "damaged", "other version": "other" }[file.state] ?? (file.kind === "snapshot" ? "snapshot" : file.merged ? "merged" : "sound");
};

const show = ({ found, summary, text, ignored, times }) => {
  find("report").hidden = false;
  find("verdict").textContent = shown(summary);
  find("verdict").className = { damaged: "damaged", torn: "torn", "other version": "other" }[found.state] ?? "sound";
  const bad = found.files.find((file) => file.state === "damaged" || (file.kind === "gap" && !file.merged) || file.state === "other version");
  find("damage").hidden = !bad;
  if (bad) find("damage").textContent = shown(`${bad.path}: ${bad.words}`);
  find("warnings").replaceChildren(...found.warnings.map((warning) => element("li", shown(`Warning: ${warning}`))));
  find("strip").replaceChildren(...found.files.map(barOf));
  find("segments").tBodies[0].replaceChildren(...found.files.map(fileRow));
  find("ignored").hidden = ignored.length === 0;
  const names = ignored.slice(0, 8).map(shown).join(", ") + (ignored.length > 8 ? " …" : "");
  find("ignored").textContent = `Not looked at: ${names}`;
  find("text").textContent = shown(text);
  showTimes(times);
  const segments = found.files.filter((file) => file.kind === "segment" && file.records > 0);
  const hasChanges = segments.length > 0;
  for (const id of ["change", "time"]) find(id).hidden = !hasChanges;
  for (const id of ["key-section", "pairs-section"]) find(id).hidden = !hasChanges && found.snapshot === null;
  Object.assign(state, { first: hasChanges ? segments[0].first : found.snapshot, last: hasChanges ? segments.at(-1).last : found.snapshot, key: null, events: [], times });
  find("key-result").hidden = true;
  find("pairs-result").hidden = true;
  find("pairs-note").textContent = "";
  for (const id of ["slider", "number"]) Object.assign(find(id), { min: state.first, max: state.last });
  go(state.last);
  find("verdict").focus();
};

const barOf = (file) => {
  const bar = element("span", undefined, classOf(file));
  bar.style.flexGrow = Math.max(file.records ?? file.pairs ?? 1, 1);
  bar.title = shown(`${file.path}: ${file.words}`);
  return bar;
};

const fileRow = (file) => {
  const range = file.kind === "snapshot" ? `as of ${file.last}` : file.records === 0 ? `from ${file.first}` : `${file.first} to ${file.last}`;
  const row = rowOf([
    [shown(file.path.split("/").at(-1))], [range], [countOf(file.records ?? file.pairs ?? 0), "number"],
    [file.size === undefined ? "" : countOf(file.size), "number"], [shown(file.words)],
  ]);
  row.className = classOf(file) === "missing" ? "damaged" : classOf(file);
  return row;
};

const showTimes = (times) => {
  if (!times) return;
  const most = Math.max(...times.counts, 1);
  find("bars").replaceChildren(
    ...times.counts.map((count, column) => {
      const bar = element("button");
      bar.type = "button";
      bar.tabIndex = -1;
      bar.style.height = count === 0 ? "0" : `${Math.max((count / most) * 100, 3)}%`;
      bar.title = `${countOf(count)} changes from ${momentOf(times.start + column * times.span)} on`;
      bar.disabled = count === 0;
      bar.onclick = () => go(times.seqs[column]);
      return bar;
    }),
  );
  find("bars").setAttribute("aria-label", `Changes over time, at most ${most} in ${times.span} milliseconds`);
  find("time-start").textContent = momentOf(times.start);
  find("time-end").textContent = momentOf(times.end);
};

// MARK: One change

let asked = 0;

const go = async (seq) => {
  seq = Math.min(Math.max(Math.round(seq) || state.first, state.first), state.last);
  state.seq = seq;
  find("slider").value = seq;
  find("number").value = seq;
  find("change-seq").textContent = countOf(seq);
  find("pairs-title").textContent = `Pairs at change ${countOf(seq)}`;
  const column = state.times ? state.times.seqs.findIndex((last) => last >= seq) : -1;
  [...find("bars").children].forEach((bar, place) => bar.classList.toggle("now", place === column));
  showKey();
  const own = ++asked;
  const record = await ask("record", { seq });
  if (own !== asked) return;
  if (!record || record.failure) {
    find("change-facts").textContent = record?.failure ? shown(record.failure) : "No file has this change.";
    find("line").textContent = "";
    return;
  }
  find("change-facts").textContent = `${momentOf(record.time)}, ${countOf(record.size)} bytes at byte ${countOf(record.offset)} of ${record.file}`;
  find("line").textContent = shown(record.line) + (record.isWhole ? "" : " …");
};

// MARK: One key

const words = { set: "set", delete: "deleted", clear: "all keys removed", ttl: "new expiry", expired: "expired", snapshot: "as the snapshot has it" };
/** The escapes that this page shows are read as well. */
const keyBytes = (text) => new TextEncoder().encode(text.replace(/\\u\{([0-9a-fA-F]{1,6})\}/g, (_, digits) => String.fromCodePoint(Math.min(parseInt(digits, 16), 0x10ffff))));

const showHistory = async (text) => {
  const answer = await working(ask("history", { key: keyBytes(text) }));
  find("key-result").hidden = false;
  if (answer.failure) {
    find("key-now").textContent = shown(answer.failure);
    return;
  }
  Object.assign(state, { key: text, events: answer.entries });
  const notes = [`${countOf(answer.entries.length + answer.dropped)} events.`];
  if (answer.dropped > 0) notes.push(`Only the newest ${countOf(answer.entries.length)} are listed.`);
  if (answer.entries[0]?.kind === "snapshot") notes.push("Earlier changes are merged into the snapshot.");
  if (answer.stops.length > 0) notes.push(`Not read beyond damage: ${shown(answer.stops[0])}`);
  find("key-note").textContent = notes.join(" ");
  find("events").tBodies[0].replaceChildren(
    ...answer.entries.map((entry) => {
      const isValue = entry.kind === "set" || (entry.kind === "snapshot" && entry.value);
      const value = isValue ? textOf(entry.value.subarray(0, 200), entry.size) : entry.kind === "snapshot" ? "not there" : "";
      const expiry = entry.expires > 0 ? `${value ? " · " : ""}expires ${momentOf(entry.expires)}` : entry.kind === "ttl" ? "never expires" : "";
      const row = rowOf([[`${entry.seq}`, "number"], [entry.time > 0 ? momentOf(entry.time) : ""], [words[entry.kind]], [value + expiry], [shown(entry.author)]]);
      row.tabIndex = 0;
      row.onclick = () => go(entry.seq);
      row.onkeydown = (event) => event.key === "Enter" && go(entry.seq);
      return row;
    }),
  );
  showKey();
};

/** The key's value at the change that the slider shows. */
const showKey = () => {
  if (state.key === null) return;
  let place = -1;
  let value = null;
  let expires = 0;
  state.events.forEach((entry, index) => {
    if (entry.seq > state.seq) return;
    place = index;
    if (entry.kind === "ttl") expires = entry.expires;
    else [value, expires] = entry.kind === "set" || (entry.kind === "snapshot" && entry.value) ? [entry, entry.expires] : [null, 0];
  });
  const rows = [...find("events").tBodies[0].rows];
  rows.forEach((row, index) => row.classList.toggle("now", index === place));
  const key = shown(state.key);
  const isUnknown = place < 0 && state.first > 1;
  const expiry = value && expires > 0 ? `, expires ${momentOf(expires)}` : "";
  const fact = isUnknown ? "is not known: older changes were removed" : value ? `has ${countOf(value.size)} ${value.size === 1 ? "byte" : "bytes"}${expiry}` : "is not there";
  find("key-now").textContent = `At change ${countOf(state.seq)}, ${key} ${fact}.`;
  find("key-value").hidden = !value;
  find("key-value").textContent = value ? textOf(value.value, value.size) : "";
};

// MARK: All pairs

const showPairs = async () => {
  const seq = state.seq;
  const answer = await working(ask("pairs", { seq, prefix: find("prefix").value }));
  find("pairs-result").hidden = Boolean(answer.failure);
  if (answer.failure) {
    find("pairs-note").textContent = `Cannot list: ${shown(answer.failure)}.`;
    return;
  }
  const cut = answer.count > answer.pairs.length ? `, the first ${answer.pairs.length} are listed` : "";
  const stop = answer.stops.length > 0 ? ` Not read beyond damage: ${shown(answer.stops[0])}` : "";
  find("pairs-note").textContent = `${countOf(answer.count)} ${answer.count === 1 ? "pair" : "pairs"} at change ${countOf(seq)}${cut}.${stop}`;
  find("pairs").tBodies[0].replaceChildren(
    ...answer.pairs.map((pair) =>
      rowOf([[textOf(pair.key)], [textOf(pair.value, pair.size)], [countOf(pair.size), "number"], [`${pair.seq}`, "number"]])),
  );
};

// MARK: Input

for (const id of ["files", "folder"]) find(id).onchange = (event) => open([...event.target.files]);
const drop = find("drop");
document.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add("over");
};
document.ondragleave = (event) => event.relatedTarget === null && drop.classList.remove("over");
document.ondrop = async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  open(entries.length > 0 ? (await Promise.all(entries.map(filesOf))).flat() : [...event.dataTransfer.files]);
};

/** The files of what was dropped: of a folder, those in it, and of a log's folder in that. */
const filesOf = async (entry, depth = 0) => {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  if (depth > 1) return [];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) break;
    found.push(...part);
  }
  return (await Promise.all(found.map((one) => filesOf(one, depth + 1)))).flat();
};

find("slider").oninput = (event) => go(Number(event.target.value));
find("number").onchange = (event) => go(Number(event.target.value));
find("back").onclick = () => go(state.seq - 1);
find("forth").onclick = () => go(state.seq + 1);
find("key-form").onsubmit = (event) => {
  event.preventDefault();
  showHistory(find("key").value);
};
find("pairs-form").onsubmit = (event) => {
  event.preventDefault();
  showPairs();
};
