/// A queue of the open loop's connections that can take a request, in the order in which they became free.
struct ConnectionLine {
    private var entries: [LoadConnection] = []
    private var head = 0

    var count: Int { entries.count - head }
    var isEmpty: Bool { head == entries.count }

    mutating func append(_ connection: LoadConnection) {
        connection.isReady = true
        // Drops the consumed front occasionally, all at once, and keeps the memory.
        if head > 1024 && head * 2 > entries.count {
            entries.removeSubrange(0..<head)
            head = 0
        }
        entries.append(connection)
    }

    mutating func popFirst() -> LoadConnection? {
        guard head < entries.count else { return nil }
        let connection = entries[head]
        head += 1
        connection.isReady = false
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        }
        return connection
    }
}
