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

    /// Adds a `GET`: the value's bytes, or null.
    public mutating func get(_ key: some ByteConvertible) { execute("GET", key) }

    /// Adds a `SET`.
    public mutating func set(_ key: some ByteConvertible, _ value: some ByteConvertible) { execute("SET", key, value) }

    /// Adds a `DEL`: 1 if the key existed, otherwise 0.
    public mutating func delete(_ key: some ByteConvertible) { execute("DEL", key) }

    /// Adds an `EXISTS`: 1 if the key exists, otherwise 0.
    public mutating func exists(_ key: some ByteConvertible) { execute("EXISTS", key) }

    /// Adds an `INCRBY`: the new number.
    public mutating func increment(_ key: some ByteConvertible, by amount: Int = 1) { execute("INCRBY", key, amount) }
}
