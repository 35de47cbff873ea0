// A client for Puffin over TCP and TLS, for node. The protocol is in session.js; this file has sockets, promises and errors.
//
// Nothing is ever sent twice: a change whose reply does not come fails with an error that says that it may have run.

import { connect as connectTCP, isIP } from "node:net";
import { connect as connectTLS } from "node:tls";

import {
  ClosedError, ConnectError, ConnectionLostError, LoginError, OutcomeUnknownError, ProtocolError, RequestError, ServerError, TimeoutError,
} from "./errors.js";
import { bytesOf, Session, textOf } from "./session.js";

export * from "./errors.js";
export { memorySize, Session } from "./session.js";

// MARK: Commands

/** Commands that change nothing. Every other one counts as a change. */
export const reads = new Set(
  `BITCOUNT COMMAND DBSIZE DIGEST DUMP ECHO EXISTS EXPIRETIME GET GETBIT GETRANGE HELP INFO KEYS LASTSAVE LOLWUT MEMORY MGET OBJECT
  PEXPIRETIME PING PTTL RANDOMKEY RANGE ROLE SCAN SEQ STATS STRLEN SUBSTR TIME TTL TYPE`.split(/\s+/),
);

// They would change the meaning of later replies on a connection that several callers share.
const refused = new Set(
  `ASKING AUTH CHANGES CLIENT DISCARD EXEC HELLO MONITOR MULTI PROVE PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLICATE RESET SELECT
  SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH`.split(/\s+/),
);

// MARK: Addresses

const parse = (address) => {
  const problem = (reason) =>
    new RequestError(`${JSON.stringify(String(address))} is not an address: ${reason}; expected tcp://host:port or tls://host:port`);
  const match = /^(tcp|tls):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]?#]+)):([0-9]{1,5})\/?$/.exec(address);
  if (!match) throw problem(/@/.test(address) ? "user and password are options" : "it has another form");
  const [, scheme, bracketed, name, digits] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) throw problem("the brackets hold no IPv6 address");
  const port = Number(digits);
  if (port < 1 || port > 65535) throw problem("the port is a number from 1 to 65535");
  return { isSecure: scheme === "tls", host: bracketed ?? name, port };
};

// MARK: The client

/**
 * Connects to a server.
 * @throws ConnectError, LoginError, RequestError
 */
export const connect = async (address, options = {}) => {
  const client = new Client(address, options);
  await client.ready();
  return client;
};

/** One connection to one server, which callers share: requests are pipelined, replies come in their order. */
class Client {
  #address;
  #place;
  #options;
  /** The open connection, or the promise of one. */
  #link;
  #isClosed = false;

  constructor(address, { user, password, connectTimeout = 5000, requestTimeout = 5000, ca, cert, key, servername } = {}) {
    this.#address = String(address);
    this.#place = parse(this.#address);
    if (user !== undefined && password === undefined) throw new RequestError("a user without a password");
    this.#options = { user, password, connectTimeout, requestTimeout, ca, cert, key, servername };
  }

  /** Connects, if there is no connection. */
  async ready() {
    await this.#connection();
  }

  /**
   * Sends any command, and resolves to its reply.
   * @throws PuffinError
   */
  async command(name, ...words) {
    const kind = String(name).toUpperCase();
    if (refused.has(kind)) {
      throw new RequestError(`${kind} changes the meaning of later replies on this connection, which callers share; it was not sent`);
    }
    const [value] = await this.#send([[name, ...words]], reads.has(kind));
    return value;
  }

  /** The value of a key, as bytes; null if there is none. */
  get(key) {
    return this.command("GET", key);
  }

  /** The value of a key, as text; null if there is none. */
  async getText(key) {
    const value = await this.get(key);
    return value === null ? null : textOf(value);
  }

  /**
   * Sets a value. `expires` is in milliseconds from now; `if` is `"missing"` or `"exists"`.
   * @returns whether it was set: false only if `if` was not met.
   */
  async set(key, value, { expires, if: condition } = {}) {
    const words = ["SET", key, value];
    if (condition !== undefined) {
      if (condition !== "missing" && condition !== "exists") throw new RequestError('"if" is "missing" or "exists"');
      words.push(condition === "missing" ? "NX" : "XX");
    }
    if (expires !== undefined) words.push("PX", expires);
    return (await this.command(...words)) !== null;
  }

  /** Removes keys, and resolves to how many there were. */
  delete(...keys) {
    return this.command("DEL", ...keys);
  }

  /**
   * Runs requests as one change, in one write: all of them or none.
   * @returns their replies; an error of one of them is a ServerError among them.
   */
  async transaction(requests) {
    for (const [name] of requests) {
      if (refused.has(String(name).toUpperCase())) throw new RequestError(`${name} cannot be in a transaction`);
    }
    const replies = await this.#send([["MULTI"], ...requests, ["EXEC"]], false);
    return replies.at(-1);
  }

  /** Closes the connection once the replies to everything that was sent have come. */
  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const link = await Promise.resolve(this.#link).catch(() => undefined);
    await link?.end();
  }

  async #send(requests, isRead) {
    const start = Date.now();
    const link = await this.#connection();
    const left = this.#options.requestTimeout - (Date.now() - start);
    return link.send(requests, isRead, left);
  }

  #connection() {
    if (this.#isClosed) return Promise.reject(new ClosedError("the client is closed"));
    if (this.#link instanceof Link && !this.#link.isUsable) this.#link = undefined;
    if (this.#link === undefined) {
      const attempt = Link.open(this.#address, this.#place, this.#options);
      this.#link = attempt;
      attempt.then(
        (link) => (this.#link = link),
        // The next request tries again.
        () => (this.#link = undefined),
      );
    }
    return Promise.resolve(this.#link);
  }
}

/** One connection, from the handshake on. */
class Link {
  #address;
  #socket;
  #session = new Session();
  /** What has no reply yet, oldest first: one for each call, of one request or several. */
  #waiting = [];
  #isFlushing = false;
  #failure;
  #whenIdle;

  /** Connects and logs in. */
  static open(address, { isSecure, host, port }, options) {
    return new Promise((resolve, reject) => {
      const { ca, cert, key, servername } = options;
      const socket = isSecure
        ? connectTLS({ host, port, ca, cert, key, servername: servername ?? (isIP(host) ? undefined : host) })
        : connectTCP({ host, port });
      const timer = setTimeout(
        () => socket.destroy(new Error(`no connection within ${options.connectTimeout} ms`)),
        options.connectTimeout,
      );
      const refuse = (error) => {
        clearTimeout(timer);
        reject(new ConnectError(`cannot connect to ${address}: ${reasonOf(error)}`, { cause: error }));
      };
      socket.once("error", refuse);
      socket.once(isSecure ? "secureConnect" : "connect", async () => {
        socket.off("error", refuse);
        socket.setNoDelay(true);
        const link = new Link(address, socket);
        try {
          await link.#logIn(options);
          resolve(link);
        } catch (error) {
          socket.destroy();
          reject(error);
        } finally {
          clearTimeout(timer);
        }
      });
    });
  }

  constructor(address, socket) {
    this.#address = address;
    this.#socket = socket;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", (error) => this.#fail(reasonOf(error), error));
    socket.on("close", () => this.#fail("the server closed the connection"));
  }

  get isUsable() {
    return this.#failure === undefined;
  }

  async #logIn({ user, password, connectTimeout }) {
    if (password === undefined) return;
    try {
      await this.send([user === undefined ? ["AUTH", password] : ["AUTH", user, password]], true, connectTimeout);
    } catch (error) {
      if (!(error instanceof ServerError)) {
        throw new ConnectError(`cannot log in at ${this.#address}: ${error.message}`, { cause: error });
      }
      throw new LoginError(`${this.#address} refuses the login: ${error.message}`, { cause: error });
    }
  }

  /** Sends requests in one write; an error reply to the last of them rejects. */
  send(requests, isRead, timeout) {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure.of(false));
      if (timeout <= 0) return reject(new TimeoutError(`${this.#address}: there was no time left to send the request`));
      // A request that is no request must leave nothing of itself in the output.
      const checked = requests.map((words) => {
        if (words.length === 0) throw new RequestError("a request without a command");
        return words.map((word, index) => bytesOf(word, index === 0 ? "the command" : `argument ${index}`));
      });
      for (const words of checked) this.#session.request(words);
      const call = { isRead, left: requests.length, replies: [], resolve, reject };
      call.timer = setTimeout(() => this.#fail(`no reply within ${timeout} ms`, undefined, call), timeout);
      this.#waiting.push(call);
      if (this.#isFlushing) return;
      // Requests of one turn of the loop go in one write.
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        if (this.isUsable) this.#socket.write(this.#session.output());
      });
    });
  }

  /** Closes once nothing waits. */
  end() {
    return new Promise((resolve) => {
      if (!this.isUsable) return resolve();
      this.#whenIdle = () => this.#socket.end(resolve);
      if (this.#waiting.length === 0) this.#whenIdle();
    });
  }

  #take(bytes) {
    try {
      this.#session.feed(bytes);
      for (let reply = this.#session.next(); reply !== undefined; reply = this.#session.next()) this.#answer(reply.value);
    } catch (error) {
      this.#fail(error.message, error instanceof ProtocolError ? undefined : error);
    }
  }

  #answer(value) {
    const call = this.#waiting[0];
    if (call === undefined) return this.#fail("the server sent a reply to no request");
    call.replies.push(value);
    if (call.replies.length < call.left) return;
    this.#waiting.shift();
    clearTimeout(call.timer);
    if (value instanceof ServerError) {
      // Without its MULTI, each request of a transaction ran by itself.
      if (call.replies.length > 1 && call.replies[0] instanceof ServerError) value.mayHaveRun = true;
      // EXEC says only that the transaction was discarded; the reply to the request itself says why.
      const first = call.replies.find((reply) => reply instanceof ServerError);
      call.reject(value.code === "EXECABORT" ? first : value);
    } else {
      call.resolve(call.replies);
    }
    if (this.#waiting.length === 0) this.#whenIdle?.();
  }

  /** Ends the connection: what was sent has no reply any more. `late` is the call whose time is over. */
  #fail(reason, cause, late) {
    if (this.#failure !== undefined) return;
    const address = this.#address;
    const of = (isSent, isRead, isLate) => {
      const message = `${address}: ${reason}`;
      if (!isSent) return new ConnectError(`${message}; the request was not sent`, { cause });
      if (!isRead) return new OutcomeUnknownError(`${message}, after the request was sent; it may or may not have been carried out`, { cause });
      return isLate
        ? new TimeoutError(`${message}; nothing has changed`, { cause })
        : new ConnectionLostError(`${message}; nothing has changed`, { cause });
    };
    this.#failure = { of };
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) {
      clearTimeout(call.timer);
      call.reject(of(true, call.isRead, call === late));
    }
    this.#whenIdle?.();
  }
}

/** What went wrong, in a few words: node gives several errors at once where a name has several addresses. */
const reasonOf = (error) => (error.errors ? error.errors.map((one) => one.message).join("; ") : error.message) || error.code || "unknown";
