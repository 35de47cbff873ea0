// What ACL SETUSER asks for: its words, read one by one. Passwords are kept apart from the other words: hashing them
// takes long, and they are overwritten afterwards.

import Bytes
import Commands
import OpenSSL
import Wire

/// A change of a user, read but not yet applied.
package struct UserChange: Sendable {
    /// A word of ACL SETUSER.
    package enum Word: Equatable, Sendable {
        case isOn(Bool)
        case noPassword
        case resetPasswords
        case reset
        case rule(RuleWord)
        case role(UserName, isAdded: Bool)
        case certificate(CertificateName, isAdded: Bool)
        /// Unix milliseconds; nil for never.
        case until(UInt64?)
        case needs(User.Needs)
        /// `>`: the password with this index in `passwords`.
        case addPassword(Int)
        /// `<`: the same.
        case removePassword(Int)
        /// `#`: a SHA-256 digest.
        case addHash(SecretHash)
        /// `!`: the same.
        case removeHash(SecretHash)
        /// `-secret:p1`.
        case removeSecret(String)
        /// Selectors are not supported; removing them is.
        case nothing
    }

    /// The words in their order, each with its text for errors.
    package private(set) var words: [(word: Word, text: [UInt8])] = []
    /// The passwords behind `>` and `<`, and whether each is one to add.
    package private(set) var passwords: [(plain: PlainSecret, isAdded: Bool)] = []

    /// No change.
    package init() {}

    /// The words as they may be shown: of passwords and digests only the first character.
    package var shownText: String {
        words.map { word, text in
            switch word {
            case .addHash, .removeHash: String(decoding: text.prefix(1), as: UTF8.self)
            default: String(decoding: text, as: UTF8.self)
            }
        }.joined(separator: " ")
    }

    /// Reads the words of a request.
    /// - Parameter first: the index of the first word, behind the user's name.
    /// - Throws: the first word that is wrong.
    package init(_ arguments: Arguments, from first: Int) throws(RuleError) {
        for index in stride(from: first, to: arguments.count, by: 1) { try append(arguments[index]) }
    }

    /// Reads one more word.
    package mutating func append(_ word: Span<UInt8>) throws(RuleError) {
        let index = words.count
        // A password must not be in the copy that errors show.
        let isPassword = word.count > 0 && (word[0] == UInt8(ascii: ">") || word[0] == UInt8(ascii: "<"))
        let text = isPassword ? [word[0]] : Array(word)
        func fail(_ reason: String) -> RuleError { RuleError(word: text, at: index, reason) }
        if isPassword {
            let isAdded = word[0] == UInt8(ascii: ">")
            words.append((isAdded ? .addPassword(passwords.count) : .removePassword(passwords.count), text))
            passwords.append((PlainSecret(word.extracting(1...)), isAdded))
            return
        }
        do throws(RuleFlaw) {
            // Before rules: -role:x begins as a rule about commands does.
            if let own = try UserChange.own(word) {
                words.append((own, text))
            } else if let rule = try RuleWord(parsing: word) {
                words.append((.rule(rule), text))
            } else {
                throw .syntax
            }
        } catch {
            throw fail(error.text)
        }
    }

    /// Reads a word that is not one of a set of rules.
    /// - Returns: nil if it may be one.
    private static func own(_ word: Span<UInt8>) throws(RuleFlaw) -> Word? {
        guard word.count > 0 else { return nil }
        let isHash = word[0] == UInt8(ascii: "#") || word[0] == UInt8(ascii: "!")
        if isHash {
            let digest = String(word.extracting(1...))
            guard let hash = SecretHash(digest: digest) else { throw .hash }
            return word[0] == UInt8(ascii: "#") ? .addHash(hash) : .removeHash(hash)
        }
        let text = String(word)
        switch text.lowercased() {
        case "on": return .isOn(true)
        case "off": return .isOn(false)
        case "nopass": return .noPassword
        case "resetpass": return .resetPasswords
        case "reset": return .reset
        case "clearselectors": return .nothing
        case "needs:both": return .needs(.both)
        case "needs:any": return .needs(.any)
        default: return try named(text)
        }
    }

    /// Reads a word that has a name and a colon.
    private static func named(_ text: String) throws(RuleFlaw) -> Word? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let isAdded = !text.hasPrefix("-")
        let kind = text[..<colon].dropFirst(isAdded ? 0 : 1).lowercased()
        let name = String(text[text.index(after: colon)...])
        switch kind {
        case "role":
            guard let role = UserName(name) else { throw .name }
            return .role(role, isAdded: isAdded)
        case "cert":
            guard let certificate = CertificateName(name) else { throw .certificate }
            return .certificate(certificate, isAdded: isAdded)
        case "secret" where !isAdded: return .removeSecret(name)
        case "until" where isAdded:
            if name == "none" { return .until(nil) }
            guard let time = Timestamp(parsing: name) else { throw .time }
            return .until(time.milliseconds)
        case "needs" where isAdded: throw .syntax
        default: return nil
        }
    }
}

/// What has become of a password behind `>` or `<`, found out by a thread that may take its time.
package enum PasswordOutcome: Equatable, Sendable {
    /// The user has it already; this is its hash.
    case known(SecretHash)
    /// The user did not have it; this is the hash of it to keep.
    case made(SecretHash)
    /// The user does not have it, and it was to be removed.
    case missing

    /// Finds out. Takes some 300 ms for each hash that scrypt has made, and for making one.
    /// - Parameters:
    ///   - password: the password.
    ///   - isAdded: whether a hash is made if the user has none of it.
    ///   - secrets: the user's.
    ///   - cost: of a new hash.
    /// - Throws: if there is no memory for scrypt.
    package init(
        of password: PlainSecret, isAdded: Bool, among secrets: [Secret], cost: PasswordHash.Cost = PasswordHash.Cost()
    ) throws(PasswordHashError) {
        self = try password.withBytes { bytes throws(PasswordHashError) in
            for secret in secrets {
                if case .password(let hash) = secret.hash, try hash.verify(bytes) { return .known(secret.hash) }
            }
            return isAdded ? .made(.password(try PasswordHash.make(password: bytes, cost: cost))) : .missing
        }
    }
}
