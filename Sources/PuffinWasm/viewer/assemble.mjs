// Makes the log viewer one file: node assemble.mjs puffin.wasm viewer.html
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [module, target] = process.argv.slice(2);
const part = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const [style, script, worker] = ["viewer.css", "viewer.js", "worker.js"].map(part);
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const policy = [
  "default-src 'none'", "connect-src 'none'", `script-src ${hash(script)} 'wasm-unsafe-eval'`, "worker-src blob:", `style-src ${hash(style)}`,
  "form-action 'none'", "base-uri 'none'",
].join("; ");
const parts = { policy, style, script, worker, module: readFileSync(module).toString("base64") };
for (const name of ["script", "worker"]) {
  if (/<\/script/i.test(parts[name])) throw new Error(`${name}.js would end its element`);
}
writeFileSync(target, part("viewer.html").replace(/\{\{([a-z]+)\}\}/g, (_, name) => parts[name]));
