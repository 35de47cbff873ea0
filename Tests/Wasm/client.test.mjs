// The client over TCP and TLS with a real server, and with peers that behave badly: what its errors say about a change must be true.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { client, startServer, temporaryFolder } from "./support.mjs";

const { connect } = client;

const connected = async (t, settings, options, environment) => {
  const server = await startServer(t, temporaryFolder(t), settings, environment);
  const one = await connect(`tcp://127.0.0.1:${server.port}`, options);
  t.after(() => one.close());
  return { server, one };
};

test("values, counts, conditions and lists", async (t) => {
  const { one } = await connected(t);
  assert.equal(await one.get("none"), null);
  assert.equal(await one.set("key", "grüße"), true);
  assert.equal(await one.getText("key"), "grüße");
  await one.set("mark", "\ufeffa byte order mark");
  assert.equal(await one.getText("mark"), "\ufeffa byte order mark");
  assert.deepEqual(await one.get("key"), new TextEncoder().encode("grüße"));
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await one.set(bytes, bytes);
  assert.deepEqual(await one.get(bytes), bytes);
  assert.equal(await one.set("key", "other", { if: "missing" }), false);
  assert.equal(await one.set("key", "other", { if: "exists", expires: 60_000 }), true);
  const left = await one.command("PTTL", "key");
  assert.ok(left > 0 && left <= 60_000, `${left}`);
  assert.equal(await one.command("INCRBY", "number", 41n), 41);
  await one.set("large", "9223372036854775806");
  assert.equal(await one.command("INCR", "large"), 9223372036854775807n);
  await one.set("edge", String(2 ** 53 - 2));
  assert.equal(await one.command("INCR", "edge"), Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await one.command("MGET", "number", "none"), [new TextEncoder().encode("41"), null]);
  assert.equal(await one.delete("key", "none", "number"), 2);
});

test("a value of 16 MiB, and many requests at once in their order", async (t) => {
  const { one } = await connected(t);
  const value = Buffer.alloc(16 << 20, "0123456789");
  await one.set("large", value);
  assert.ok(value.equals(await one.get("large")));
  const count = 5000;
  await Promise.all(Array.from({ length: count }, (_, index) => one.set(`key ${index}`, `value ${index}`)));
  const values = await Promise.all(Array.from({ length: count }, (_, index) => one.getText(`key ${index}`)));
  values.forEach((found, index) => assert.equal(found, `value ${index}`));
});

test("a transaction is all or nothing", async (t) => {
  const { one } = await connected(t);
  const replies = await one.transaction([["SET", "a", "1"], ["INCR", "a"], ["GET", "a"]]);
  assert.deepEqual(replies, ["OK", 2, new TextEncoder().encode("2")]);
  await assert.rejects(one.transaction([["SET", "b", "1"], ["SET", "b"]]), { name: "ServerError", code: "ERR", mayHaveRun: false });
  assert.equal(await one.get("b"), null);
  const [, error] = await one.transaction([["SET", "c", "text"], ["INCR", "c"]]);
  assert.equal(error.name, "ServerError");
  await assert.rejects(one.transaction([["WATCH", "a"]]), { name: "RequestError", mayHaveRun: false });
});

test("an error reply rejects, and the connection goes on", async (t) => {
  const { one } = await connected(t);
  await assert.rejects(one.command("SET", "key"), { name: "ServerError", code: "ERR", mayHaveRun: false });
  await assert.rejects(one.command("NOSUCH"), { name: "ServerError", mayHaveRun: false });
  assert.equal(await one.command("PING"), "PONG");
});

test("what cannot be sent is refused before it is", async (t) => {
  const { one } = await connected(t);
  for (const name of ["MULTI", "subscribe", "AUTH", "CHANGES", "RESET"]) {
    await assert.rejects(one.command(name), { name: "RequestError", mayHaveRun: false }, name);
  }
  await assert.rejects(one.command("SET", "key", undefined), { name: "RequestError" });
  await assert.rejects(one.command("SET", "key", { a: 1 }), { name: "RequestError" });
  assert.equal(await one.get("key"), null);
});

test("each command that counts as a read is one by the server's own table", async (t) => {
  const { one } = await connected(t);
  const table = new Map((await one.command("COMMAND")).map(([name, , flags]) => [String(Buffer.from(name)).toUpperCase(), [...flags].map((flag) => String(flag))]));
  assert.ok(table.size > 50, `${table.size} commands`);
  const known = [...client.reads].filter((name) => table.has(name));
  assert.ok(known.length > 20, `${known}`);
  for (const name of known) assert.ok(!table.get(name).includes("write"), `${name} changes pairs: ${table.get(name)}`);
  const missing = [...table].filter(([name, flags]) => flags.includes("readonly") && !client.reads.has(name)).map(([name]) => name);
  assert.deepEqual(missing, [], "read-only commands that count as changes");
  console.log(`reads: ${known.length} of ${table.size} commands of the server`);
});

test("a login by password, a wrong one, and none", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "password"), "correct horse", { mode: 0o600 });
  const server = await startServer(t, folder, [], { PUFFIN_AUTH_PASSWORD_FILE: join(folder, "password") });
  const address = `tcp://127.0.0.1:${server.port}`;
  for (const options of [{ password: "correct horse" }, { user: "default", password: "correct horse" }]) {
    const one = await connect(address, options);
    await one.set("key", "value");
    await one.close();
  }
  await assert.rejects(connect(address, { password: "battery staple" }), { name: "LoginError", mayHaveRun: false });
  await assert.rejects(connect(address, { user: "default" }), { name: "RequestError", mayHaveRun: false });
  const none = await connect(address);
  await assert.rejects(none.set("key", "other"), { name: "ServerError", code: "NOAUTH", mayHaveRun: false });
  await none.close();
});

test("TLS: the server's certificate is checked, and a client's is sent", async (t) => {
  const folder = temporaryFolder(t);
  const openssl = (...words) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test ca");
  for (const [name, extension] of [["server", "subjectAltName=DNS:localhost"], ["client", "extendedKeyUsage=clientAuth"]]) {
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(join(folder, `${name}.cnf`), extension);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", `${name}.pem`, "-extfile", `${name}.cnf`);
  }
  const files = Object.fromEntries(["ca.pem", "client.pem", "client.key"].map((name) => [name, readFileSync(join(folder, name))]));
  const server = await startServer(t, folder, [
    "--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-client-ca-file", "ca.pem", "--tls-client-certs", "required",
  ]);
  const secure = `tls://localhost:${server.port}`;
  const one = await connect(secure, { ca: files["ca.pem"], cert: files["client.pem"], key: files["client.key"] });
  await one.set("key", "secret");
  assert.equal(await one.getText("key"), "secret");
  await one.close();
  await assert.rejects(connect(secure), { name: "ConnectError", mayHaveRun: false }, "an unknown authority");
  await assert.rejects(connect(secure, { ca: files["ca.pem"], servername: "other" }), { name: "ConnectError" }, "another name");
  const plain = await connect(`tcp://localhost:${server.port}`).catch((error) => error);
  if (!(plain instanceof client.PuffinError)) {
    await assert.rejects(plain.set("key", "x"), client.PuffinError);
    await plain.close();
  }
});

test("addresses that are none", async () => {
  for (const address of ["localhost:8080", "ws://localhost:8080", "tcp://localhost", "tcp://localhost:0", "tcp://localhost:65536", "tcp://user:password@localhost:1", "tcp://[1.2.3.4]:1", "tcp://a b:1", "", undefined]) {
    await assert.rejects(connect(address), { name: "RequestError", mayHaveRun: false }, `${address}`);
  }
  await assert.rejects(connect("tcp://127.0.0.1:1"), { name: "ConnectError", mayHaveRun: false });
});

// MARK: Peers that behave badly

/** A peer that answers nothing by itself. It collects what came, for all connections. */
const peer = async (t, onData) => {
  const state = { received: "", connections: 0, sockets: [] };
  const server = createServer((socket) => {
    state.connections += 1;
    state.sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      state.received += bytes.toString("latin1");
      onData?.(socket, bytes, state);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of state.sockets) socket.destroy();
    server.close();
  });
  state.address = `tcp://127.0.0.1:${server.address().port}`;
  return state;
};

const timesOf = (text, part) => text.split(part).length - 1;

test("a change whose connection is lost may have run, and is never sent again", async (t) => {
  const lost = await peer(t, (socket) => socket.destroy());
  const one = await connect(lost.address);
  const [change, read] = await Promise.allSettled([one.set("key", "value"), one.get("key")]);
  assert.equal(change.reason.name, "OutcomeUnknownError");
  assert.equal(change.reason.mayHaveRun, true);
  assert.equal(read.reason.name, "ConnectionLostError");
  assert.equal(read.reason.mayHaveRun, false);
  // The next request connects again, and sends itself alone.
  await assert.rejects(one.get("other"), { name: "ConnectionLostError", mayHaveRun: false });
  assert.equal(lost.connections, 2);
  assert.equal(timesOf(lost.received, "SET"), 1);
  assert.equal(timesOf(lost.received, "GET"), 2);
  await one.close();
});

test("commands that the client does not know count as changes", async (t) => {
  const lost = await peer(t, (socket) => socket.destroy());
  const one = await connect(lost.address);
  await assert.rejects(one.command("FUTURE", "key"), { name: "OutcomeUnknownError", mayHaveRun: true });
  await assert.rejects(one.transaction([["GET", "key"]]), { name: "OutcomeUnknownError", mayHaveRun: true });
  await one.close();
});

test("no reply in time: a change may have run, a read has changed nothing", async (t) => {
  const silent = await peer(t);
  for (const [request, name] of [[(one) => one.set("key", "value"), "OutcomeUnknownError"], [(one) => one.get("key"), "TimeoutError"]]) {
    const one = await connect(silent.address, { requestTimeout: 50 });
    await assert.rejects(request(one), { name, mayHaveRun: name === "OutcomeUnknownError" });
    await one.close();
  }
  assert.equal(timesOf(silent.received, "SET"), 1);
});

test("replies that are none, and one too many", async (t) => {
  const wrong = await peer(t, (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const one = await connect(wrong.address);
  const error = await one.set("key", "value").catch((reason) => reason);
  assert.equal(error.name, "OutcomeUnknownError");
  assert.match(error.message, /a reply begins with 'H'/);
  await one.close();
  const talkative = await peer(t, (socket) => socket.write("+OK\r\n+OK\r\n"));
  const other = await connect(talkative.address);
  assert.equal(await other.set("key", "value"), true);
  // Nobody knows what the second one answered: the next request gets a connection of its own.
  assert.equal(await other.set("key", "value"), true);
  assert.equal(talkative.connections, 2);
  await other.close();
});

test("errors of a server that does not know either", async (t) => {
  for (const [code, mayHaveRun] of [["UNKNOWN", true], ["SUPERSEDED", true], ["UNACKED", true], ["AUDIT", true], ["READONLY", false], ["OOM", false], ["DISKFULL", false]]) {
    const failing = await peer(t, (socket) => socket.write(`-${code} a sentence\r\n`));
    const one = await connect(failing.address);
    await assert.rejects(one.set("key", "value"), { name: "ServerError", code, mayHaveRun }, code);
    await one.close();
  }
});

test("without its MULTI, what a transaction held may have run", async (t) => {
  const odd = await peer(t, (socket) => socket.write("-NOPERM no MULTI\r\n+OK\r\n-ERR EXEC without MULTI\r\n"));
  const one = await connect(odd.address);
  await assert.rejects(one.transaction([["SET", "key", "value"]]), { name: "ServerError", code: "ERR", mayHaveRun: true });
  await one.close();
});

test("a server that is killed: what it acknowledged is there, and what it did not is said to be unknown", async (t) => {
  const folder = temporaryFolder(t);
  const server = await startServer(t, folder);
  const one = await connect(`tcp://127.0.0.1:${server.port}`);
  const [made, failed] = [[], []];
  const work = async (_, place) => {
    for (let index = place; ; index += 50) {
      try {
        await one.set(`key ${index}`, "value");
      } catch (error) {
        failed.push(error);
        return;
      }
      if (made.push(index) === 500) server.stop("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: 50 }, work));
  assert.ok(made.length >= 500);
  assert.equal(failed.length, 50);
  for (const reason of failed) assert.equal(reason.mayHaveRun, reason.name === "OutcomeUnknownError", `${reason.name}`);
  assert.ok(failed.some((reason) => reason.mayHaveRun), "no change was under way");
  const again = await startServer(t, folder);
  const other = await connect(`tcp://127.0.0.1:${again.port}`);
  const values = await Promise.all(made.map((index) => other.getText(`key ${index}`)));
  assert.ok(values.every((value) => value === "value"));
  console.log(`killed: ${made.length} acknowledged and there, ${failed.length} unknown`);
  await other.close();
  await one.close();
});

test("close waits for replies, and then refuses", async (t) => {
  const { one } = await connected(t);
  const pending = Promise.all(Array.from({ length: 100 }, (_, index) => one.set(`key ${index}`, "value")));
  await new Promise((resolve) => setImmediate(resolve));
  await one.close();
  assert.equal((await pending).length, 100);
  await assert.rejects(one.get("key 1"), { name: "ClosedError", mayHaveRun: false });
  await one.close();
});
