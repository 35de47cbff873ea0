// On damaged logs the module says what `puffin-server log verify` says: the same exit code, the same report, byte for byte. The logs are a
// server's own; the damage is that of Tests/StoreTests/Recovery/TornTailTests.swift, and of missing and damaged files.
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";

import { damaged, makeLogs, natively } from "./logs.mjs";
import { Checker } from "./module.mjs";
import { Random } from "./support.mjs";

const runs = Number(process.env.PUFFIN_WASM_LOGS ?? 1000);

test(`the verdict on ${runs} damaged logs is that of log verify`, async (t) => {
  const logs = await makeLogs(t);
  const names = Object.keys(logs);
  for (const name of names) assert.equal((await natively(logs[name])).code, 0, name);
  const checker = new Checker();
  const verdicts = { sound: 0, torn: 0, damaged: 0, "other version": 0 };
  let seed = 0;
  const work = async () => {
    while (seed < runs) {
      const own = ++seed;
      const random = new Random(own);
      const name = random.pick(names);
      const { files, recipe } = damaged(logs[name], random);
      const expected = await natively(files);
      const found = checker.verify(files);
      assert.deepEqual(found, expected, `seed ${own}: ${name}, ${recipe}`);
      verdicts[JSON.parse(found.json).state] += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`damaged logs: seeds 1 to ${runs}, from ${names.length} logs: ${JSON.stringify(verdicts)}; memory ${checker.memorySize} bytes`);
  for (const [verdict, count] of Object.entries(verdicts)) assert.ok(count > 0, `no log was ${verdict}`);
});

test("a check of the same log again takes no more memory", async (t) => {
  const logs = await makeLogs(t);
  const log = logs["many segments and a snapshot"];
  const checker = new Checker();
  for (let round = 0; round < 5; round++) checker.verify(log);
  const before = checker.memorySize;
  for (let round = 0; round < 200; round++) checker.verify(log);
  console.log(`checks: ${before} bytes before, ${checker.memorySize} after 200 rounds`);
  assert.equal(checker.memorySize, before);
});
