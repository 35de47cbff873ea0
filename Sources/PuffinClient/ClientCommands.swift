// Commands as methods. Each sends one request and converts the reply to the method's result.

extension Client {
    // MARK: Values

    /// The value of a key; nil if it does not exist.
    public func get(_ key: some ByteConvertible) async throws(PuffinError) -> [UInt8]? {
        let reply = try await execute("GET", key)
        switch reply {
        case .bytes(let value): return value
        case .null: return nil
        default: throw .unexpectedReply(to: "GET", reply)
        }
    }

    /// The value of a key as a type such as `String` or `Int`; nil if the key does not exist.
    /// - Throws: `PuffinError.notConvertible` if its bytes are not of that type.
    public func get<Value: ByteConvertible>(
        _ key: some ByteConvertible, as type: Value.Type
    ) async throws(PuffinError) -> Value? {
        guard let bytes = try await get(key) else { return nil }
        guard let value = Value(puffinBytes: bytes) else { throw .notConvertible(to: "\(type)") }
        return value
    }

    /// The values of several keys, in the order of the keys; nil for each missing one.
    public func getAll(_ keys: [some ByteConvertible]) async throws(PuffinError) -> [[UInt8]?] {
        guard !keys.isEmpty else { return [] }
        let reply = try await execute(Client.request("MGET", keys))
        guard case .array(let elements) = reply, elements.count == keys.count else {
            throw .unexpectedReply(to: "MGET", reply)
        }
        var values: [[UInt8]?] = []
        for element in elements {
            switch element {
            case .bytes(let value): values.append(value)
            case .null: values.append(nil)
            default: throw .unexpectedReply(to: "MGET", reply)
            }
        }
        return values
    }

    /// Sets a key to a value. The server answers once the change is as safe as its `--durability` and `--ack` say.
    public func set(_ key: some ByteConvertible, _ value: some ByteConvertible) async throws(PuffinError) {
        try await expectOK(Client.request("SET", [key.puffinBytes, value.puffinBytes]))
    }

    /// Sets a key to a value that expires after a time (`SET … PX`; for servers that have it). The time is 1 ms or
    /// more, and is rounded up to whole milliseconds.
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, expiringAfter time: Duration
    ) async throws(PuffinError) {
        let time = String(Client.milliseconds(time))
        try await expectOK(
            Client.request("SET", [key.puffinBytes, value.puffinBytes, Array("PX".utf8), time.puffinBytes]))
    }

    /// Sets several keys in one atomic change.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    public func setAll<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [(key: Key, value: Value)]
    ) async throws(PuffinError) {
        guard !pairs.isEmpty else { throw .emptyRequest }
        try await expectOK(Client.request("MSET", pairs.flatMap { [$0.key.puffinBytes, $0.value.puffinBytes] }))
    }

    /// Sets several keys in one atomic change.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    public func setAll<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [Key: Value]
    ) async throws(PuffinError) {
        try await setAll(pairs.map { (key: $0.key, value: $0.value) })
    }

    /// Adds to the number that a key holds; a missing key holds 0 (`INCRBY`; for servers that have it). Never sent
    /// twice.
    /// - Returns: the new number.
    @discardableResult
    public func increment(_ key: some ByteConvertible, by amount: Int = 1) async throws(PuffinError) -> Int {
        try await integer(Client.request("INCRBY", [key.puffinBytes, amount.puffinBytes]))
    }

    // MARK: Keys

    /// Removes a key.
    /// - Returns: whether it existed.
    @discardableResult
    public func delete(_ key: some ByteConvertible) async throws(PuffinError) -> Bool {
        try await integer(Client.request("DEL", [key])) > 0
    }

    /// Removes several keys as one change.
    /// - Returns: how many of them existed.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    @discardableResult
    public func deleteAll(_ keys: [some ByteConvertible]) async throws(PuffinError) -> Int {
        guard !keys.isEmpty else { throw .emptyRequest }
        return try await integer(Client.request("DEL", keys))
    }

    /// Whether a key exists.
    public func exists(_ key: some ByteConvertible) async throws(PuffinError) -> Bool {
        try await integer(Client.request("EXISTS", [key])) > 0
    }

    /// Lets a key expire after a time (`PEXPIRE`; for servers that have it), rounded up to whole milliseconds.
    /// - Returns: whether the key exists.
    @discardableResult
    public func expire(_ key: some ByteConvertible, after time: Duration) async throws(PuffinError) -> Bool {
        let time = Client.milliseconds(time)
        return try await integer(Client.request("PEXPIRE", [key.puffinBytes, time.puffinBytes])) > 0
    }

    /// The remaining time of a key (`PTTL`; for servers that have it).
    public func timeToLive(_ key: some ByteConvertible) async throws(PuffinError) -> TimeToLive {
        switch try await integer(Client.request("PTTL", [key])) {
        case -2: return .missing
        case -1: return .unlimited
        case let time: return .limited(.milliseconds(Int64(time)))
        }
    }

    /// All keys that match a pattern such as `user:*`, in no order. For more than a few thousand,
    /// ``scan(matching:batch:)`` takes less memory.
    public func keys(matching pattern: String = "*") async throws(PuffinError) -> [[UInt8]] {
        let reply = try await execute("KEYS", pattern)
        guard let keys = Client.byteList(reply) else { throw .unexpectedReply(to: "KEYS", reply) }
        return keys
    }

    /// All keys that match a pattern, a few at a time. A key that exists throughout is returned at least once; one that
    /// is added or removed meanwhile may be returned or not.
    /// - Parameters:
    ///   - pattern: such as `user:*`; nil for all keys.
    ///   - batch: about how many keys the server examines per request.
    public func scan(matching pattern: String? = nil, batch: Int = 500) -> KeySequence {
        KeySequence(client: self, pattern: pattern, batch: batch)
    }

    /// The number of pairs on the server.
    public func count() async throws(PuffinError) -> Int { try await integer(Client.request("DBSIZE")) }

    /// Removes every pair.
    public func removeAll() async throws(PuffinError) { try await expectOK(Client.request("FLUSHALL")) }

    // MARK: Server

    /// Checks that the leader answers.
    public func ping() async throws(PuffinError) {
        let reply = try await execute("PING")
        guard reply == .status("PONG") else { throw .unexpectedReply(to: "PING", reply) }
    }

    /// The server's figures, in its order.
    public func stats() async throws(PuffinError) -> [(name: String, value: String)] {
        let reply = try await execute("STATS")
        guard let pairs = reply.pairs else { throw .unexpectedReply(to: "STATS", reply) }
        return pairs
    }

    // MARK: Replies

    static func request(_ command: String, _ arguments: [some ByteConvertible] = [[UInt8]]()) -> [[UInt8]] {
        [Array(command.utf8)] + arguments.map { $0.puffinBytes }
    }

    static func byteList(_ reply: RESPValue) -> [[UInt8]]? {
        guard let elements = reply.elements else { return nil }
        let bytes = elements.compactMap { $0.bytes }
        return bytes.count == elements.count ? bytes : nil
    }

    private func expectOK(_ request: [[UInt8]]) async throws(PuffinError) {
        let reply = try await execute(request)
        guard reply == .status("OK") else { throw .unexpectedReply(to: CommandKind.name(request[0]), reply) }
    }

    private func integer(_ request: [[UInt8]]) async throws(PuffinError) -> Int {
        let reply = try await execute(request)
        guard case .integer(let number) = reply else {
            throw .unexpectedReply(to: CommandKind.name(request[0]), reply)
        }
        return number
    }

    /// Whole milliseconds, rounded up.
    private static func milliseconds(_ time: Duration) -> Int {
        let nanoseconds = 0.adding(time)
        return nanoseconds == .max ? .max / 1_000_000 : (nanoseconds + 999_999) / 1_000_000
    }
}

/// The remaining time of a key.
public enum TimeToLive: Equatable, Sendable {
    /// The key does not exist.
    case missing
    /// The key does not expire.
    case unlimited
    /// The key expires after this time.
    case limited(Duration)
}
