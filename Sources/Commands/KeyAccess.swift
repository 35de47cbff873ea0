// What a command does with the pairs that it names, and which pairs it concerns without naming them. Access rules are
// checked against both.

import Bytes
import Wire

/// Whether a pair is read or changed. Finding out whether a key exists is reading; the count that DEL returns, and the
/// conditions NX and XX, are part of a change, as in Redis.
package struct KeyAccess: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Its value, its size, its time or its existence is shown.
    package static let read = KeyAccess(rawValue: 1 << 0)
    /// It is set, changed or removed.
    package static let write = KeyAccess(rawValue: 1 << 1)
    package static let both: KeyAccess = [.read, .write]
}

extension Keys {
    /// The most that the command may do with any of its keys, whatever its options.
    package var widestAccess: KeyAccess {
        let access = access.union(laterAccess)
        return options > 0 ? access.union(.read) : access
    }

    /// Whether the options of this request make the command read its key: `GET`, or a comparison with the value. An
    /// argument that only looks like one counts too.
    /// - Parameter offset: the position of the command's name.
    package func readsByOption(in arguments: Arguments, at offset: Int = 0) -> Bool {
        guard options > 0 else { return false }
        for index in stride(from: options + offset, to: arguments.count, by: 1) where arguments[index].isReadingOption {
            return true
        }
        return false
    }

    /// What a request does with the key at a position.
    /// - Parameters:
    ///   - index: one of `indices(in:)`.
    ///   - readsToo: `readsByOption` of the request.
    package func access(at index: Int, readsToo: Bool) -> KeyAccess {
        let access = index == first ? access : laterAccess
        return readsToo ? access.union(.read) : access
    }
}

extension Span where Element == UInt8 {
    fileprivate var isReadingOption: Bool {
        switch count {
        case 3: equalsIgnoringCase("GET")
        case 4: equalsIgnoringCase("IFEQ") || equalsIgnoringCase("IFNE")
        case 5: equalsIgnoringCase("IFDEQ") || equalsIgnoringCase("IFDNE")
        default: false
        }
    }
}

extension CommandSpec {
    /// The pairs that a command concerns without naming their keys.
    package enum Reach: Equatable, Sendable {
        /// None: it concerns the keys that it names, or no pairs.
        case named
        /// Those that its user may read: its reply leaves out the others.
        case listed
        /// The number of all pairs: for who may read all of them, or see the server's figures.
        case counted
        /// All pairs.
        case whole(KeyAccess)
    }

    package var reach: Reach {
        switch command {
        case .keys, .scan, .range, .changes: .listed
        case .dbsize, .count: .counted
        case .randomkey, .debugDigest: .whole(.read)
        case .flushall, .flushdb: .whole(.write)
        case .replicate: .whole(.both)
        default: .named
        }
    }
}
