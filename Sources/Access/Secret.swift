// What a user proves himself with: passwords and tokens, of which only hashes are kept.

import Bytes
import OpenSSL
import Synchronization

/// What is kept of a secret. Its text begins with the name of the method, so that others can come.
package enum SecretHash: Equatable, Sendable {
    /// A password, by scrypt (RFC 7914): `$scrypt$ln=14,r=8,p=5$salt$hash`. Verifying it takes some 300 ms.
    case scrypt(String)
    /// A password whose SHA-256 digest was given, as Redis keeps it: 64 hexadecimal digits in lower case.
    case sha256(String)
    /// A token of `Token`, by SHA-256 as well.
    case token(String)

    private static let scryptPrefix = "$scrypt$"
    private static let sha256Prefix = "$sha256$"
    private static let tokenPrefix = "$token$"

    /// The longest text, in bytes.
    package static let sizeLimit = 512

    /// Reads a text.
    /// - Returns: nil for a method that is unknown, or a digest that is none.
    package init?(_ text: String) {
        guard text.utf8.count <= SecretHash.sizeLimit, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        if text.hasPrefix(SecretHash.scryptPrefix) {
            guard text.utf8.count(where: { $0 == UInt8(ascii: "$") }) == 4 else { return nil }
            self = .scrypt(text)
        } else if let digest = SecretHash.digest(text, behind: SecretHash.sha256Prefix) {
            self = .sha256(digest)
        } else if let digest = SecretHash.digest(text, behind: SecretHash.tokenPrefix) {
            self = .token(digest)
        } else {
            return nil
        }
    }

    private static func digest(_ text: String, behind prefix: String) -> String? {
        guard text.hasPrefix(prefix) else { return nil }
        let digest = String(text.dropFirst(prefix.count))
        return isDigest(digest) ? digest : nil
    }

    /// Whether a text is a SHA-256 digest: 64 hexadecimal digits in lower case.
    package static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// The hash as it is kept. It leaves a server only where that is asked for by name.
    package var text: String {
        switch self {
        case .scrypt(let text): text
        case .sha256(let digest): SecretHash.sha256Prefix + digest
        case .token(let digest): SecretHash.tokenPrefix + digest
        }
    }

    /// The method's name: `scrypt`, `sha256`, `token`.
    package var method: String {
        switch self {
        case .scrypt: "scrypt"
        case .sha256: "sha256"
        case .token: "token"
        }
    }
}

/// A password or token of a user.
package struct Secret: Equatable, Sendable {
    /// Unique among the user's, and not used again by a later one: `p1` for a password, `t1` for a token.
    package let id: String
    /// What is kept of it.
    package let hash: SecretHash
    /// When it ends, in Unix milliseconds; nil for never.
    package let until: UInt64?

    /// - Parameter until: when it ends, in Unix milliseconds.
    package init(id: String, hash: SecretHash, until: UInt64? = nil) {
        (self.id, self.hash, self.until) = (id, hash, until)
    }

    /// The number in an id.
    /// - Returns: nil for what is no id: a `p` or `t`, and 1 to 9 digits.
    static func number(ofID id: String) -> Int? {
        guard id.hasPrefix("p") || id.hasPrefix("t"), (2...10).contains(id.utf8.count),
            id.utf8.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(id.dropFirst())
    }
}

/// A password in plain text, on its way to the thread that hashes it. The bytes are overwritten when it is released.
package final class PlainSecret: Sendable {
    private let bytes: Mutex<[UInt8]>

    /// - Parameter secret: copied.
    package init(_ secret: Span<UInt8>) { bytes = Mutex(Array(secret)) }

    deinit { bytes.withLock { $0.cleanse() } }

    /// Lends the bytes.
    package func withBytes<Result: Sendable>(_ body: (Span<UInt8>) -> Result) -> Result {
        bytes.withLock { bytes in body(bytes.span) }
    }
}

/// A token: a secret that names its user and was not chosen by a person, so a fast hash is enough.
///
/// Its text is `pft_<user>_<43 letters>`: 256 random bits in base64url (RFC 4648, section 5).
package struct Token {
    /// The user that it names.
    package let user: UserName
    /// What to keep of it.
    package let hash: SecretHash

    private static let prefix = "pft_"
    private static let letterCount = 43

    /// Makes a token of a user.
    /// - Returns: the token, and its text, which is shown once and kept nowhere.
    package static func make(for user: UserName) -> (token: Token, text: PlainSecret) {
        var random = RandomBytes.make(32)
        var encoded = ByteBuffer()
        encoded.append(base64: random.span)
        random.cleanse()
        var text = Array((prefix + user.text + "_").utf8)
        // Without the padding: 32 bytes are 43 letters and one `=`.
        for index in 0..<letterCount {
            let byte = encoded.bytes[index]
            text.append(
                byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte)
        }
        encoded.cleanse()
        defer { text.cleanse() }
        return (Token(user: user, hash: hash(of: text.span)), PlainSecret(text.span))
    }

    /// Reads a token.
    /// - Returns: nil if the text has not the form of one.
    package init?(parsing text: Span<UInt8>) {
        let start = text.count - Token.letterCount
        guard start > Token.prefix.utf8.count + 1, text.starts(with: "pft_"), text[start - 1] == UInt8(ascii: "_"),
            let user = UserName(text.extracting(4..<start - 1))
        else { return nil }
        for index in start..<text.count where !Token.isLetter(text[index]) { return nil }
        self.init(user: user, hash: Token.hash(of: text))
    }

    private init(user: UserName, hash: SecretHash) { (self.user, self.hash) = (user, hash) }

    /// What is kept of a text that is taken for a token.
    private static func hash(of text: Span<UInt8>) -> SecretHash {
        .token(Digests.hexadecimal(Digests.sha256(text)))
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
