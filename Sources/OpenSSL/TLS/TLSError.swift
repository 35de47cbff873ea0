// Why certificates, keys and lists cannot be used. Texts name files and never what a key file holds.

/// An error of loading.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// A file cannot be read.
        case unreadable
        /// A file does not hold what it should hold, in PEM.
        case invalidFile
        /// A private key is encrypted and the password is missing or wrong.
        case wrongKeyPassword
        /// A private key does not belong to the certificate.
        case keyMismatch
        /// A certificate of a chain did not issue the one before it.
        case brokenChain
        /// A key or signature is too weak.
        case tooWeak
        /// The settings contradict each other.
        case invalidSettings
        /// OpenSSL refused something for another reason.
        case refused
    }

    package let code: Code
    /// The file; empty if it is not about one.
    package let file: String
    /// What happened and what to do: a sentence without the file and without a full stop.
    package let text: String

    package init(_ code: Code, file: String, _ text: String) {
        self.code = code
        self.file = file
        self.text = text
    }

    package var description: String { file.isEmpty ? text : "\(file): \(text)" }
}

/// What will keep peers from connecting, or is unsafe, though it can be loaded.
package enum TLSWarning: Sendable, Equatable, CustomStringConvertible {
    /// The certificate ended at `notAfter`, in seconds since 1970.
    case expired(file: String, notAfter: Int)
    /// The certificate begins at `notBefore`, in seconds since 1970.
    case notYetValid(file: String, notBefore: Int)
    /// Every user of this machine can read the key.
    case keyReadableByOthers(file: String)
    /// The certificate has no subjectAltName, so no client can check the server's name (RFC 9525).
    case noNames(file: String)
    /// The certificate's extended key usage lacks what this side needs.
    case wrongUsage(file: String, needed: String)
    /// An authority's certificate has ended: nothing that it issued is accepted.
    case authorityExpired(file: String, subject: String)
    /// The revocation list has ended: every certificate that it is asked about is refused.
    case revocationListExpired(file: String)

    package var description: String {
        switch self {
        case .expired(let file, _): "\(file): the certificate has expired; renew it"
        case .notYetValid(let file, _): "\(file): the certificate is not valid yet; check the clock"
        case .keyReadableByOthers(let file): "\(file): every user can read the private key; chmod 600 it"
        case .noNames(let file):
            "\(file): the certificate has no subjectAltName, so clients cannot check the server's name; renew it with one"
        case .wrongUsage(let file, let needed):
            "\(file): the certificate's extended key usage does not allow \(needed); renew it with that usage"
        case .authorityExpired(let file, let subject): "\(file): the authority \(subject) has expired; replace it"
        case .revocationListExpired(let file):
            "\(file): the revocation list has expired, so its certificates are refused; renew it"
        }
    }
}
