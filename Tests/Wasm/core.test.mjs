// The parser of replies in WebAssembly gives the answers of the same parser natively, however the bytes are cut.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { client, programs, Random } from "./support.mjs";

const { Session, ProtocolError } = client;
const oracle = process.env.PUFFIN_ORACLE ?? join(programs, "puffin-reply-oracle");

/** What Swift makes of each of some transcripts. */
const natively = (transcripts) => {
  const input = transcripts.map((bytes) => Buffer.from(bytes).toString("hex") + "\n").join("");
  const run = spawnSync(oracle, { input, maxBuffer: 1 << 30, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trimEnd().split("\n");
};

const bits = new DataView(new ArrayBuffer(8));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** A reply as the oracle writes it. */
const written = ([mark, value, rest]) => {
  switch (mark) {
    case ":":
    case "(":
      return [mark, String(value)];
    case ",":
      bits.setFloat64(0, value);
      return [mark, String(bits.getBigUint64(0))];
    case "$":
      return [mark, hex(value)];
    case "=":
      return [mark, value, hex(rest)];
    case "*":
    case "~":
    case ">":
    case "%":
      return [mark, value.map(written)];
    case "+":
      return [mark, value];
    case "-":
      return [mark, value, rest];
    default:
      return [mark];
  }
};

/** What the module makes of pieces. */
const inModule = (bytes, sizes) => {
  const session = new Session();
  const found = [];
  let end = "more";
  let offset = 0;
  take: while (offset < bytes.length) {
    const size = sizes();
    session.feed(bytes.subarray(offset, offset + size));
    offset += size;
    try {
      for (let reply = session.nextRaw(); reply !== undefined; reply = session.nextRaw()) found.push(written(reply));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, error);
      end = `malformed: ${error.message.replace("the server sent something that is no reply: ", "")}`;
      break take;
    }
  }
  session.release();
  return JSON.stringify([...found, end]);
};

/** The transcripts of Tests/WireTests/ReplyParserTests.swift, as they are written there. */
const samples = () => {
  const source = readFileSync(new URL("../WireTests/ReplyParserTests.swift", import.meta.url), "utf8");
  const part = source.slice(source.indexOf("static let replies"), source.indexOf("func whole"));
  const literals = [...part.matchAll(/\(\s*("(?:[^"\\]|\\.)*\\n")\s*,/g)].map(([, literal]) => Buffer.from(JSON.parse(literal)));
  assert.ok(literals.length >= 70, `only ${literals.length} transcripts were found`);
  return literals;
};

const compare = (name, transcripts, seed) => {
  const expected = natively(transcripts);
  assert.equal(expected.length, transcripts.length);
  const random = new Random(seed);
  const cuts = { 1: () => 1, 3: () => 3, random: () => 1 + random.below(9), whole: () => Infinity };
  for (const [cut, sizes] of Object.entries(cuts)) {
    transcripts.forEach((bytes, index) => {
      const found = JSON.parse(inModule(bytes, sizes));
      assert.deepEqual(found, JSON.parse(expected[index]), `${name} ${index}, pieces of ${cut}, seed ${seed}: ${JSON.stringify(String(bytes))}`);
    });
  }
  console.log(`${name}: ${transcripts.length} transcripts in 1-, 3-, random-byte pieces and whole, seed ${seed}`);
};

test("the transcripts of WireTests", () => {
  compare("WireTests", samples(), 1);
});

test("several replies in one transcript", () => {
  const random = new Random(2);
  const literals = samples();
  compare("several replies", Array.from({ length: 500 }, () => Buffer.concat(Array.from({ length: 1 + random.below(6) }, () => random.pick(literals)))), 2);
});

test("any bytes", () => {
  const random = new Random(3);
  const alphabet = Buffer.from("*$%+-:_#,(!=~>|0123456789tf\r\n\r\n\r\nx");
  const any = () => Buffer.from(Array.from({ length: 1 + random.below(24) }, () => random.pick(alphabet)));
  compare("any bytes", Array.from({ length: 20_000 }, any), 3);
});

test("requests are those of RESP", () => {
  const session = new Session();
  session.request(["SET", "key1", "hello wörld"]);
  session.request(["GET", new Uint8Array([0, 255, 13, 10]), 7, 12345678901234567890n]);
  const expected = Buffer.concat([
    Buffer.from("*3\r\n$3\r\nSET\r\n$4\r\nkey1\r\n$12\r\nhello wörld\r\n*4\r\n$3\r\nGET\r\n$4\r\n"),
    Buffer.from([0, 255, 13, 10]), Buffer.from("\r\n$1\r\n7\r\n$20\r\n12345678901234567890\r\n"),
  ]);
  assert.deepEqual(Buffer.from(session.output()), expected);
  assert.equal(session.output().length, 0);
  // A request with a word that is none leaves nothing of itself behind.
  assert.throws(() => session.request(["SET", "key", undefined]), { name: "RequestError" });
  assert.throws(() => session.request([]), { name: "RequestError" });
  assert.equal(session.output().length, 0);
  session.release();
});

test("memory stays flat over 20,000 rounds", () => {
  const round = (session, index) => {
    session.request(["SET", `key ${index % 100}`, "x".repeat(index % 500)]);
    session.output();
    session.feed(Buffer.from(`+OK\r\n*2\r\n$${(index % 300) + 1}\r\n${"y".repeat((index % 300) + 1)}\r\n:${index}\r\n%1\r\n+a\r\n,1.5\r\n`));
    for (let count = 0; count < 3; count++) assert.notEqual(session.nextRaw(), undefined);
    assert.equal(session.nextRaw(), undefined);
  };
  const session = new Session();
  for (let index = 0; index < 500; index++) round(session, index);
  const before = client.memorySize();
  for (let index = 0; index < 20_000; index++) {
    round(session, index);
    if (index % 100 === 0) {
      const other = new Session();
      round(other, index);
      other.release();
    }
  }
  console.log(`memory: ${before} bytes before, ${client.memorySize()} after 20,000 rounds and 200 sessions`);
  assert.equal(client.memorySize(), before);
  session.release();
});
