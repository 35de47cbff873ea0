// Why a request has no result, and whether it may have changed something nevertheless.

/** Why a request has no result. `mayHaveRun` says whether it may have changed something nevertheless. */
export class PuffinError extends Error {
  constructor(message, { mayHaveRun = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.mayHaveRun = mayHaveRun;
  }
}

/** No connection could be made, or no TLS. The request was not sent. */
export class ConnectError extends PuffinError {}

/** The server does not accept the login. The request was not sent. */
export class LoginError extends PuffinError {}

/** The server answered with an error. */
export class ServerError extends PuffinError {
  constructor(code, message) {
    super(code ? `${code} ${message}` : message, { mayHaveRun: code === "UNACKED" || unknownCodes.has(code) });
    /** The first word: `ERR`, `OOM`, `READONLY`, … */
    this.code = code;
  }
}

/** The request was sent, it is not known to be a read, and no reply came. It may or may not have been carried out. */
export class OutcomeUnknownError extends PuffinError {
  constructor(message, options) {
    super(message, { ...options, mayHaveRun: true });
  }
}

/** The connection was lost during a read. Nothing has changed. */
export class ConnectionLostError extends PuffinError {}

/** No reply to a read came in time, or the request could not be sent in time. Nothing has changed. */
export class TimeoutError extends PuffinError {}

/** The client is closed. The request was not sent. */
export class ClosedError extends PuffinError {}

/** The request was not sent: it is no request, or one that a client cannot send. */
export class RequestError extends PuffinError {}

/** What the server sent is no reply. */
export class ProtocolError extends PuffinError {
  constructor(message) {
    super(message, { mayHaveRun: true });
  }
}

// After these codes the server itself does not know whether the change was made.
const unknownCodes = new Set(["UNKNOWN", "SUPERSEDED", "AUDIT"]);
