// Logs as a server writes them, damage to them, and what `puffin-server log verify` says of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { client, programs, Random, startServer, temporaryFolder } from "./support.mjs";

const segmentName = /^[0-9]{20}\.jsonl$/;

/** The files of a data set in a folder, by their names. */
const filesIn = (folder) => {
  const files = {};
  for (const name of readdirSync(folder)) if (name === "puffin.json") files[name] = readFileSync(join(folder, name));
  for (const name of readdirSync(join(folder, "puffin.json.log"))) {
    if (name === "DURABLE" || segmentName.test(name)) files[name] = readFileSync(join(folder, "puffin.json.log", name));
  }
  return files;
};

/** The last segment without the preallocated space at its end, as the recipes want it. */
const trimmed = (files) => {
  const last = Object.keys(files).filter((name) => segmentName.test(name)).sort().at(-1);
  const bytes = files[last];
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0x0a) end--;
  return { ...files, [last]: Buffer.concat([bytes.subarray(0, end), Buffer.from("\n")]) };
};

const changes = [
  (one) => one.set("a", "1"), (one) => one.set(new Uint8Array([0xff]), new Uint8Array([0xfe])), (one) => one.delete("a"),
  (one) => one.set("two\nlines", '"'), (one) => one.command("FLUSHALL"), (one) => one.set("c", "3"),
  (one) => one.transaction([["SET", "d", "4"], ["DEL", "c"]]), (one) => one.set("e", "grüße"),
];

/** Logs as a server writes them. */
export const makeLogs = async (t) => {
  const made = {};
  const make = async (name, settings, work, signal) => {
    const folder = temporaryFolder(t);
    const server = await startServer(t, folder, settings);
    const one = await client.connect(`tcp://127.0.0.1:${server.port}`);
    await work(one);
    await server.stop(signal);
    made[name] = trimmed(filesIn(folder));
  };
  const separately = async (one) => {
    for (const change of changes) await change(one);
  };
  const together = async (one) => {
    await changes[0](one);
    await Promise.all(changes.slice(1).map((change) => change(one)));
  };
  const many = async (one) => {
    const random = new Random(7);
    for (let index = 0; index < 40; index++) {
      const key = `key ${random.below(30)}`;
      await Promise.all(Array.from({ length: 30 }, (_, place) => one.set(`${key}/${place}`, "v".repeat(random.below(120)))));
      if (index === 20) await one.command("COMPACT");
    }
    await one.set("expires", "later", { expires: 1e9 });
    await separately(one);
  };
  await make("one batch at the end", [], together, "SIGKILL");
  await make("batches of one", [], separately, "SIGKILL");
  await make("closed cleanly", [], separately, "SIGTERM");
  await make("many segments and a snapshot", ["--segment-size", "64K"], many, "SIGKILL");
  await make("many segments, closed cleanly", ["--segment-size", "64K"], many, "SIGTERM");
  return made;
};

const filled = (size, byte) => Buffer.alloc(size, byte);

/** The offset of the last lines that are records. */
const lastRecords = (bytes, count) => {
  const starts = [0];
  for (let index = 0; index < bytes.length - 1; index++) if (bytes[index] === 0x0a) starts.push(index + 1);
  const records = starts.filter((start) => bytes.subarray(start, start + 6).equals(Buffer.from('{"seq"')));
  return records.at(-Math.min(count, records.length)) ?? 0;
};

/** TornTailTests' damage to one segment. */
const recipes = {
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  flip: (bytes, random) => {
    const start = random.below(4) === 0 ? 0 : lastRecords(bytes, 3);
    const copy = Buffer.from(bytes);
    copy[start + random.below(bytes.length - start)] ^= 1 << random.below(8);
    return copy;
  },
  "NULs behind": (bytes, random) => Buffer.concat([bytes, filled(1 + random.below(8192), 0)]),
  "NULs over the end": (bytes, random) => {
    const start = lastRecords(bytes, 3);
    const at = start + random.below(bytes.length - start);
    return Buffer.concat([bytes.subarray(0, at), filled(bytes.length - at, 0)]);
  },
  hole: (bytes, random) => {
    const start = lastRecords(bytes, 3);
    const at = start + random.below(bytes.length - start);
    const copy = Buffer.from(bytes);
    copy.fill(random.pick([0, 0x0a]), at, Math.min(at + 40, bytes.length));
    return copy;
  },
  "duplicated end": (bytes, random) => {
    const start = lastRecords(bytes, 3);
    const at = start + random.below(bytes.length - start);
    const head = random.pick([bytes, bytes.subarray(0, -1), bytes.subarray(0, at + 7)]);
    return Buffer.concat([head, bytes.subarray(at)]);
  },
  "line ends and text": (bytes, random) => {
    const feeds = [...bytes.keys()].filter((index) => bytes[index] === 0x0a);
    const at = random.pick(feeds);
    const behind = bytes.subarray(at);
    switch (random.below(4)) {
      case 0:
        return Buffer.concat([bytes.subarray(0, at), Buffer.from(behind.toString("latin1").replaceAll("\n", "\r\n"), "latin1")]);
      case 1:
        return Buffer.concat([bytes.subarray(0, at), Buffer.from("\r"), behind]);
      case 2:
        return Buffer.concat([bytes.subarray(0, at + 1), Buffer.from([0xef, 0xbb, 0xbf]), behind.subarray(1)]);
      default:
        return Buffer.concat([bytes.subarray(0, at + 1), Buffer.from([0xc3, 0x0a]), behind.subarray(1)]);
    }
  },
  "another encoding": (bytes, random) => {
    const wide = [...bytes.keys()].filter((index) => bytes[index] >= 0xc0);
    if (wide.length === 0) return bytes;
    const at = random.pick(wide);
    const other = random.pick([[], [0xfc], [0xef, 0xbf, 0xbd], [0xc3, 0x83, 0xc2, 0xbc], [0xc3], [0xbc]]);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(other), bytes.subarray(at + 2)]);
  },
  "another tail": (bytes, random) => {
    const start = lastRecords(bytes, 3);
    const at = start + random.below(bytes.length + 1 - start);
    const tail = random.pick([
      filled(300, 0x0a), Buffer.from(random.bytes(300)), Buffer.from('{"seq":9,"ts":1764000000123,"op":"set","key":"k","val'),
      Buffer.from('x\n{"seq":9,"ts":1764000000123,"op":"clear","crc":"00000000"}\n{"durable":99,"crc":"00000000"}\n'),
    ]);
    return Buffer.concat([bytes.subarray(0, at), tail]);
  },
  "another version": (bytes) => Buffer.from(bytes.toString("latin1").replace('"version":', '"version":9'), "latin1"),
};

/** Damage to a data set. */
export const damaged = (log, random) => {
  const files = { ...log };
  const segments = Object.keys(files).filter((name) => segmentName.test(name)).sort();
  if (random.below(3) === 0) delete files.DURABLE;
  const target = random.below(4) > 0 ? segments.at(-1) : random.pick(Object.keys(files));
  const kind = random.below(12);
  if (kind === 0 && segments.length > 1) {
    const gone = random.pick(segments);
    delete files[gone];
    return { files, recipe: `${gone} is gone` };
  }
  if (kind === 1 && files["puffin.json"]) {
    delete files["puffin.json"];
    return { files, recipe: "the snapshot is gone" };
  }
  if (kind === 2 && segments.length > 1) {
    const [one, other] = [random.pick(segments), random.pick(segments)];
    [files[one], files[other]] = [files[other], files[one]];
    return { files, recipe: `${one} and ${other} have changed places` };
  }
  const name = random.pick(Object.keys(recipes));
  files[target] = recipes[name](files[target], random);
  return { files, recipe: `${name} in ${target}` };
};

const run = (folder, format) =>
  new Promise((resolve, reject) => {
    const child = spawn(join(programs, "puffin-server"), ["log", "verify", "--data", "puffin.json", "--format", format], { cwd: folder });
    let [out, error] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (error += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, error }));
  });

/** Writes a data set to a folder, and returns the paths of its files. */
export const writeFiles = (folder, files) => {
  mkdirSync(join(folder, "puffin.json.log"));
  return Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, name === "puffin.json" ? name : `puffin.json.log/${name}`);
    writeFileSync(path, bytes);
    return path;
  });
};

/** The exit code and both reports of `log verify`. */
export const natively = async (files) => {
  const folder = mkdtempSync(join(tmpdir(), "puffin-log-"));
  try {
    writeFiles(folder, files);
    const [text, json] = await Promise.all([run(folder, "text"), run(folder, "json")]);
    assert.equal(text.code, json.code);
    assert.ok([0, 5, 6].includes(text.code), `exit code ${text.code}: ${text.error}`);
    return { code: text.code, text: text.out, json: json.out };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
