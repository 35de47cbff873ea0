// The log viewer in a browser, from a file: what it says, that it works by keyboard and on a small screen, and that it opens no connection.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";

import { Browser } from "./browser.mjs";
import { damaged, makeLogs, natively, writeFiles } from "./logs.mjs";
import { dist, Random, startServer, temporaryFolder, client } from "./support.mjs";

const address = pathToFileURL(join(dist, "log-viewer.html")).href;
const text = (selector) => `document.querySelector(${JSON.stringify(selector)}).textContent`;
const isHidden = (selector) => `document.querySelector(${JSON.stringify(selector)}).hidden`;

/** Has the page check files, and waits for its verdict. */
const check = async (browser, paths) => {
  await browser.evaluate("document.querySelector('#report').hidden = true; document.querySelector('#files').value = ''");
  await browser.chooseFiles("#files", paths);
  await browser.until(`(${isHidden("#report")} === false || ${isHidden("#problem")} === false) && ${isHidden("#progress")}`);
};

/** A data set with keys that are known, and some that would harm a careless page. */
const makeSample = async (t) => {
  const folder = temporaryFolder(t);
  const server = await startServer(t, folder, ["--segment-size", "16K"]);
  const one = await client.connect(`tcp://127.0.0.1:${server.port}`);
  const random = new Random(11);
  for (let index = 0; index < 60; index++) {
    await Promise.all(Array.from({ length: 8 }, () => one.set(`user:${random.below(20)}`, `value ${index} ${"x".repeat(random.below(60))}`)));
    await one.set("counter", String(index));
  }
  await one.set("<img src=x onerror=window.harmed=1>", "<script>window.harmed=1</script>");
  await one.set("turned", "\ufeffabc\u202edef\u0007");
  await one.set(new Uint8Array([0xff, 0xfe]), new Uint8Array([0, 1, 2, 255]));
  await one.delete("counter");
  await server.stop("SIGTERM");
  return folder;
};

test("a data set: verdict, change by change, history of a key, pairs", async (t) => {
  const folder = await makeSample(t);
  const names = readdirSync(join(folder, "puffin.json.log"));
  const paths = names.map((name) => join(folder, "puffin.json.log", name));
  const browser = await Browser.open(t, address);
  await check(browser, paths);
  assert.match(await browser.evaluate(text("#verdict")), /^Sound: changes 1 to 544 in 544 records/);
  const rows = await browser.evaluate("document.querySelectorAll('#segments tbody tr').length");
  assert.equal(rows, names.filter((name) => name.endsWith(".jsonl")).length);
  assert.equal(await browser.evaluate("document.querySelectorAll('#strip span').length"), rows);
  assert.match(await browser.evaluate(text("#ignored")), /LOCK/);
  // The slider begins at the last change.
  assert.equal(await browser.evaluate(text("#change-seq")), "544");
  await browser.until(`${text("#line")}.includes('"op":"delete","key":"counter"')`);
  // The history of a key, and its value at a change.
  await browser.evaluate("document.querySelector('#key').value = 'counter'; document.querySelector('#key').focus()");
  await browser.press("Enter");
  await browser.until(`${text("#key-now")} !== ''`);
  assert.match(await browser.evaluate(text("#key-now")), /At change 544, counter is not there/);
  assert.equal(await browser.evaluate("document.querySelectorAll('#events tbody tr').length"), 61);
  await browser.evaluate("document.querySelector('#number').value = 100; document.querySelector('#number').dispatchEvent(new Event('change'))");
  // Each round of nine changes ends with the counter's: change 99 is the eleventh.
  assert.match(await browser.evaluate(text("#key-now")), /At change 100, counter has 2 bytes/);
  assert.equal(await browser.evaluate(text("#key-value")), "10");
  // By keyboard.
  await browser.evaluate("document.querySelector('#slider').focus()");
  await browser.press("ArrowLeft");
  await browser.press("ArrowLeft");
  await browser.until(`${text("#change-seq")} === '98'`);
  assert.equal(await browser.evaluate(text("#key-value")), "9");
  await browser.press("Home");
  await browser.until(`${text("#change-seq")} === '1'`);
  assert.match(await browser.evaluate(text("#key-now")), /At change 1, counter is not there/);
  await browser.press("End");
  await browser.until(`${text("#change-seq")} === '544'`);
  // All pairs.
  await browser.evaluate("document.querySelector('#prefix').value = 'user:'; document.querySelector('#pairs-form button').click()");
  await browser.until(`${text("#pairs-note")}.startsWith('20 pairs at change 544')`);
  assert.equal(await browser.evaluate("document.querySelectorAll('#pairs tbody tr').length"), 20);
  await browser.evaluate("document.querySelector('#prefix').value = ''; document.querySelector('#pairs-form button').click()");
  await browser.until(`${text("#pairs-note")}.startsWith('23 pairs')`);
  // What would harm a page is text, and what would turn a line round is visible.
  const pairs = await browser.evaluate(text("#pairs tbody"));
  assert.ok(pairs.includes("<img src=x onerror=window.harmed=1>") && pairs.includes("\\u{feff}abc\\u{202e}def\\u{7}") && pairs.includes("bytes ff fe"), pairs);
  assert.equal(await browser.evaluate("window.harmed === undefined"), true);
  assert.deepEqual(browser.errors, []);
});

test("no connection: whatever a page could try is forbidden, and none is tried", async (t) => {
  const browser = await Browser.open(t, address);
  const policy = await browser.evaluate("document.querySelector('meta[http-equiv]').content");
  assert.match(policy, /connect-src 'none'/);
  assert.match(policy, /default-src 'none'/);
  assert.ok(!/unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')/.test(policy), policy);
  const outcome = await browser.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)");
  assert.equal(outcome, "TypeError");
  assert.ok(browser.errors.some((error) => error.includes("connect-src")), `${browser.errors}`);
  const others = browser.requests.filter((url) => !url.startsWith("file:") && !url.startsWith("blob:") && !url.startsWith("http://127.0.0.1:9/"));
  assert.deepEqual(others, []);
});

test("what it says of 40 damaged logs is what log verify prints", async (t) => {
  const logs = await makeLogs(t);
  const browser = await Browser.open(t, address);
  const counts = {};
  for (let seed = 2001; seed <= 2040; seed++) {
    const random = new Random(seed);
    const name = random.pick(Object.keys(logs));
    const { files, recipe } = damaged(logs[name], random);
    const expected = await natively(files);
    await check(browser, writeFiles(temporaryFolder(t), files));
    assert.equal(await browser.evaluate(isHidden("#problem")), true, `seed ${seed}: ${await browser.evaluate(text("#problem"))}`);
    assert.equal(await browser.evaluate(text("#text")), expected.text, `seed ${seed}: ${name}, ${recipe}`);
    assert.equal(await browser.evaluate(text("#verdict")), expected.text.trimEnd().split("\n").at(-1));
    const state = JSON.parse(expected.json).state;
    counts[state] = (counts[state] ?? 0) + 1;
    const isBad = state === "damaged" || state === "other version";
    assert.equal(await browser.evaluate(isHidden("#damage")), !isBad, `seed ${seed}`);
  }
  assert.deepEqual(browser.errors, []);
  console.log(`viewer: seeds 2001 to 2040: ${JSON.stringify(counts)}`);
});

test("files that are none of a data set", async (t) => {
  const browser = await Browser.open(t, address);
  await check(browser, [new URL("viewer.test.mjs", import.meta.url).pathname]);
  assert.match(await browser.evaluate(text("#problem")), /None of these files is a segment/);
});

test("at 320 pixels nothing is wider than the page, in light and dark", async (t) => {
  const folder = await makeSample(t);
  const log = join(folder, "puffin.json.log");
  const paths = readdirSync(log).filter((name) => name.endsWith(".jsonl")).sort().map((name) => join(log, name));
  // Damage is what has the longest words.
  const bytes = readFileSync(paths[1]);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(paths[1], bytes);
  const browser = await Browser.open(t, address);
  for (const [width, scheme] of [[320, "light"], [390, "dark"], [390, "light"], [1280, "light"], [1280, "dark"]]) {
    await browser.size(width, 900);
    await browser.scheme(scheme);
    await check(browser, paths);
    await browser.evaluate("document.querySelector('#key').value = 'user:1'; document.querySelector('#key-form button').click()");
    await browser.until(`${isHidden("#key-result")} === false && ${isHidden("#progress")}`);
    await browser.evaluate("document.querySelector('#pairs-form button').click()");
    await browser.until(`${text("#pairs-note")} !== ''`);
    const [widest, room] = await browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
    assert.ok(widest <= room, `${widest} pixels, where there are ${room}: at ${width}, ${scheme}`);
    const colour = await browser.evaluate("getComputedStyle(document.body).backgroundColor");
    assert.equal(colour, scheme === "dark" ? "rgb(18, 22, 27)" : "rgb(255, 255, 255)");
    if (process.env.PUFFIN_SCREENSHOTS) await browser.screenshot(join(process.env.PUFFIN_SCREENSHOTS, `viewer-${width}-${scheme}.png`));
  }
});
