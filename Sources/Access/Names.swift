// Names of users, roles and certificates. They stand in the log, in tokens and in figures, so they have few characters
// and a limit.

import Bytes

/// The name of a user or role: 1 to 64 letters, digits, and `.`, `_`, `@`, `-`, all ASCII. Case matters.
package struct UserName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name itself.
    package let text: String

    /// The user of connections that have not logged in, where that is allowed, and of `AUTH` with a password alone.
    package static let `default` = UserName(known: "default")

    private init(known text: String) { self.text = text }

    /// - Returns: nil for a text that cannot be a name.
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(UserName.mayContain) else { return nil }
        self.text = text
    }

    /// - Returns: nil for bytes that cannot be a name.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= 64 else { return nil }
        self.init(String(bytes))
    }

    package var description: String { text }

    package static func < (one: UserName, other: UserName) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    private static func mayContain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// A name that a client's certificate has: `cn:alice`, `dns:app.example`, `email:alice@example.com`, `uri:spiffe://…`.
/// Names of hosts are kept in lower case; all others are compared byte by byte.
package struct CertificateName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The kind, a colon, and the name.
    package let text: String

    /// The longest name with its kind, in bytes.
    package static let sizeLimit = 512

    /// - Returns: nil for another kind, an empty or too long name, or one with control characters or blanks other than
    ///   inner spaces, which only a `cn` may have.
    package init?(_ text: String) {
        guard text.utf8.count <= CertificateName.sizeLimit, let colon = text.firstIndex(of: ":") else { return nil }
        let kind = text[..<colon]
        let name = text[text.index(after: colon)...]
        guard !name.isEmpty, name.first != " ", name.last != " ",
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) })
        else { return nil }
        switch kind {
        case "cn": break
        case "dns", "email", "uri": guard !name.utf8.contains(UInt8(ascii: " ")) else { return nil }
        default: return nil
        }
        self.text = kind == "dns" ? text.lowercased() : text
    }

    package var description: String { text }

    package static func < (one: CertificateName, other: CertificateName) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
}
