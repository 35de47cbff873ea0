// The settings of authentication.

import OpenSSL

/// Whether clients must log in.
package enum AuthMode: String, CaseIterable, Sendable {
    /// They must where there is anybody to log in as. A server without that listens on loopback addresses only.
    case auto
    /// Nobody must, wherever the server listens.
    case open
    /// All of them must.
    case required
}

/// Who may use a server.
package struct AuthSettings: Sendable {
    package var mode = AuthMode.auto
    /// The password of the user `default`, who may do everything; nil if there is none.
    package var password: Password?
    /// Whether changes of users who have logged in by name say whose they are.
    package var recordsAuthors = true

    package init() {}
}

/// A password, kept as a digest: it is compared, and never read again.
package struct Password: Sendable, Equatable, CustomStringConvertible {
    private let digest: [UInt8]

    package var description: String { "***" }

    /// The sizes of a password, in bytes.
    package static let sizes = 8...512

    /// - Returns: nil if it is too short or too long, or has control characters.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard Password.sizes.contains(bytes.count), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return nil }
        digest = Digests.sha256(bytes.span)
    }

    /// Whether it is these bytes. The time does not depend on where they differ.
    func equals(_ bytes: Span<UInt8>) -> Bool { Digests.areEqual(digest.span, Digests.sha256(bytes).span) }
}
