// The protocol without a socket: puffin.wasm, compiled from the server's own sources, and what crosses to it and back.

import { readFileSync } from "node:fs";

import { ProtocolError, RequestError, ServerError } from "./errors.js";

const encoder = new TextEncoder();
// A byte order mark is a part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const textOf = (bytes) => decoder.decode(bytes);

const imports = {
  puffin: {
    read: () => -1,
    number: (text, size) => Number(decoder.decode(new Uint8Array(core.memory.buffer, text, size))),
    random: () => crypto32(),
  },
};

const crypto32 = () => globalThis.crypto?.getRandomValues(new Uint32Array(1))[0] ?? (Math.random() * 2 ** 32) >>> 0;

const core = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(new URL("./puffin.wasm", import.meta.url))),
  imports,
).exports;

/** Bytes of memory that the module has taken. It grows with the largest reply, and not with their number. */
export const memorySize = () => core.memory.buffer.byteLength;

export const bytesOf = (value, what) => {
  if (typeof value === "string") return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) return encoder.encode(String(value));
  throw new RequestError(`${what} is ${value === null ? "null" : typeof value}, expected a string, bytes or a number`);
};

/** Calls `body` with the address of a copy of `bytes`. */
const lend = (bytes, body) => {
  const address = core.puffin_allocate(Math.max(bytes.length, 1));
  if (address === 0) throw new RequestError(`there is no memory for ${bytes.length} bytes`);
  try {
    new Uint8Array(core.memory.buffer, address, bytes.length).set(bytes);
    return body(address, bytes.length);
  } finally {
    core.puffin_free(address);
  }
};

const released = new FinalizationRegistry((handle) => core.puffin_release(handle));

/** One connection without its socket: requests in, bytes out; bytes in, replies out. */
export class Session {
  #handle = core.puffin_session();

  constructor() {
    released.register(this, this.#handle, this);
  }

  /** Frees the memory of the session, which must not be used any more. Otherwise the garbage collector does it. */
  release() {
    released.unregister(this);
    core.puffin_release(this.#handle);
  }

  /** Queues a request: the command's name and its arguments. */
  request(words) {
    // All are looked at before the first is written.
    const arguments_ = words.map((word, index) => bytesOf(word, index === 0 ? "the command" : `argument ${index}`));
    if (arguments_.length === 0) throw new RequestError("a request without a command");
    core.puffin_request(this.#handle, arguments_.length);
    for (const bytes of arguments_) lend(bytes, (address, size) => core.puffin_argument(this.#handle, address, size));
  }

  /** The bytes to send: a copy. */
  output() {
    core.puffin_output(this.#handle);
    return this.#result().slice();
  }

  /** Takes bytes that came. */
  feed(bytes) {
    lend(bytes, (address, size) => core.puffin_feed(this.#handle, address, size));
  }

  /**
   * The next reply; undefined if more bytes must come first.
   * @throws ProtocolError: what came is no reply, and nothing after it can be understood.
   */
  next() {
    const raw = this.nextRaw();
    return raw === undefined ? undefined : { value: plain(raw) };
  }

  /** As `next`, with RESP's own mark of each type: `["$", bytes]`. */
  nextRaw() {
    const found = core.puffin_reply(this.#handle);
    if (found === 0) return undefined;
    if (found < 0) throw new ProtocolError(`the server sent something that is no reply: ${decoder.decode(this.#result())}`);
    return new ReplyReader(this.#result()).next();
  }

  #result() {
    const size = core.puffin_result_size(this.#handle);
    return new Uint8Array(core.memory.buffer, size === 0 ? 0 : core.puffin_result(this.#handle), size);
  }
}

/** Reads what `puffin_reply` has written. */
class ReplyReader {
  #bytes;
  #view;
  #offset = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  next() {
    const mark = String.fromCharCode(this.#bytes[this.#offset++]);
    switch (mark) {
      case "+":
        return [mark, this.#text()];
      case "-":
        return [mark, this.#text(), this.#text()];
      case ":":
        return [mark, this.#view.getBigInt64(this.#skip(8), true)];
      case ",":
        return [mark, this.#view.getFloat64(this.#skip(8), true)];
      case "$":
        return [mark, this.#sized()];
      case "(":
        return [mark, BigInt(this.#text().replace("+", ""))];
      case "=":
        return [mark, decoder.decode(this.#bytes.subarray(this.#skip(3), this.#offset)), this.#sized()];
      case "*":
      case "~":
      case ">":
        return [mark, this.#list(1)];
      case "%":
        return [mark, this.#list(2)];
      default:
        return [mark];
    }
  }

  #skip(size) {
    this.#offset += size;
    return this.#offset - size;
  }

  #size() {
    return this.#view.getUint32(this.#skip(4), true);
  }

  #sized() {
    const size = this.#size();
    return this.#bytes.slice(this.#skip(size), this.#offset);
  }

  #text() {
    return decoder.decode(this.#sized());
  }

  #list(width) {
    const count = this.#size() * width;
    const items = [];
    for (let index = 0; index < count; index++) items.push(this.next());
    return items;
  }
}

/** A reply as a value of JavaScript. An error becomes a `ServerError`, which is not thrown here: EXEC has them among others. */
const plain = ([mark, value, rest]) => {
  switch (mark) {
    case "_":
      return null;
    case "t":
      return true;
    case "f":
      return false;
    case "-":
      return new ServerError(value, rest);
    case ":":
      return BigInt.asIntN(54, value) === value ? Number(value) : value;
    case "=":
      return decoder.decode(rest);
    case "*":
    case ">":
      return value.map(plain);
    case "~":
      return new Set(value.map(plain));
    case "%": {
      const map = new Map();
      for (let index = 0; index < value.length; index += 2) {
        const key = plain(value[index]);
        map.set(key instanceof Uint8Array ? decoder.decode(key) : key, plain(value[index + 1]));
      }
      return map;
    }
    default:
      return value;
  }
};
