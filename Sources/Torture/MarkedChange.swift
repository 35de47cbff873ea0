// A request that changes pairs, its effects, and the reply that confirms it.

import Wire

/// One change of a writer, in either dialect.
package struct MarkedChange: Sendable {
    package let number: Int
    /// The value of each key afterwards; nil if it is removed.
    package let effects: [(key: String, value: MarkedValue?)]
    package let request: [UInt8]
    /// The reply's line, without its line feed.
    package let reply: String

    /// - Parameter expires: whether the pair expires: so late that it does not in this run.
    package static func set(_ key: String, _ value: MarkedValue, asLine: Bool, expires: Bool = false) -> MarkedChange {
        let isLine = asLine && value.isPlain
        let words = expires ? ["SETEX", key, "1000000"] : ["SET", key]
        return MarkedChange(
            number: value.number, effects: [(key, value)],
            request: isLine
                ? Array((words.joined(separator: " ") + " ").utf8) + value.bytes + [0x0a]
                : array(words.map { Array($0.utf8) } + [value.bytes]),
            reply: isLine ? "OK" : "+OK\r")
    }

    /// Removes a key by a time in the past.
    package static func expire(_ key: String, number: Int, isPresent: Bool) -> MarkedChange {
        MarkedChange(
            number: number, effects: [(key, nil)], request: array("PEXPIREAT", key, "1"),
            reply: isPresent ? ":1\r" : ":0\r")
    }

    package static func multiSet(_ keys: [String], _ value: MarkedValue) -> MarkedChange {
        MarkedChange(
            number: value.number, effects: keys.map { ($0, value) },
            request: array([Array("MSET".utf8)] + keys.flatMap { [Array($0.utf8), value.bytes] }), reply: "+OK\r")
    }

    /// - Parameter present: how many of the keys exist.
    package static func delete(_ keys: [String], number: Int, present: Int, asLine: Bool) -> MarkedChange {
        let isLine = asLine && keys.count == 1
        return MarkedChange(
            number: number, effects: keys.map { ($0, nil) },
            request: isLine
                ? Array("DELETE \(keys[0])\n".utf8) : array([Array("DEL".utf8)] + keys.map { Array($0.utf8) }),
            reply: isLine ? present == 1 ? "OK" : "\(ReplyWriter.missingLine)" : ":\(present)\r")
    }

    /// A request of RESP.
    package static func array(_ arguments: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments {
            bytes += Array("$\(argument.count)\r\n".utf8)
            bytes += argument
            bytes += [0x0d, 0x0a]
        }
        return bytes
    }

    /// A RESP request of texts.
    package static func array(_ arguments: String...) -> [UInt8] { array(arguments.map { Array($0.utf8) }) }
}
