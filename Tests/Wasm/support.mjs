// What the tests of the WebAssembly core share. Paths come from the environment: see `make test-wasm`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const programs = process.env.PUFFIN_PROGRAMS ?? new URL("../../bin", import.meta.url).pathname;
export const dist = process.env.PUFFIN_WASM_DIST ?? new URL("../../dist/wasm", import.meta.url).pathname;
export const client = await import(join(dist, "package/puffin.js"));

/** SplitMix64, as Sources/Bytes/Numbers/SplitMix64.swift: a printed seed repeats a run. */
export class Random {
  #state;
  constructor(seed) {
    this.#state = BigInt(seed);
  }
  next() {
    const mask = (1n << 64n) - 1n;
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & mask;
    let value = this.#state;
    value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & mask;
    return value ^ (value >> 31n);
  }
  below(limit) {
    return Number((this.next() * BigInt(limit)) >> 64n);
  }
  pick(items) {
    return items[this.below(items.length)];
  }
  bytes(size) {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }
}

export const temporaryFolder = (test) => {
  const folder = mkdtempSync(join(tmpdir(), "puffin-wasm-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A server in a folder, on a port of its own; ended after the test. */
export const startServer = async (test, folder, settings = [], environment = {}) => {
  const child = spawn(join(programs, "puffin-server"), ["--data", "puffin.json", "--port", "0", ...settings], {
    cwd: folder, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment },
  });
  let said = "";
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const port = await new Promise((resolve, reject) => {
    const take = (text) => {
      said += text;
      const found = /Server starting on .*:(\d+)/.exec(said);
      if (found && said.includes("Ready")) resolve(Number(found[1]));
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    ended.then(() => reject(new Error(`the server ended: ${said}`)));
  });
  const server = {
    port, child,
    get said() {
      return said;
    },
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
  test.after(() => server.stop("SIGKILL"));
  return server;
};
