// Requests that are sent together.

/// Requests for ``Client/pipeline(timeout:_:)``, in the order in which they are sent.
public struct Batch: Sendable {
    var requests: [[[UInt8]]] = []

    /// No requests yet.
    public init() {}

    /// The number of requests.
    public var count: Int { requests.count }

    /// Adds any command: its name, then its arguments.
    public mutating func execute(_ arguments: [[UInt8]]) { requests.append(arguments) }

    /// Adds any command.
    public mutating func execute(_ command: String, _ arguments: any ByteConvertible...) {
        requests.append([Array(command.utf8)] + arguments.map { $0.puffinBytes })
    }

    // MARK: Values

    /// Adds a `GET`: the value's bytes, or null.
    public mutating func get(_ key: some ByteConvertible) { execute("GET", key) }

    /// Adds a `SET`: `OK`.
    public mutating func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, keepingExpiry: Bool = false
    ) {
        execute(words("SET", key, value) + (keepingExpiry ? Expiry.kept.words : []))
    }

    /// Adds a `SET` of a value that expires after a time: `OK`.
    public mutating func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, expiresIn time: Duration
    ) {
        execute(words("SET", key, value) + Expiry.after(time).words)
    }

    /// Adds a `SET` of a value that expires at a time: `OK`.
    public mutating func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, expiresAt time: UnixTime
    ) {
        execute(words("SET", key, value) + Expiry.at(time).words)
    }

    /// Adds a `SET` with a condition: `OK`, or null if it is not met.
    public mutating func set(
        _ key: some ByteConvertible, _ value: some ByteConvertible, if condition: SetCondition,
        keepingExpiry: Bool = false
    ) {
        execute(words("SET", key, value) + condition.words + (keepingExpiry ? Expiry.kept.words : []))
    }

    /// Adds an `APPEND`: the new size in bytes.
    public mutating func append(_ key: some ByteConvertible, _ value: some ByteConvertible) {
        execute("APPEND", key, value)
    }

    /// Adds an `INCRBY`: the new number.
    public mutating func increment(_ key: some ByteConvertible, by amount: Int = 1) { execute("INCRBY", key, amount) }

    /// Adds a `DECRBY`: the new number.
    public mutating func decrement(_ key: some ByteConvertible, by amount: Int = 1) { execute("DECRBY", key, amount) }

    // MARK: Keys

    /// Adds a `DEL`: 1 if the key existed, otherwise 0.
    public mutating func delete(_ key: some ByteConvertible) { execute("DEL", key) }

    /// Adds a `DELEX`: 1 if the key existed and met the condition, otherwise 0.
    public mutating func delete(_ key: some ByteConvertible, if condition: ValueCondition) {
        execute(words("DELEX", key) + condition.words)
    }

    /// Adds a `GETDEL`: the value's bytes, or null.
    public mutating func getAndDelete(_ key: some ByteConvertible) { execute("GETDEL", key) }

    /// Adds an `EXISTS`: 1 if the key exists, otherwise 0.
    public mutating func exists(_ key: some ByteConvertible) { execute("EXISTS", key) }

    /// Adds a `RENAME`: `OK`, or an error if the key does not exist.
    public mutating func rename(_ key: some ByteConvertible, to newKey: some ByteConvertible) {
        execute("RENAME", key, newKey)
    }

    /// Adds a `PEXPIRE`: 1 if the key exists, otherwise 0.
    public mutating func expire(_ key: some ByteConvertible, in time: Duration) {
        execute("PEXPIRE", key, time.wholeMilliseconds)
    }

    /// Adds a `PEXPIREAT`: 1 if the key exists, otherwise 0.
    public mutating func expire(_ key: some ByteConvertible, at time: UnixTime) {
        execute("PEXPIREAT", key, time.milliseconds)
    }

    /// Adds a `PERSIST`: 1 if the key exists and would have expired, otherwise 0.
    public mutating func persist(_ key: some ByteConvertible) { execute("PERSIST", key) }

    /// Adds a `SEQ`: the number of the newest change; in a transaction, the transaction's own if it changes anything.
    public mutating func seq() { execute("SEQ") }
}
