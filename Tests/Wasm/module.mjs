// The check of a data set in WebAssembly, with files in memory: what the viewer's worker does in a browser.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { dist } from "./support.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const module = new WebAssembly.Module(readFileSync(join(dist, "package/puffin.wasm")));

export class Checker {
  #files = [];
  #core;

  constructor() {
    this.#core = new WebAssembly.Instance(module, {
      puffin: {
        read: (number, offset, address, size) => {
          const bytes = this.#files[number].subarray(offset, offset + size);
          new Uint8Array(this.#core.memory.buffer, address, bytes.length).set(bytes);
          return bytes.length;
        },
        number: (address, size) => Number(decoder.decode(new Uint8Array(this.#core.memory.buffer, address, size))),
        random: () => 4,
      },
    }).exports;
  }

  get memorySize() {
    return this.#core.memory.buffer.byteLength;
  }

  #lend(value, body) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    const address = this.#core.puffin_allocate(Math.max(bytes.length, 1));
    new Uint8Array(this.#core.memory.buffer, address, bytes.length).set(bytes);
    try {
      return body(address, bytes.length);
    } finally {
      this.#core.puffin_free(address);
    }
  }

  #result(handle) {
    const size = this.#core.puffin_result_size(handle);
    return decoder.decode(new Uint8Array(this.#core.memory.buffer, size === 0 ? 0 : this.#core.puffin_result(handle), size));
  }

  /** What `log verify` exits with and prints: `files` by their names, the snapshot as `puffin.json`. */
  verify(files) {
    const core = this.#core;
    this.#files = [];
    const set = this.#lend("puffin.json", (address, size) => core.puffin_set(address, size));
    try {
      for (const [name, bytes] of Object.entries(files)) {
        const number = this.#files.push(bytes) - 1;
        if (name === "puffin.json") core.puffin_set_snapshot(set, number, bytes.length);
        else this.#lend(name, (address, size) => core.puffin_set_file(set, address, size, number, bytes.length));
      }
      const code = core.puffin_verify(set);
      core.puffin_report(set, 0);
      const text = this.#result(set);
      core.puffin_report(set, 1);
      return { code, text, json: this.#result(set) };
    } finally {
      core.puffin_release(set);
    }
  }
}
