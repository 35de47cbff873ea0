// Rules about keys: `~orders:*`, `%R~config:*`, `~exact`, `~*`. They are prefixes or whole keys, so that what a user may
// read is a set of ranges, which KEYS, SCAN and feeds can show exactly.

import Bytes
import Commands

/// Which keys a rule is about, and what it allows there.
package struct KeyRule: Equatable, Sendable {
    /// The key, or what the keys begin with.
    package let key: [UInt8]
    /// Whether the rule is about all keys that begin so.
    package let isPrefix: Bool
    /// What is allowed; never empty.
    package var access: KeyAccess

    /// `~*`: every key.
    package static let all = KeyRule(key: [], isPrefix: true, access: .both)

    /// - Parameter access: not empty.
    package init(key: [UInt8], isPrefix: Bool, access: KeyAccess) {
        (self.key, self.isPrefix, self.access) = (key, isPrefix, access)
    }

    /// Why a text is not a rule.
    package enum Flaw: Error, Equatable {
        /// Neither `~`, nor `%` with letters and `~`.
        case syntax
        /// A blank, a NUL or another control character, or bytes that are not UTF-8: rules are kept as texts.
        case characters
        /// `?`, `[`, or a `*` before the end.
        case glob
    }

    /// Reads a rule. `\` makes the next character an ordinary one, as in Redis.
    /// - Parameter word: with its `~` or `%…~`.
    package init(parsing word: Span<UInt8>) throws(Flaw) {
        guard word.isUTF8, !word.hasControlByte else { throw .characters }
        var index = 0
        var access: KeyAccess = .both
        if word.count > 0, word[0] == UInt8(ascii: "%") {
            access = []
            index = 1
            while index < word.count, word[index] != UInt8(ascii: "~") {
                switch word[index] {
                case UInt8(ascii: "R"), UInt8(ascii: "r"): access.insert(.read)
                case UInt8(ascii: "W"), UInt8(ascii: "w"): access.insert(.write)
                default: throw .syntax
                }
                index += 1
            }
        }
        guard index < word.count, word[index] == UInt8(ascii: "~"), !access.isEmpty else { throw .syntax }
        let (key, isPrefix) = try KeyRule.key(word.extracting((index + 1)...))
        self.init(key: key, isPrefix: isPrefix, access: access)
    }

    private static func key(_ pattern: Span<UInt8>) throws(Flaw) -> (key: [UInt8], isPrefix: Bool) {
        var key: [UInt8] = []
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            index += 1
            switch byte {
            case UInt8(ascii: " "): throw .characters
            case UInt8(ascii: "*"):
                guard index == pattern.count else { throw .glob }
                return (key, true)
            case UInt8(ascii: "?"), UInt8(ascii: "["): throw .glob
            case UInt8(ascii: "\\") where index < pattern.count:
                guard pattern[index] != UInt8(ascii: " ") else { throw .characters }
                key.append(pattern[index])
                index += 1
            default: key.append(byte)
            }
        }
        return (key, false)
    }

    /// The rule as it is written: `~orders:*`.
    package var text: String {
        var bytes = Array((access == .both ? "~" : access == .read ? "%R~" : "%W~").utf8)
        for byte in key {
            if "*?[\\".utf8.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        if isPrefix { bytes.append(UInt8(ascii: "*")) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
