/** A key, a value or another argument: texts are sent as UTF-8, numbers in decimal. */
export type Word = string | Uint8Array | ArrayBuffer | number | bigint;

/** A command's name and its arguments. */
export type Request = [name: string, ...words: Word[]];

/**
 * A reply as a value. `bigint` is an integer beyond 2^53; bulk strings are bytes, simple and verbatim ones are texts. A `ServerError` is
 * only inside a list: an error that is the whole reply rejects.
 */
export type Reply = null | string | number | bigint | boolean | Uint8Array | Reply[] | Map<unknown, Reply> | Set<Reply> | ServerError;

export interface Options {
  /** Who logs in; without it, `password` is that of the user `default`. */
  user?: string;
  password?: string;
  /** For connecting, TLS and the login together, in milliseconds. 5000. */
  connectTimeout?: number;
  /** For a request, from the call to the reply, in milliseconds. 5000. When it is over the connection is closed. */
  requestTimeout?: number;
  /** For `tls://`, in PEM: the authorities to trust instead of the system's; a certificate and its key. */
  ca?: string | Uint8Array;
  cert?: string | Uint8Array;
  key?: string | Uint8Array;
  /** The name that the server's certificate must have, if it is not the host's. */
  servername?: string;
}

export interface SetOptions {
  /** In milliseconds from now. */
  expires?: number;
  /** Set only if the key has no value, or only if it has one. */
  if?: "missing" | "exists";
}

/** One connection to one server, which callers share. It connects again with the next request after it was lost. */
export interface Client {
  /** Connects, if there is no connection. */
  ready(): Promise<void>;
  get(key: Word): Promise<Uint8Array | null>;
  getText(key: Word): Promise<string | null>;
  /** Resolves to whether the value was set: false only if `if` was not met. */
  set(key: Word, value: Word, options?: SetOptions): Promise<boolean>;
  /** Resolves to how many of the keys there were. */
  delete(...keys: Word[]): Promise<number>;
  /** Sends any command but those that change the meaning of later replies. */
  command(name: string, ...words: Word[]): Promise<Reply>;
  /** Runs requests as one change: all of them or none. Resolves to their replies. */
  transaction(requests: Request[]): Promise<Reply[]>;
  /** Closes the connection once the replies to everything that was sent have come. */
  close(): Promise<void>;
}

/**
 * Connects to a server.
 * @param address `tcp://host:port` or `tls://host:port`
 */
export function connect(address: string, options?: Options): Promise<Client>;

/** Why a request has no result. */
export class PuffinError extends Error {
  /** Whether the request may have changed something on the server. */
  readonly mayHaveRun: boolean;
}
/** No connection could be made, or no TLS. The request was not sent. */
export class ConnectError extends PuffinError {}
/** The server does not accept the login. The request was not sent. */
export class LoginError extends PuffinError {}
/** The server answered with an error. */
export class ServerError extends PuffinError {
  /** The first word: `ERR`, `OOM`, `READONLY`, … See docs/protocol.md. */
  readonly code: string;
}
/** The request was sent, it is not known to be a read, and no reply came. It may or may not have been carried out. */
export class OutcomeUnknownError extends PuffinError {}
/** The connection was lost during a read. Nothing has changed. */
export class ConnectionLostError extends PuffinError {}
/** No reply to a read came in time, or the request could not be sent in time. Nothing has changed. */
export class TimeoutError extends PuffinError {}
/** The client is closed. The request was not sent. */
export class ClosedError extends PuffinError {}
/** The request was not sent: it is no request, or one that a client cannot send. */
export class RequestError extends PuffinError {}
/** What the server sent is no reply. From a `Session` only: a client closes the connection, and says so by the errors above. */
export class ProtocolError extends PuffinError {}

/** One connection without its socket, for other transports: requests in, bytes out; bytes in, replies out. */
export class Session {
  request(words: Word[]): void;
  /** The bytes to send. */
  output(): Uint8Array;
  feed(bytes: Uint8Array): void;
  /**
   * The next reply; undefined if more bytes must come first.
   * @throws ProtocolError
   */
  next(): { value: Reply } | undefined;
  /** As `next`, with RESP's own mark of each type. */
  nextRaw(): [mark: string, ...rest: unknown[]] | undefined;
  /** Frees the memory at once. */
  release(): void;
}

/** Commands that change nothing, in upper case. Every other one counts as a change. */
export const reads: ReadonlySet<string>;

/** Bytes of memory that the WebAssembly module has taken. */
export function memorySize(): number;
