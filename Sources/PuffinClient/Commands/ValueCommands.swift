// Commands on values as methods. Each sends one request and converts the reply to the method's result.

extension Client {
    // MARK: Reading

    /// The value of a key; nil if it does not exist.
    public func get(_ key: some ByteConvertible) async throws(PuffinError) -> [UInt8]? {
        try await value(words("GET", key))
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
        let request = words("MGET") + keys.map { $0.puffinBytes }
        let reply = try await execute(request)
        guard case .array(let elements) = reply, elements.count == keys.count else {
            throw .unexpected(reply, to: request)
        }
        var values: [[UInt8]?] = []
        for element in elements {
            switch element {
            case .bytes(let value): values.append(value)
            case .null: values.append(nil)
            default: throw .unexpected(reply, to: request)
            }
        }
        return values
    }

    /// A part of the value of a key (`GETRANGE`); empty if the key does not exist or has no such bytes.
    /// - Parameters:
    ///   - key: the key.
    ///   - start: the first byte, from 0; a negative place counts from the end, -1 being the last byte.
    ///   - end: the last byte, in the same way.
    public func getRange(
        _ key: some ByteConvertible, from start: Int = 0, through end: Int = -1
    ) async throws(PuffinError) -> [UInt8] {
        try await bytes(words("GETRANGE", key, start, end))
    }

    /// The size of the value of a key in bytes; 0 if the key does not exist (`STRLEN`).
    public func size(of key: some ByteConvertible) async throws(PuffinError) -> Int {
        try await integer(words("STRLEN", key))
    }

    /// The XXH3 digest of the value of a key, 16 hexadecimal digits, for ``SetCondition/hasDigest(_:)``; nil if the key
    /// does not exist (`DIGEST`).
    public func digest(of key: some ByteConvertible) async throws(PuffinError) -> String? {
        let request = words("DIGEST", key)
        guard let bytes = try await value(request) else { return nil }
        guard let digest = String(puffinBytes: bytes) else { throw .unexpected(.bytes(bytes), to: request) }
        return digest
    }

    // MARK: Setting

    /// Sets a key to a value. The server answers once the change is as safe as its `--durability` and `--ack` say.
    /// With `keepingExpiry`, an expiry that the key has is kept; otherwise the key does not expire.
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, keepingExpiry: Bool = false
    ) async throws(PuffinError) {
        try await expectOK(words("SET", key, value) + (keepingExpiry ? Expiry.kept.words : []))
    }

    /// Sets a key to a value that expires after a time, 1 ms or more, rounded up to whole milliseconds.
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, expiresIn time: Duration
    ) async throws(PuffinError) {
        try await expectOK(words("SET", key, value) + Expiry.after(time).words)
    }

    /// Sets a key to a value that expires at a time.
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, expiresAt time: UnixTime
    ) async throws(PuffinError) {
        try await expectOK(words("SET", key, value) + Expiry.at(time).words)
    }

    /// Sets a key to a value if a condition is met.
    /// With `keepingExpiry`, an expiry that the key has is kept; otherwise the key does not expire.
    /// - Returns: whether it was met, so whether the key was set.
    @discardableResult
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, if condition: SetCondition,
        keepingExpiry: Bool = false
    ) async throws(PuffinError) -> Bool {
        try await isOK(words("SET", key, value) + condition.words + (keepingExpiry ? Expiry.kept.words : []))
    }

    /// Sets a key to a value that expires after a time, if a condition is met.
    ///
    /// With ``SetCondition/absent`` it takes a lock that ends by itself.
    /// - Returns: whether it was met, so whether the key was set.
    @discardableResult
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, if condition: SetCondition, expiresIn time: Duration
    ) async throws(PuffinError) -> Bool {
        try await isOK(words("SET", key, value) + condition.words + Expiry.after(time).words)
    }

    /// Sets a key to a value that expires at a time, if a condition is met.
    /// - Returns: whether it was met, so whether the key was set.
    @discardableResult
    public func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, if condition: SetCondition, expiresAt time: UnixTime
    ) async throws(PuffinError) -> Bool {
        try await isOK(words("SET", key, value) + condition.words + Expiry.at(time).words)
    }

    /// Sets a key to a value, and returns the old value; nil if the key did not exist (`SET … GET`).
    /// With `keepingExpiry`, an expiry that the key has is kept; otherwise the key does not expire.
    public func exchange(
        _ key: some ByteConvertible, _ newValue: some ByteConvertible, keepingExpiry: Bool = false
    ) async throws(PuffinError) -> [UInt8]? {
        try await value(words("SET", key, newValue, "GET") + (keepingExpiry ? Expiry.kept.words : []))
    }

    /// Sets several keys in one atomic change.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    public func setAll<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [(key: Key, value: Value)]
    ) async throws(PuffinError) {
        guard !pairs.isEmpty else { throw .emptyRequest }
        try await expectOK(words("MSET") + pairs.flatMap { words($0.key, $0.value) })
    }

    /// Sets several keys in one atomic change.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    public func setAll<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [Key: Value]
    ) async throws(PuffinError) {
        try await setAll(pairs.map { (key: $0.key, value: $0.value) })
    }

    /// Sets several keys in one atomic change if none of them exists (`MSETNX`).
    /// - Returns: whether none existed, so whether they were set.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    @discardableResult
    public func setAllIfAbsent<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [(key: Key, value: Value)]
    ) async throws(PuffinError) -> Bool {
        guard !pairs.isEmpty else { throw .emptyRequest }
        return try await flag(words("MSETNX") + pairs.flatMap { words($0.key, $0.value) })
    }

    /// Sets several keys in one atomic change, each to a value that expires after a time (`MSETEX`), if `condition` is met.
    /// - Returns: whether it was met, so whether they were set.
    /// - Throws: `PuffinError.emptyRequest` if there are none.
    @discardableResult
    public func setAll<Key: ByteConvertible, Value: ByteConvertible>(
        _ pairs: [(key: Key, value: Value)], if condition: ExistenceCondition? = nil, expiresIn time: Duration
    ) async throws(PuffinError) -> Bool {
        guard !pairs.isEmpty else { throw .emptyRequest }
        return try await flag(
            words("MSETEX", pairs.count) + pairs.flatMap { words($0.key, $0.value) }
                + (condition.map { words($0.rawValue) } ?? []) + Expiry.after(time).words)
    }

    // MARK: Changing

    /// Computes a new value from the old one, and sets it only if the key has not changed meanwhile; otherwise it reads
    /// the key and computes again. The key's expiry is kept.
    ///
    /// It is compare-and-set by value (`SET … IFEQ` and `NX`, `DELEX … IFEQ`), so it needs no connection of its own as
    /// `WATCH` does. It reads from the leader. `change` may run several times and should have no effects of its own.
    ///
    /// ```swift
    /// try await client.update("cart:1") { cart in (cart ?? []) + Array("apple;".utf8) }
    /// ```
    /// - Parameters:
    ///   - key: the key.
    ///   - attempts: how often it may compute, 1 or more.
    ///   - change: the new value from the old one. nil stands for a key that does not exist, as the old value and as the
    ///     new one. If both are equal, nothing is sent.
    /// - Returns: the new value.
    /// - Throws: `PuffinError.contended` if the key changed during every attempt; the key is then unchanged by this
    ///   call.
    @discardableResult
    public func update(
        _ key: some ByteConvertible, attempts: Int = 16, _ change: ([UInt8]?) -> [UInt8]?
    ) async throws(PuffinError) -> [UInt8]? {
        for _ in 0..<max(1, attempts) {
            let request = words("GET", key)
            let reply = try await executeAtLeader(request)
            if reply != .null, reply.bytes == nil { throw .unexpected(reply, to: request) }
            let old = reply.bytes
            let new = change(old)
            if old == new { return new }
            let isDone =
                switch (old, new) {
                case (let old?, let new?): try await set(key, new, if: .equals(old), keepingExpiry: true)
                case (nil, let new?): try await set(key, new, if: .absent)
                case (let old?, nil): try await delete(key, if: .equals(old))
                case (nil, nil): true
                }
            if isDone { return new }
        }
        throw .contended(attempts: max(1, attempts))
    }

    /// Appends to the value of a key; a missing key has an empty value. Never sent twice.
    /// - Returns: the new size in bytes.
    @discardableResult
    public func append(
        _ key: some ByteConvertible, _ value: some ByteConvertible
    ) async throws(PuffinError) -> Int {
        try await integer(words("APPEND", key, value))
    }

    /// Overwrites a part of the value of a key (`SETRANGE`). A value that is too short is extended with zeros first.
    /// `offset` is the place of the first byte, from 0.
    /// - Returns: the new size in bytes.
    @discardableResult
    public func setRange(
        _ key: some ByteConvertible, at offset: Int, _ value: some ByteConvertible
    ) async throws(PuffinError) -> Int {
        try await integer(words("SETRANGE", key, offset, value))
    }

    /// Removes a key, and returns its value; nil if it did not exist (`GETDEL`).
    public func getAndDelete(_ key: some ByteConvertible) async throws(PuffinError) -> [UInt8]? {
        try await value(words("GETDEL", key))
    }

    // MARK: Numbers

    /// Adds to the number that a key holds; a missing key holds 0 (`INCRBY`). Never sent twice.
    /// - Returns: the new number.
    @discardableResult
    public func increment(_ key: some ByteConvertible, by amount: Int = 1) async throws(PuffinError) -> Int {
        try await integer(words("INCRBY", key, amount))
    }

    /// Subtracts from the number that a key holds; a missing key holds 0 (`DECRBY`). Never sent twice.
    /// - Returns: the new number.
    @discardableResult
    public func decrement(_ key: some ByteConvertible, by amount: Int = 1) async throws(PuffinError) -> Int {
        try await integer(words("DECRBY", key, amount))
    }

    /// Adds to the number that a key holds, which may have decimals; a missing key holds 0 (`INCRBYFLOAT`). Never sent
    /// twice. The server computes with 64 bits of precision or more; the result here has 53.
    /// - Returns: the new number.
    @discardableResult
    public func increment(_ key: some ByteConvertible, by amount: Double) async throws(PuffinError) -> Double {
        let request = words("INCRBYFLOAT", key, "\(amount)")
        let bytes = try await bytes(request)
        guard let number = String(puffinBytes: bytes).flatMap(Double.init) else {
            throw .unexpected(.bytes(bytes), to: request)
        }
        return number
    }

    // MARK: Bits

    /// A bit of the value of a key (`GETBIT`); false beyond its end.
    /// Bit 0 is the highest bit of the first byte.
    public func getBit(_ key: some ByteConvertible, at offset: Int) async throws(PuffinError) -> Bool {
        try await flag(words("GETBIT", key, offset))
    }

    /// Sets a bit of the value of a key (`SETBIT`). A value that is too short is extended with zeros first.
    /// Bit 0 is the highest bit of the first byte.
    /// - Returns: the old bit.
    @discardableResult
    public func setBit(
        _ key: some ByteConvertible, at offset: Int, to bit: Bool
    ) async throws(PuffinError) -> Bool {
        try await flag(words("SETBIT", key, offset, bit ? 1 : 0))
    }

    /// The number of bits that are 1 in the value of a key, or in a part of it (`BITCOUNT`).
    /// - Parameters:
    ///   - key: the key.
    ///   - start: the first byte or bit, from 0; a negative place counts from the end, -1 being the last.
    ///   - end: the last byte or bit, in the same way.
    ///   - unit: whether these are places of bytes or bits.
    public func bitCount(
        _ key: some ByteConvertible, from start: Int = 0, through end: Int = -1, unit: BitCountUnit = .bytes
    ) async throws(PuffinError) -> Int {
        // BYTE is the default, and servers before Redis 7 know no other.
        try await integer(words("BITCOUNT", key, start, end) + (unit == .bits ? words("BIT") : []))
    }
}

/// What the places of ``Client/bitCount(_:from:through:unit:)`` count.
public enum BitCountUnit: Sendable {
    /// Places are of bytes.
    case bytes
    /// Places are of bits.
    case bits
}
