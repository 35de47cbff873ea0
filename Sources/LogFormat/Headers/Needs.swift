// What a file needs of its readers beyond version 1 of the format. An older reader would call a record that it does not
// know damage, and a repair would cut the log there; so the file says first what is in it, and a reader that does not
// know all of that refuses the file instead. Every later capability of the format gets a name here.
//
//     VERSION = "version":1 / "version":2,"needs":[NAME *("," NAME)]        names in alphabetical order

import Bytes

/// Capabilities that a reader must have. A file without any is of version 1.
public struct Needs: OptionSet, Sendable {
    public let rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Pairs that expire: the field `expires`, and the operations `ttl` and `expired`.
    @inlinable public static var expiry: Needs { Needs(rawValue: 1) }

    /// Notes: the operation `meta`, and notes in snapshots.
    @inlinable public static var notes: Needs { Needs(rawValue: 2) }

    /// What this version knows, with the names in files; in alphabetical order.
    private static let names: [(need: Needs, name: StaticString)] = [(.expiry, "expiry"), (.notes, "notes")]

    /// Everything that this version knows.
    package static let known = names.reduce(into: Needs()) { $0.formUnion($1.need) }

    /// The files that this version can read, for messages.
    package static let readableVersions = "version 1, or version 2 with no needs but \(known)"

    init?(name: String) {
        let bytes = Array(name.utf8)
        guard let known = Needs.names.first(where: { bytes.span.equals($0.name) }) else { return nil }
        self = known.need
    }

    /// The names in files, in alphabetical order.
    package var names: [StaticString] { Needs.names.filter { contains($0.need) }.map { $0.name } }
}

extension Needs: CustomStringConvertible {
    /// The names: `expiry, notes`.
    public var description: String { names.map { "\($0)" }.joined(separator: ", ") }
}

extension ByteBuffer {
    /// Appends the names as a JSON list.
    package mutating func append(needs: NamedNeeds) {
        append("[")
        for (index, name) in needs.names.enumerated() {
            append(index == 0 ? "\"" : ",\"")
            append(text: name)
            append("\"")
        }
        append("]")
    }
}

/// A list of needs: those known here, and the names of the others.
package struct NamedNeeds: Equatable, Sendable {
    package var known: Needs = []
    package var unknown: [String] = []

    package init(_ known: Needs = []) { self.known = known }

    package var isEmpty: Bool { known.isEmpty && unknown.isEmpty }
    /// All names, in alphabetical order.
    package var names: [String] { (known.names.map { "\($0)" } + unknown).sorted() }
}

extension FieldReader {
    /// A JSON list of at least one name, in alphabetical order. A name has 1 to 32 lower-case letters, so messages can contain it unescaped.
    @_lifetime(self: copy self)
    package mutating func needs() -> NamedNeeds? {
        guard skip("[") else { return nil }
        var needs = NamedNeeds()
        var last = ""
        repeat {
            guard skip("\"") else { return nil }
            let name = untilQuote()
            guard (1...32).contains(name.utf8.count),
                name.utf8.allSatisfy((UInt8(ascii: "a")...UInt8(ascii: "z")).contains),
                last.utf8.lexicographicallyPrecedes(name.utf8), skip("\"")
            else { return nil }
            last = name
            if let need = Needs(name: name) { needs.known.formUnion(need) } else { needs.unknown.append(name) }
        } while skip(",")
        return skip("]") ? needs : nil
    }
}
