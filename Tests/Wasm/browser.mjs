// Chromium without a window, driven by the DevTools protocol over two pipes: no library, no port.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
  #child;
  #waiting = new Map();
  #lastID = 0;
  #folder = mkdtempSync(join(tmpdir(), "puffin-chromium-"));
  #rest = "";
  #session;
  /** What the page said on its console, errors that it did not catch, addresses that it asked for. */
  said = [];
  errors = [];
  requests = [];

  static async open(test, address) {
    const browser = new Browser();
    test.after(() => browser.close());
    await browser.#start(address);
    return browser;
  }

  async #start(address) {
    const options = [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", `--user-data-dir=${this.#folder}`, "about:blank",
    ];
    this.#child = spawn(process.env.PUFFIN_CHROMIUM ?? "chromium", options, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#child.on("error", (error) => this.#waiting.forEach(({ reject }) => reject(error)));
    this.#child.on("exit", () => this.#waiting.forEach(({ reject }) => reject(new Error("chromium has ended"))));
    this.#child.stdio[3].on("error", () => {});
    this.#child.stdio[4].setEncoding("utf8").on("data", (text) => this.#take(text));
    const { targetInfos } = await this.send("Target.getTargets");
    const page = targetInfos.find((target) => target.type === "page");
    ({ sessionId: this.#session } = await this.send("Target.attachToTarget", { targetId: page.targetId, flatten: true }));
    for (const domain of ["Page", "Runtime", "Network", "DOM", "Log"]) await this.send(`${domain}.enable`);
    await this.go(address);
  }

  #take(text) {
    const parts = (this.#rest + text).split("\0");
    this.#rest = parts.pop();
    for (const part of parts) this.#hear(JSON.parse(part));
  }

  #hear({ id, method, params, result, error }) {
    if (id !== undefined) {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      return error ? call?.reject(new Error(error.message)) : call?.resolve(result);
    }
    if (method === "Runtime.consoleAPICalled") this.said.push(params.args.map((argument) => argument.value).join(" "));
    if (method === "Runtime.exceptionThrown") this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") this.errors.push(params.entry.text);
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
  }

  send(method, params = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#lastID, { resolve, reject });
      this.#child.stdio[3].write(JSON.stringify({ id: this.#lastID, method, params, sessionId: this.#session }) + "\0");
    });
  }

  async go(address) {
    await this.send("Page.navigate", { url: address });
    await this.until('document.readyState === "complete" && location.href !== "about:blank"');
  }

  /** The value of an expression in the page. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true. */
  async until(expression, limit = 60_000) {
    const start = Date.now();
    while (!(await this.evaluate(expression))) {
      if (Date.now() - start > limit) throw new Error(`not within ${limit} ms: ${expression}; errors: ${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async chooseFiles(selector, files) {
    const { root } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files });
  }

  async press(key, code = key) {
    const codes = { ArrowLeft: 37, ArrowRight: 39, Enter: 13, Tab: 9, Home: 36, End: 35 };
    const event = { key, code, windowsVirtualKeyCode: codes[key], text: key === "Enter" ? "\r" : undefined };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  async size(width, height) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async scheme(value) {
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  }

  async screenshot(path) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    writeFileSync(path, Buffer.from(data, "base64"));
  }

  /** Its helpers end with it, and write to its folder until then. */
  async close() {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdio[3].write(JSON.stringify({ id: ++this.#lastID, method: "Browser.close" }) + "\0");
    await ended;
    for (let attempt = 0; ; attempt++) {
      try {
        return rmSync(this.#folder, { recursive: true, force: true });
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}
