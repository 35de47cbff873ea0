// Encodes requests: the constant parts are encoded once; a request is then a few copies and the digits of its key.

import Bytes

/// Writes the requests of one thread.
package struct RequestEncoder: ~Copyable {
    private let dialect: Dialect
    private let values: ValuePattern
    /// The digits of a key, and those that a scan names.
    private let digits: Int
    private let scanDigits: Int
    /// Everything before the key's digits.
    private var get = ByteBuffer()
    private var set = ByteBuffer()
    private var delete = ByteBuffer()
    private var scan = ByteBuffer()
    private var setExpiring = ByteBuffer()
    private var getExpiring = ByteBuffer()
    private var expire = ByteBuffer()
    private var increment = ByteBuffer()
    /// The whole request.
    private var page = ByteBuffer()
    /// What precedes the keys and values of a group, each key's digits, and what ends it.
    private var setMany = ByteBuffer()
    private var pair = ByteBuffer()
    private var multi = ByteBuffer()
    private var exec = ByteBuffer()
    /// A time to live as an option, behind a key or value, and as an argument behind a key.
    private var timeOption = ByteBuffer()
    private var timeArgument = ByteBuffer()

    private let readsRanges: Bool

    /// The most keys of a scan.
    package static let scanLimit = 100
    /// By KEYS a scan omits the last two digits of the key, so up to 100 keys match.
    private static let scannedDigits = 2
    private static let keyPrefix = "key:"

    package init(_ dialect: Dialect, _ workload: Workload) {
        self.dialect = dialect
        values = ValuePattern()
        let needed = String(workload.keyCount - 1).utf8.count + (workload.mix.contains(.insert) ? 1 : 0)
        let hasPrefix = workload.keySize >= needed + RequestEncoder.keyPrefix.utf8.count
        let prefix = hasPrefix ? RequestEncoder.keyPrefix : ""
        digits = workload.keySize - prefix.utf8.count
        scanDigits = max(digits - RequestEncoder.scannedDigits, 0)
        let size = workload.keySize
        get.append(text: RequestEncoder.opening("GET", keySize: size, prefix, dialect))
        set.append(text: RequestEncoder.opening("SET", arguments: 2, keySize: size, prefix, dialect))
        delete.append(text: RequestEncoder.opening("DEL", keySize: size, prefix, dialect))
        readsRanges = workload.readsRanges
        if readsRanges {
            scan.append(text: RequestEncoder.rangeOpening(keySize: size, prefix, dialect))
        } else {
            let scanSize = prefix.utf8.count + scanDigits + 1
            scan.append(text: RequestEncoder.opening("KEYS", keySize: scanSize, prefix, dialect))
        }
        let seconds = LoadOperation.timeToLive
        let isLine = dialect == .line
        timeArgument.append(text: isLine ? " \(seconds)" : "\r\n" + RequestEncoder.bulk(seconds))
        timeOption.append(text: isLine ? " EX \(seconds)" : "\r\n$2\r\nEX\r\n" + RequestEncoder.bulk(seconds))
        let name = isLine ? "SETEX" : "SET"
        setExpiring.append(text: RequestEncoder.opening(name, arguments: 4, keySize: size, prefix, dialect))
        getExpiring.append(text: RequestEncoder.opening("GETEX", arguments: 3, keySize: size, prefix, dialect))
        expire.append(text: RequestEncoder.opening("EXPIRE", arguments: 2, keySize: size, prefix, dialect))
        increment.append(text: RequestEncoder.opening("INCR", keySize: size, prefix, dialect))
        let count = LoadOperation.pageSize
        page.append(
            text: isLine
                ? "SCAN 0 COUNT \(count)"
                : "*4\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nCOUNT\r\n" + RequestEncoder.bulk(count))
        setMany.append(text: isLine ? "MSET" : "*\(1 + 2 * LoadOperation.groupSize)\r\n$4\r\nMSET\r\n")
        pair.append(text: isLine ? " \(prefix)" : "$\(size)\r\n\(prefix)")
        multi.append(text: isLine ? "MULTI\n" : "*1\r\n$5\r\nMULTI\r\n")
        exec.append(text: isLine ? "EXEC\n" : "*1\r\n$4\r\nEXEC\r\n")
    }

    private static func rangeOpening(keySize: Int, _ prefix: String, _ dialect: Dialect) -> String {
        switch dialect {
        case .line: "RANGE FROM \(prefix)"
        case .resp: "*5\r\n$5\r\nRANGE\r\n$4\r\nFROM\r\n$\(keySize)\r\n\(prefix)"
        }
    }

    private static func bulk(_ number: Int) -> String { "$\(String(number).utf8.count)\r\n\(number)" }

    private static func opening(
        _ name: String, arguments: Int = 1, keySize: Int, _ prefix: String, _ dialect: Dialect
    ) -> String {
        switch dialect {
        case .line: "\(name) \(prefix)"
        case .resp: "*\(arguments + 1)\r\n$\(name.utf8.count)\r\n\(name)\r\n$\(keySize)\r\n\(prefix)"
        }
    }

    /// Appends a request. `size` and `version` are those of the value, if it has one; of a scan, `size` is the number of keys.
    package func append(
        _ operation: LoadOperation, key: Int, size: Int, version: UInt32, to output: inout ByteBuffer
    ) {
        switch operation {
        case .get, .readModifyWrite:
            output.append(get.bytes)
            output.append(decimal: key, width: digits)
        case .delete:
            output.append(delete.bytes)
            output.append(decimal: key, width: digits)
        case .scan where readsRanges: appendRange(key: key, limit: size, to: &output)
        case .scan:
            output.append(scan.bytes)
            output.append(decimal: key / 100, width: scanDigits)
            output.append("*")
        case .getExpiring:
            output.append(getExpiring.bytes)
            output.append(decimal: key, width: digits)
            output.append(timeOption.bytes)
        case .expire:
            output.append(expire.bytes)
            output.append(decimal: key, width: digits)
            output.append(timeArgument.bytes)
        case .increment:
            output.append(increment.bytes)
            output.append(decimal: key, width: digits)
        case .page:
            output.append(page.bytes)
        case .set, .insert:
            output.append(set.bytes)
            append(key: key, size: size, version: version, to: &output)
        case .setExpiring:
            output.append(setExpiring.bytes)
            output.append(decimal: key, width: digits)
            if dialect == .line { output.append(timeArgument.bytes) }
            append(size: size, key: key, version: version, to: &output)
            if dialect == .resp { output.append(timeOption.bytes) }
        case .setMany, .transaction: preconditionFailure("a group is encoded by its own functions")
        }
        if dialect == .line { output.append("\n") } else { output.append("\r\n") }
    }

    /// Appends the digits of a key, and a value.
    private func append(key: Int, size: Int, version: UInt32, to output: inout ByteBuffer) {
        output.append(decimal: key, width: digits)
        append(size: size, key: key, version: version, to: &output)
    }

    /// Appends a value, behind another argument.
    private func append(size: Int, key: Int, version: UInt32, to output: inout ByteBuffer) {
        if dialect == .line {
            output.append(" ")
        } else {
            output.append("\r\n$")
            output.append(decimal: size)
            output.append("\r\n")
        }
        values.append(size: size, key: key, version: version, to: &output)
    }

    // MARK: Groups of keys

    /// Begins a `setMany` or a `transaction`.
    package func beginGroup(_ operation: LoadOperation, to output: inout ByteBuffer) {
        output.append(operation == .setMany ? setMany.bytes : multi.bytes)
    }

    /// Appends one key and value of it.
    package func appendPair(
        _ operation: LoadOperation, key: Int, size: Int, version: UInt32, to output: inout ByteBuffer
    ) {
        guard operation == .setMany else { return append(.set, key: key, size: size, version: version, to: &output) }
        output.append(pair.bytes)
        append(key: key, size: size, version: version, to: &output)
        if dialect == .resp { output.append("\r\n") }
    }

    /// Ends it.
    package func endGroup(_ operation: LoadOperation, to output: inout ByteBuffer) {
        if operation == .transaction {
            output.append(exec.bytes)
        } else if dialect == .line {
            output.append("\n")
        }
    }

    private func appendRange(key: Int, limit: Int, to output: inout ByteBuffer) {
        output.append(scan.bytes)
        output.append(decimal: key, width: digits)
        if dialect == .line {
            output.append(" LIMIT ")
        } else {
            output.append("\r\n$5\r\nLIMIT\r\n$")
            output.append(decimal: limit < 10 ? 1 : limit < 100 ? 2 : 3)
            output.append("\r\n")
        }
        output.append(decimal: limit)
    }

    /// Whether the reply to a GET of `key` is a value written for it.
    func verifies(_ value: Span<UInt8>, key: Int) -> Bool { values.matches(value, key: key) }
}
