// The worker of the log viewer: it reads files piece by piece, and has the core check and scan them. Nothing here touches the page.

/** A number that a module of WebAssembly can address: larger files are refused. */
const largestFile = 2 ** 31 - 2 ** 20;
/** How many pairs a list is made from at most, and how many of them are shown. */
const largestList = 200_000;
const shownPairs = 200;
/** Entries of a history that are kept, the newest ones. */
const largestHistory = 10_000;
/** Bytes of a value that are shown. */
const shownSize = 16 << 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const reader = new FileReaderSync();

let core;
let set = 0;
/** The files by number, with their names. */
let files = [];
/** Per segment, in order: `{ first, count, offsets, sizes, times }`. */
let index = [];
let snapshotSeq = null;
let hasSnapshot = false;
let progress = { done: 0, total: 1, told: 0 };

const imports = {
  puffin: {
    read(number, offset, address, size) {
      try {
        const bytes = new Uint8Array(reader.readAsArrayBuffer(files[number].slice(offset, offset + size)));
        new Uint8Array(core.memory.buffer, address, bytes.length).set(bytes);
        tell(bytes.length);
        return bytes.length;
      } catch {
        return -1;
      }
    },
    number: (address, size) => Number(decoder.decode(new Uint8Array(core.memory.buffer, address, size))),
    random: () => crypto.getRandomValues(new Uint32Array(1))[0],
  },
};

const tell = (size) => {
  progress.done += size;
  const now = Date.now();
  if (now - progress.told < 100) return;
  progress.told = now;
  postMessage({ progress: Math.min(progress.done / progress.total, 1) });
};

/** Lends the module a text or bytes. */
const lend = (value, body) => {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  const address = core.puffin_allocate(Math.max(bytes.length, 1));
  new Uint8Array(core.memory.buffer, address, bytes.length).set(bytes);
  try {
    return body(address, bytes.length);
  } finally {
    core.puffin_free(address);
  }
};

const result = (handle) => {
  const size = core.puffin_result_size(handle);
  return new Uint8Array(core.memory.buffer, size === 0 ? 0 : core.puffin_result(handle), size);
};

// MARK: Opening

/** Finds out which of the files are those of one data set. Returns those that are not, with the reason. */
const open = (given) => {
  if (set !== 0) core.puffin_release(set);
  [files, index, hasSnapshot] = [[], [], false];
  const ignored = [];
  const segments = given.filter((file) => /^[0-9]{20}\.jsonl$/.test(file.name));
  const snapshots = given.filter((file) => isSnapshot(file));
  // A folder may hold several data sets' snapshots; the one beside the log has its name.
  const folder = segments.map((file) => file.webkitRelativePath?.split("/").at(-2)).find((name) => name?.endsWith(".log"));
  const snapshot = snapshots.find((file) => `${file.name}.log` === folder) ?? snapshots[0];
  const data = snapshot?.name ?? folder?.slice(0, -4) ?? "puffin.json";
  set = lend(data, (address, size) => core.puffin_set(address, size));
  for (const file of given) {
    if (file.size > largestFile) {
      return { failure: `${file.name} has ${file.size} bytes, this page reads files of up to ${largestFile}: use puffin-server log verify` };
    }
    const number = files.length;
    if (file === snapshot) {
      core.puffin_set_snapshot(set, number, file.size);
      hasSnapshot = true;
    } else if (!lend(file.name, (address, size) => core.puffin_set_file(set, address, size, number, file.size))) {
      ignored.push(file.name);
      continue;
    }
    files.push(file);
  }
  const hasLog = files.some((file) => file !== snapshot && file.name !== "DURABLE");
  if (!hasLog && !hasSnapshot) return { failure: "None of these files is a segment (00000000000000000001.jsonl) or a snapshot of Puffin" };
  return { data, ignored };
};

const isSnapshot = (file) => {
  if (/\.(tmp|incoming)$/.test(file.name) || /^(DURABLE|LOCK|NEXT|RESERVE|ROLE|ADOPT)$/.test(file.name)) return false;
  try {
    return reader.readAsText(file.slice(0, 20)) === '{"puffin":"snapshot"';
  } catch {
    return false;
  }
};

const check = (given) => {
  const opened = open(given);
  if (opened.failure) return opened;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  progress = { done: 0, total: Math.max(size * 2, 1), told: 0 };
  const code = core.puffin_verify(set);
  if (code < 0) return { failure: decoder.decode(result(set)) };
  core.puffin_report(set, 1);
  const found = JSON.parse(decoder.decode(result(set)));
  core.puffin_report(set, 0);
  const text = decoder.decode(result(set));
  found.files.forEach((file, place) => {
    core.puffin_words(set, place);
    file.words = decoder.decode(result(set));
  });
  snapshotSeq = found.snapshot;
  makeIndex(found);
  return { ...opened, found, code, text, summary: text.trimEnd().split("\n").at(-1), times: timeline() };
};

// MARK: Scanning

/** Calls `visit` with each entry of a file, until it returns false. Returns what ended the scan too early, in words. */
const scan = (place, key, valueSize, visit) => {
  const handle =
    key === null
      ? core.puffin_scan(set, place, 0, -1, valueSize)
      : lend(key, (address, size) => core.puffin_scan(set, place, address, size, valueSize));
  try {
    for (;;) {
      const count = core.puffin_scan_next(handle);
      if (count === 0) return null;
      const bytes = result(handle);
      if (count < 0) return decoder.decode(bytes);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let offset = 0;
      for (let entry = 0; entry < count; entry++) {
        const sizes = [view.getUint16(offset + 2, true), view.getUint32(offset + 4, true), view.getUint32(offset + 12, true)];
        const at = { bytes, view, offset, keySize: sizes[1], shown: sizes[2], authorSize: sizes[0] };
        if (visit(at) === false) return null;
        offset += (48 + sizes[0] + sizes[1] + sizes[2] + 7) & ~7;
      }
    }
  } finally {
    core.puffin_release(handle);
  }
};

const kinds = ["set", "delete", "clear", "ttl", "note", "expired"];
const kindOf = (at) => kinds[at.view.getUint16(at.offset, true)];
const seqOf = (at) => at.view.getFloat64(at.offset + 16, true);
const timeOf = (at) => at.view.getFloat64(at.offset + 24, true);
const keyOf = (at) => at.bytes.slice(at.offset + 48, at.offset + 48 + at.keySize);
const valueOf = (at) => at.bytes.slice(at.offset + 48 + at.keySize, at.offset + 48 + at.keySize + at.shown);

const entryOf = (at) => {
  const end = at.offset + 48 + at.keySize + at.shown;
  return {
    kind: kindOf(at),
    seq: seqOf(at),
    time: timeOf(at),
    expires: at.view.getFloat64(at.offset + 32, true),
    size: at.view.getUint32(at.offset + 8, true),
    value: valueOf(at),
    author: decoder.decode(at.bytes.slice(end, end + at.authorSize)),
  };
};

/** Notes where each record is, and when it was made. */
const makeIndex = (found) => {
  let place = 0;
  for (const file of found.files) {
    if (file.kind !== "segment") continue;
    const part = {
      first: file.first, count: 0, number: files.findIndex((one) => file.path.endsWith(`/${one.name}`)),
      offsets: new Uint32Array(file.records), sizes: new Uint32Array(file.records), times: new Float64Array(file.records),
    };
    if (file.records > 0) {
      scan(place, null, 0, (at) => {
        const record = seqOf(at) - file.first;
        if (record >= file.records) return false;
        part.offsets[record] = at.view.getUint32(at.offset + 40, true);
        part.sizes[record] = at.view.getUint32(at.offset + 44, true);
        part.times[record] = timeOf(at);
        part.count = record + 1;
        return true;
      });
    }
    index.push(part);
    place += 1;
  }
};

/** How many changes were made in each of some equal spans of time, and the last change of each. */
const timeline = (columns = 120) => {
  const parts = index.filter((part) => part.count > 0);
  if (parts.length === 0) return null;
  const start = parts[0].times[0];
  const last = parts.at(-1);
  const end = last.times[last.count - 1];
  const span = Math.max(Math.ceil((end - start + 1) / columns), 1);
  const counts = new Array(columns).fill(0);
  const seqs = new Array(columns).fill(0);
  for (const part of parts) {
    for (let record = 0; record < part.count; record++) {
      const column = Math.min(Math.max(Math.floor((part.times[record] - start) / span), 0), columns - 1);
      counts[column] += 1;
      seqs[column] = part.first + record;
    }
  }
  return { start, end, span, counts, seqs };
};

const record = (seq) => {
  const part = index.find((one) => seq >= one.first && seq < one.first + one.count);
  if (!part) return null;
  const place = seq - part.first;
  const offset = part.offsets[place];
  const slice = files[part.number].slice(offset, offset + Math.min(part.sizes[place], 256 << 10));
  return {
    seq, time: part.times[place], size: part.sizes[place], line: reader.readAsText(slice).trimEnd(), isWhole: part.sizes[place] <= 256 << 10,
    file: files[part.number].name, offset,
  };
};

/** Every change of a key that the files still have. */
const history = (key) => {
  progress = { done: 0, total: files.reduce((sum, file) => sum + file.size, 1), told: 0 };
  let entries = [];
  let dropped = 0;
  const stops = [];
  const add = (entry) => {
    entries.push(entry);
    if (entries.length < largestHistory * 2) return;
    dropped += entries.length - largestHistory;
    entries = entries.slice(-largestHistory);
  };
  const startsLate = hasSnapshot && (index.length === 0 || index[0].first > 1);
  let base = null;
  if (startsLate) {
    base = { kind: "snapshot", seq: snapshotSeq, time: 0, expires: 0, size: 0, value: null, author: "" };
    const stop = scan(-1, key, shownSize, (at) => {
      if (kindOf(at) !== "set") return true;
      base = { ...entryOf(at), kind: "snapshot" };
      return false;
    });
    if (stop) stops.push(stop);
  }
  index.forEach((part, place) => {
    const stop = scan(place, key, shownSize, (at) => {
      // What the snapshot says of the key comes behind the last change that it has.
      if (base && seqOf(at) > snapshotSeq) {
        add(base);
        base = null;
      }
      add(entryOf(at));
    });
    if (stop) stops.push(stop);
  });
  if (base) add(base);
  if (entries.length > largestHistory) {
    dropped += entries.length - largestHistory;
    entries = entries.slice(-largestHistory);
  }
  return { entries, dropped, stops };
};

const latin = (bytes) => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** The pairs after a change whose keys begin with a text, from the files alone. */
const pairs = (seq, prefix) => {
  progress = { done: 0, total: files.reduce((sum, file) => sum + file.size, 1), told: 0 };
  const wanted = latin(encoder.encode(prefix));
  const first = index.find((part) => part.count > 0)?.first ?? Infinity;
  const fromSnapshot = hasSnapshot && seq >= snapshotSeq;
  if (!fromSnapshot && first !== 1) {
    return { failure: hasSnapshot ? `older changes were removed: pairs are known from change ${snapshotSeq} on` : "the first segment is not there" };
  }
  const found = new Map();
  let isTooMany = false;
  const apply = (at) => {
    if (seqOf(at) > seq) return false;
    const kind = kindOf(at);
    if (kind === "clear") return found.clear();
    if (kind === "note") return true;
    const key = latin(keyOf(at));
    if (!key.startsWith(wanted)) return true;
    if (kind === "delete" || kind === "expired") return found.delete(key), true;
    const expires = at.view.getFloat64(at.offset + 32, true);
    if (kind === "ttl") {
      const pair = found.get(key);
      if (pair) pair.expires = expires;
      return true;
    }
    found.set(key, { value: valueOf(at), size: at.view.getUint32(at.offset + 8, true), expires, seq: seqOf(at) });
    isTooMany = found.size > largestList;
    return !isTooMany;
  };
  const stops = [];
  const read = (place, from) => {
    const stop = scan(place, null, 256, (at) => seqOf(at) < from || (apply(at) !== false && !isTooMany));
    if (stop) stops.push(stop);
  };
  if (fromSnapshot) read(-1, 0);
  // A segment may begin before the snapshot ends.
  const from = fromSnapshot ? snapshotSeq + 1 : 1;
  for (const [place, part] of index.entries()) {
    if (isTooMany || part.first > seq) break;
    if (part.first + part.count > from) read(place, from);
  }
  if (isTooMany) return { failure: `more than ${largestList} pairs: give more of the keys' beginning` };
  const sorted = [...found.keys()].sort().slice(0, shownPairs);
  return {
    count: found.size, stops,
    pairs: sorted.map((key) => ({ key: Uint8Array.from(key, (character) => character.charCodeAt(0)), ...found.get(key) })),
  };
};

// MARK: Messages

onmessage = ({ data: message }) => {
  if (message.module) {
    core = new WebAssembly.Instance(new WebAssembly.Module(message.module), imports).exports;
    return;
  }
  const actions = { check: () => check(message.files), record: () => record(message.seq), history: () => history(message.key),
    pairs: () => pairs(message.seq, message.prefix) };
  let answer;
  try {
    answer = actions[message.action]();
  } catch (error) {
    answer = { failure: `The viewer failed: ${error.message}` };
  }
  postMessage({ id: message.id, answer });
};
