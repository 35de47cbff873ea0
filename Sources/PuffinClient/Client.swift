// The library's main type: a client of one Puffin server, or of a leader and its followers. Commands are in
// Commands/; requests travel through Engine/.

import Reactor
import Synchronization

/// A client of a Puffin server, for any number of tasks at once.
///
/// ```swift
/// let client = try Client("localhost:8080")
/// try await client.set("greeting", "Hello")
/// let greeting = try await client.get("greeting", as: String.self)
/// client.close()
/// ```
///
/// The first request connects. Concurrent requests share connections and leave together; a lost connection is made
/// again. Every request throws ``PuffinError``.
public final class Client: Sendable {
    private enum State {
        case unused
        case open(Engine, Engine.ClientID)
        case closed
    }

    /// The server that takes changes.
    public let address: ServerAddress
    /// Servers that may answer reads.
    public let followers: [ServerAddress]
    /// The client's options.
    public let options: Options

    private let runtime: Runtime
    private let state = Mutex(State.unused)

    /// A client of the server at an address such as `localhost:8080`.
    /// - Parameters:
    ///   - address: the server, or the leader: `host:port`, `host`, `:port` or `[::1]:port`.
    ///   - followers: followers of that leader, in the same form. Reads take turns among those that are there and have
    ///     their
    ///     leader; where there is none, the leader is asked.
    ///   - options: the client's options.
    /// - Throws: `PuffinError.invalidAddress`.
    public convenience init(
        _ address: String, followers: [String] = [], options: Options = Options()
    ) throws(PuffinError) {
        var servers: [ServerAddress] = []
        for follower in followers { servers.append(try ServerAddress(follower)) }
        self.init(try ServerAddress(address), followers: servers, options: options)
    }

    /// A client of the server at an address.
    public convenience init(_ address: ServerAddress, followers: [ServerAddress] = [], options: Options = Options()) {
        self.init(address, followers: followers, options: options, runtime: .shared)
    }

    /// As above, on a thread of its own.
    package init(
        _ address: ServerAddress, followers: [ServerAddress] = [], options: Options = Options(), runtime: Runtime
    ) {
        self.address = address
        self.followers = followers
        self.options = options
        self.runtime = runtime
    }

    deinit { close() }

    /// Closes all connections. Waiting requests throw ``PuffinError/closed``, and so do reads in flight; changes in
    /// flight throw ``PuffinError/outcomeUnknown(at:_:)``. A client that is released closes itself.
    public func close() {
        let former = state.withLock { state in
            defer { state = .closed }
            return state
        }
        guard case .open(let engine, let id) = former else { return }
        engine.close(id)
        runtime.leave()
    }

    // MARK: Requests

    /// Sends any command and waits for its reply.
    ///
    /// Commands that would change the meaning of later replies (`SUBSCRIBE`, `WATCH`, `HELLO`, `CLIENT`, `SELECT`,
    /// `QUIT` and the like) are refused, because connections are shared.
    /// - Parameters:
    ///   - arguments: the command's name, then its arguments.
    ///   - timeout: how long it may take; ``Options/requestTimeout`` where it is left out. Commands that wait on the server,
    ///     such as `HANDOVER`, may need more.
    /// - Throws: ``PuffinError``; error replies too.
    public func execute(_ arguments: [[UInt8]], timeout: Duration? = nil) async throws(PuffinError) -> RESPValue {
        let results = try await run([arguments], timeout: timeout)
        return try results[0].get()
    }

    /// Sends any command, as ``execute(_:timeout:)-([[UInt8]],_)`` does, from values that convert to bytes:
    /// `client.execute("SET", key, value)`.
    public func execute(
        _ command: String, _ arguments: any ByteConvertible..., timeout: Duration? = nil
    ) async throws(PuffinError) -> RESPValue {
        try await execute([Array(command.utf8)] + arguments.map { $0.puffinBytes }, timeout: timeout)
    }

    /// Sends several requests together, on one connection and in order, and waits for all replies.
    ///
    /// ```swift
    /// let results = try await client.pipeline { batch in
    ///     batch.set("a", "1")
    ///     batch.increment("visits")
    ///     batch.get("a")
    /// }
    /// print(try results[2].get().string ?? "none")
    /// ```
    ///
    /// It is not a transaction: other clients' requests may run in between, and a failed request does not stop later
    /// ones. ``transaction(timeout:_:)`` is one.
    /// - Returns: the result of each request, in order.
    /// - Throws: ``PuffinError`` only if nothing was sent.
    public func pipeline(
        timeout: Duration? = nil, _ fill: (inout Batch) -> Void
    ) async throws(PuffinError) -> [Result<RESPValue, PuffinError>] {
        var batch = Batch()
        fill(&batch)
        return try await pipeline(batch, timeout: timeout)
    }

    /// Sends the requests of a batch, as ``pipeline(timeout:_:)`` does.
    public func pipeline(
        _ batch: Batch, timeout: Duration? = nil
    ) async throws(PuffinError) -> [Result<RESPValue, PuffinError>] {
        batch.requests.isEmpty ? [] : try await run(batch.requests, timeout: timeout)
    }

    /// Sends a request that only the leader may answer.
    func executeAtLeader(_ arguments: [[UInt8]]) async throws(PuffinError) -> RESPValue {
        let results = try await run([arguments], timeout: nil, needsLeader: true)
        return try results[0].get()
    }

    /// Begins a feed of changes.
    func follow(_ prefix: [UInt8], from token: String?) throws(PuffinError) -> FeedHandle {
        let (engine, id) = try enter()
        let buffer = ChangeBuffer(engine, prefix: prefix, token: token)
        engine.follow(buffer, for: id)
        return FeedHandle(buffer)
    }

    func run(
        _ requests: [[[UInt8]]], timeout: Duration?, needsLeader: Bool = false
    ) async throws(PuffinError) -> CallResult {
        let kind = try Client.kind(of: requests, needsLeader: needsLeader)
        if Task.isCancelled { throw .cancelled }
        let (engine, id) = try enter()
        let (mark, start) = (CancellationMark(), MonotonicClock.nanoseconds)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let call = Call(
                    requests, kind, timeout: timeout ?? options.requestTimeout, start: start, mark: mark,
                    continuation)
                engine.submit(call, for: id)
            }
        } onCancel: {
            mark.cancel()
            engine.prune()
        }
    }

    private static func kind(of requests: [[[UInt8]]], needsLeader: Bool) throws(PuffinError) -> CommandKind {
        guard requests.allSatisfy({ $0.first?.isEmpty == false }) else { throw .emptyRequest }
        var kind = try CommandKind(batch: requests)
        if needsLeader { kind.suitsFollowers = false }
        return kind
    }

    private func enter() throws(PuffinError) -> (Engine, Engine.ClientID) {
        try state.withLock { state throws(PuffinError) in
            switch state {
            case .closed: throw .closed
            case .open(let engine, let id): return (engine, id)
            case .unused:
                let security = try options.security?.load()
                let (engine, id) = runtime.join()
                engine.open(id, options, security, leader: address, followers: followers)
                state = .open(engine, id)
                return (engine, id)
            }
        }
    }
}
