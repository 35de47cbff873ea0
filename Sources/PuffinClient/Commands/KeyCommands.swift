// Commands on keys, and on the server, as methods.

import Bytes

extension Client {
    // MARK: Keys

    /// Removes a key.
    /// - Returns: whether it existed.
    @discardableResult
    public func delete(_ key: some ByteConvertible) async throws(PuffinError) -> Bool {
        try await flag(words("DEL", key))
    }

    /// Removes a key if its value meets a condition (`DELEX`).
    ///
    /// With ``ValueCondition/equals(_:)`` it releases a lock only if it is still held by the one who knows the value.
    /// - Returns: whether it existed and met the condition.
    @discardableResult
    public func delete(
        _ key: some ByteConvertible, if condition: ValueCondition
    ) async throws(PuffinError) -> Bool {
        try await flag(words("DELEX", key) + condition.words)
    }

    /// Removes several keys as one change.
    /// - Returns: how many of them existed.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    @discardableResult
    public func deleteAll(_ keys: [some ByteConvertible]) async throws(PuffinError) -> Int {
        guard !keys.isEmpty else { throw .emptyRequest }
        return try await integer(words("DEL") + keys.map { $0.puffinBytes })
    }

    /// Whether a key exists.
    public func exists(_ key: some ByteConvertible) async throws(PuffinError) -> Bool {
        try await flag(words("EXISTS", key))
    }

    /// How many of several keys exist. A key that is given twice counts twice.
    public func countExisting(_ keys: [some ByteConvertible]) async throws(PuffinError) -> Int {
        keys.isEmpty ? 0 : try await integer(words("EXISTS") + keys.map { $0.puffinBytes })
    }

    /// How many of several keys exist (`TOUCH`). Redis also notes their use; Puffin evicts nothing, so notes none.
    @discardableResult
    public func touch(_ keys: [some ByteConvertible]) async throws(PuffinError) -> Int {
        keys.isEmpty ? 0 : try await integer(words("TOUCH") + keys.map { $0.puffinBytes })
    }

    /// The type of a key's value: `string` in Puffin, others in Redis; nil if the key does not exist (`TYPE`).
    public func type(of key: some ByteConvertible) async throws(PuffinError) -> String? {
        let request = words("TYPE", key)
        let reply = try await execute(request)
        guard case .status(let type) = reply else { throw .unexpected(reply, to: request) }
        return type == "none" ? nil : type
    }

    /// Renames a key, and replaces the new key if it exists. The expiry moves along.
    /// - Throws: `PuffinError.server` if the key does not exist.
    public func rename(_ key: some ByteConvertible, to newKey: some ByteConvertible) async throws(PuffinError) {
        try await expectOK(words("RENAME", key, newKey))
    }

    /// Renames a key if the new key does not exist (`RENAMENX`).
    /// - Returns: whether the new key did not exist, so whether the key was renamed.
    /// - Throws: `PuffinError.server` if the key does not exist.
    @discardableResult
    public func renameIfAbsent(
        _ key: some ByteConvertible, to newKey: some ByteConvertible
    ) async throws(PuffinError) -> Bool {
        try await flag(words("RENAMENX", key, newKey))
    }

    /// Copies a value, and its expiry, to another key.
    /// With `replacing`, it may replace an existing key.
    /// - Returns: whether it was copied: the key exists, and the other does not or may be replaced.
    @discardableResult
    public func copy(
        _ key: some ByteConvertible, to newKey: some ByteConvertible, replacing: Bool = false
    ) async throws(PuffinError) -> Bool {
        try await flag(words("COPY", key, newKey) + (replacing ? words("REPLACE") : []))
    }

    /// A random key; nil if there is none.
    public func randomKey() async throws(PuffinError) -> [UInt8]? { try await value(words("RANDOMKEY")) }

    /// All keys that match a pattern such as `user:*`, in no order. For more than a few thousand,
    /// ``scan(matching:batch:)`` takes less memory.
    public func keys(matching pattern: String = "*") async throws(PuffinError) -> [[UInt8]] {
        try await list(words("KEYS", pattern))
    }

    /// All keys that match a pattern, a few at a time. A key that exists throughout is returned at least once; one that
    /// is added or removed meanwhile may be returned or not.
    /// - Parameters:
    ///   - pattern: such as `user:*`; nil for all keys.
    ///   - batch: about how many keys the server examines per request.
    public func scan(matching pattern: String? = nil, batch: Int = 500) -> KeySequence {
        KeySequence(client: self, pattern: pattern.map { $0.puffinBytes }, batch: batch)
    }

    /// All keys that begin with a prefix, a few at a time, as ``scan(matching:batch:)`` returns them.
    public func scan(prefix: some ByteConvertible, batch: Int = 500) -> KeySequence {
        KeySequence(client: self, pattern: GlobPattern.text(ofPrefix: prefix.puffinBytes), batch: batch)
    }

    /// The number of pairs on the server.
    public func count() async throws(PuffinError) -> Int { try await integer(words("DBSIZE")) }

    /// Removes every pair.
    public func removeAll() async throws(PuffinError) { try await expectOK(words("FLUSHALL")) }

    /// The bytes of the server's memory that a key and its value take; nil if the key does not exist (`MEMORY USAGE`).
    public func memoryUsage(of key: some ByteConvertible) async throws(PuffinError) -> Int? {
        let request = words("MEMORY", "USAGE", key)
        switch try await execute(request) {
        case .integer(let size): return size
        case .null: return nil
        case let reply: throw .unexpected(reply, to: request)
        }
    }

    // MARK: Server

    /// Checks that the leader answers.
    public func ping() async throws(PuffinError) {
        let reply = try await execute("PING")
        guard reply == .status("PONG") else { throw .unexpectedReply(to: "PING", reply) }
    }

    /// The number of the newest change: 0 before the first. Numbers only grow, and outlast a restart.
    public func seq() async throws(PuffinError) -> UInt64 {
        let number = try await integer(words("SEQ"))
        guard let seq = UInt64(exactly: number) else { throw .unexpectedReply(to: "SEQ", .integer(number)) }
        return seq
    }

    /// The server's figures, in its order.
    public func stats() async throws(PuffinError) -> [(name: String, value: String)] {
        let reply = try await execute("STATS")
        guard let pairs = reply.pairs else { throw .unexpectedReply(to: "STATS", reply) }
        return pairs
    }
}
