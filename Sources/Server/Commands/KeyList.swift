import Bytes
import Wire

/// Keys gathered for a reply, whose header has to say how many there are.
struct KeyList: ~Copyable {
    private(set) var count = 0
    private var keys = ReplyWriter()

    init(dialect: ReplyDialect) {
        keys.dialect = dialect
        if dialect == .line { keys.list(0) }
    }

    /// Bytes gathered.
    var size: Int { keys.buffer.count }

    mutating func append(_ key: Span<UInt8>) {
        keys.value(key)
        count += 1
    }

    mutating func removeAll() {
        keys.buffer.removeAll()
        count = 0
    }

    fileprivate var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { keys.buffer.bytes }
    }
}

extension ReplyWriter {
    /// Appends gathered keys: as a list of its own in RESP, as further lines in the line dialect.
    mutating func append(_ keys: borrowing KeyList) {
        if !isLine { list(keys.count) }
        buffer.append(keys.bytes)
    }
}
