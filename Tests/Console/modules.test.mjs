// The pure functions of the console's modules, by `node --test`. The modules are files of a page, not of node: they are imported as text.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const folder = new URL("../../Sources/CAssets/files/", import.meta.url);
const asURL = (text) => `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
const read = (name) => readFile(new URL(name, folder), "utf8");
const chartURL = asURL(await read("chart.js"));
const pageURL = asURL((await read("page.js")).replace("./chart.js", chartURL));
const load = async (name) => import(asURL((await read(name)).replace("./chart.js", chartURL).replace("./page.js", pageURL)));
const chart = await import(chartURL);
const [keys, log] = [await load("keys.js"), await load("log.js")];

test("numbers are short, and have their units", () => {
  assert.deepEqual([0, 7, 2.5, 999, 12300, 1234567, 2.5e9].map(chart.count), ["0", "7", "2.5", "999", "12,300", "1.23 M", "2.5 G"]);
  assert.deepEqual([0, 850, 12340, 4.56e6, 1.2e9, 59e9, 300e9, 3 * 3600e9, 9 * 86400e9].map(chart.time), ["0 ns", "850 ns", "12.3 µs", "4.56 ms", "1.2 s", "59 s", "5 min", "3 h", "9 days"]);
  assert.deepEqual([0, 512, 1536, 18 * 2 ** 30, 2 ** 60].map(chart.size), ["0 B", "512 B", "1.5 KiB", "18 GiB", "1024 PiB"]);
  assert.equal(chart.grouped(1234567), "1,234,567");
});

test("a linear axis reaches its largest value in at most four steps of 1, 2 or 5", () => {
  for (let exponent = -3; exponent < 12; exponent++) {
    for (const digits of [1, 1.01, 1.9, 2, 3.7, 5, 7.2, 9.99]) {
      const max = digits * 10 ** exponent;
      const axis = chart.linear(max);
      assert.ok(axis.top >= max * (1 - 1e-9), `${max}: ${axis.top}`);
      assert.ok(axis.ticks.length >= 1 && axis.ticks.length <= 4, `${max}: ${axis.ticks}`);
      assert.ok(Math.abs(axis.ticks.at(-1) - axis.top) <= axis.top * 1e-9);
      const lead = Number(axis.ticks[0].toExponential(6).split("e")[0]);
      assert.ok([1, 2, 5, 10].includes(lead), `${max}: ${axis.ticks[0]}`);
      assert.equal(axis.at(0), 0);
      assert.equal(axis.at(axis.top), 1);
    }
  }
  assert.deepEqual(chart.linear(0).ticks.length > 0, true);
});

test("an axis of bytes has steps of whole KiB, MiB, GiB", () => {
  assert.deepEqual(chart.linear(210 * 2 ** 20, 1024).ticks.map(chart.size), ["100 MiB", "200 MiB", "300 MiB"]);
  assert.deepEqual(chart.linear(5000, 1024).ticks.map(chart.size), ["2 KiB", "4 KiB", "6 KiB"]);
  assert.deepEqual(chart.linear(2e6, 1024).ticks.map(chart.size), ["1 MiB", "2 MiB"]);
  assert.deepEqual(chart.linear(0, 1024).ticks.map(chart.size).length > 0, true);
});

test("a logarithmic axis has whole decades around its values", () => {
  const axis = chart.logarithmic(12e3, 3e6);
  assert.equal(axis.top, 1e7);
  assert.equal(axis.at(1e4), 0);
  assert.equal(axis.at(1e7), 1);
  assert.ok(Math.abs(axis.at(1e5) - 1 / 3) < 1e-9);
  // One value, and none.
  assert.ok(chart.logarithmic(1e6, 1e6).at(1e6) >= 0);
  assert.ok(chart.logarithmic(0, 0).ticks.length > 0);
});

test("joined samples lose no peak, and do not change while they move", () => {
  const values = Array.from({ length: 900 }, (_, index) => (index === 451 ? 1000 : index % 7));
  const points = chart.joined(values, 0, 180);
  assert.equal(points.length, 180);
  assert.equal(Math.max(...points.map((point) => point.high)), 1000);
  assert.equal(Math.min(...points.map((point) => point.low)), 0);
  // Three seconds later: the same groups but at the edges, three to the left.
  const later = chart.joined([...values.slice(3), 1, 2, 3], 3, 180);
  for (const [index, point] of points.entries()) {
    if (index === 0 || index >= 179) continue;
    assert.equal(later[index].mean, point.mean, `group ${index}`);
    assert.equal(later[index].at, point.at - 3);
  }
});

test("a gap ends a line, and a single point is still seen", () => {
  const { line, band } = chart.paths([{ at: 0, mean: 1, low: 0, high: 2 }, { at: 1, mean: 2, low: 1, high: 3 }, null, { at: 3, mean: 4, low: 4, high: 4 }], (x) => x * 10, (y) => y);
  assert.equal(line, "M0 1L10 2M30 4h1.5");
  assert.equal(band, "M0 2L10 3L10 1L0 0ZM30 4L30 4Z");
  assert.deepEqual(chart.paths([null, null], (x) => x, (y) => y), { line: "", band: "" });
});

test("a table has the newest seconds first, and a mean of those with a value", () => {
  const samples = [[1], [2], [null], [4], [6], [8], [10]];
  const rows = chart.rows([{ value: (row) => row[0] }], samples, 7000, 3);
  assert.deepEqual(rows, [{ time: 7000, values: [8] }, { time: 4000, values: [3] }, { time: 1000, values: [1] }]);
  assert.deepEqual(chart.rows([{ value: (row) => row[0] }], [[null]], 0, 3), [{ time: 0, values: [null] }]);
});

test("JSON is indented without a change of its numbers and strings", () => {
  assert.equal(keys.indented('{"a":[1,2.50,{}],"b":"x, {y}\\"","big":12345678901234567890,"e":[]}'),
    '{\n  "a": [\n    1,\n    2.50,\n    {}\n  ],\n  "b": "x, {y}\\"",\n  "big": 12345678901234567890,\n  "e": []\n}');
  assert.equal(keys.indented('{"a": 1'), null);
  for (const value of [{ a: [[], {}, [1, [2]]], "": null }, [], "x", [true, false, null, -1e-9]]) {
    assert.deepEqual(JSON.parse(keys.indented(JSON.stringify(value))), value);
  }
});

test("bytes are shown as a hex dump, up to 64 KiB", () => {
  assert.equal(keys.hexadecimal(Uint8Array.from([0, 65, 255, 10])), `000000  ${"00 41 ff 0a".padEnd(47)}  ·A··`);
  const lines = keys.hexadecimal(new Uint8Array(70000)).split("\n");
  assert.equal(lines.length, 4097);
  assert.equal(lines.at(-1), "… 4,464 bytes more");
});

test("checksums are those of the log: each continues the one before", () => {
  assert.equal(log.crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  const lines = [
    '{"seq":1,"ts":1764000000123,"op":"set","key":"greeting","value":"Hello, world!","crc":"8162a92e"}',
    '{"seq":2,"ts":1764000000456,"op":"set","key":"ä","value":"crc","crc":"00000000"}',
  ];
  // The first follows the checksum of the segment's head: its field chain.
  assert.equal(log.isWhole(lines[0], 0), true);
  assert.equal(log.isWhole(lines[0], 1), false);
  assert.equal(log.isWhole(lines[0].replace("Hello", "Hallo"), 0), false);
  assert.equal(log.isWhole(lines[1], 0x8162a92e), false);
  assert.equal(log.isWhole('{"seq":1}', 0), null);
});

test("events are read whole, however they are cut", () => {
  const text = ': hello\nid: 1-aa\n\nid: 2-bb\ndata: {"a":\ndata: 1}\n\n:\n\nid: 3-cc\r\ndata:x\r\n\r\n';
  const expected = [{ id: "1-aa", data: null }, { id: "2-bb", data: '{"a":\n1}' }, { id: "3-cc", data: "x" }];
  for (let size = 1; size < text.length; size++) {
    const read = log.eventReader();
    const events = [];
    for (let start = 0; start < text.length; start += size) events.push(...read(text.slice(start, start + size)));
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test("the end of a feed is an event with a name", () => {
  assert.deepEqual(log.eventReader()('event: end\ndata: {"code":"COMPACTED"}\n\n'), [{ id: null, data: '{"code":"COMPACTED"}', name: "end" }]);
});

test("a record of several changes is several rows", () => {
  assert.deepEqual(log.changesOf({ op: "multi", changes: [{ op: "set", key: "a", value: "1", expires: 5 }, { op: "delete", key64: "/w==" }] }), [
    { op: "set", key: "a", value: "1", expires: 5 }, { op: "delete", key: "base64:/w==", value: "", expires: null }]);
  assert.deepEqual(log.changesOf({ op: "expired", changes: [{ key: "a" }] }), [{ op: "expired", key: "a", value: "", expires: null }]);
  assert.deepEqual(log.changesOf({ op: "clear" }), [{ op: "clear", key: "", value: "", expires: null }]);
  assert.deepEqual(log.changesOf({ op: "meta", kind: "user", name: "bob", value: null }), [{ op: "meta", key: "user bob", value: "null", expires: null }]);
});
