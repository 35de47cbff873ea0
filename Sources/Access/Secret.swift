// What a user proves himself with: passwords and tokens, of which only hashes are kept.

import Bytes
import OpenSSL
import Synchronization

/// What is kept of a secret. Its text begins with the name of the method, so that others can come.
package enum SecretHash: Equatable, Sendable {
    /// A password: by scrypt, `$scrypt$ln=14,r=8,p=5$salt$hash`, which takes some 300 ms to verify; or the SHA-256 digest
    /// that was given, as Redis keeps passwords, `sha256:<64 hexadecimal digits>`.
    case password(PasswordHash)
    /// A token of `Token`, by SHA-256: `token:<64 hexadecimal digits>`.
    case token(PasswordHash)

    private static let digestPrefix = "sha256:"
    private static let tokenPrefix = "token:"

    /// Reads a text.
    /// - Returns: nil for a method that is unknown, or a hash that is none.
    package init?(_ text: String) {
        let isToken = text.hasPrefix(SecretHash.tokenPrefix)
        let kept = isToken ? SecretHash.digestPrefix + text.dropFirst(SecretHash.tokenPrefix.count) : text
        guard let hash = try? PasswordHash(kept) else { return nil }
        self = isToken ? .token(hash) : .password(hash)
    }

    /// A password of which the SHA-256 digest is known.
    /// - Parameter digest: 64 hexadecimal digits in lower case.
    /// - Returns: nil for anything else.
    package init?(digest: String) {
        guard let hash = try? PasswordHash(SecretHash.digestPrefix + digest) else { return nil }
        self = .password(hash)
    }

    /// The hash as it is kept. It leaves a server only where that is asked for by name.
    package var text: String {
        switch self {
        case .password(let hash): hash.description
        case .token(let hash): SecretHash.tokenPrefix + hash.description.dropFirst(SecretHash.digestPrefix.count)
        }
    }

    /// The digest of a password that is kept as one, as Redis shows it; nil for other methods.
    package var digest: String? {
        guard case .password(let hash) = self, hash.method == .sha256 else { return nil }
        return String(hash.description.dropFirst(SecretHash.digestPrefix.count))
    }

    /// The method's name: `scrypt`, `sha256`, `token`.
    package var method: String {
        switch self {
        case .password(let hash): hash.method == .sha256 ? "sha256" : "scrypt"
        case .token: "token"
        }
    }

    /// Whether verifying it takes too long for a server's loop.
    package var isSlow: Bool {
        guard case .password(let hash) = self else { return false }
        return hash.method != .sha256
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
    package func withBytes<Result: Sendable, E: Error>(_ body: (Span<UInt8>) throws(E) -> Result) throws(E) -> Result {
        try bytes.withLock { bytes throws(E) in try body(bytes.span) }
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
        .token(PasswordHash.make(token: text))
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
