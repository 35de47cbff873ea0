// One certificate and what there is to say about it.
//
// Unsafe code: a `Certificate` owns one reference to OpenSSL's certificate, which nothing changes after it was parsed, and gives it
// back in its deinit. Texts that OpenSSL allocates are copied and freed in the function that asked for them.

import COpenSSL

/// An X.509 certificate (RFC 5280).
@safe
package final class Certificate: @unchecked Sendable {
    /// Sendable, because OpenSSL counts references atomically, and nothing writes to a parsed certificate.
    let handle: OpaquePointer

    /// Takes over one reference.
    init(owning handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe X509_free(handle) }

    /// The subject (RFC 4514, such as `CN=db1,O=Example`), at most 256 bytes.
    package var subject: String { unsafe Certificate.text(of: X509_get_subject_name(handle)) }

    /// The issuer, written as `subject` is.
    package var issuer: String { unsafe Certificate.text(of: X509_get_issuer_name(handle)) }

    /// The first second of validity, since 1970.
    package var notBefore: Int { unsafe Certificate.seconds(X509_get0_notBefore(handle)) }

    /// The last second of validity, since 1970.
    package var notAfter: Int { unsafe Certificate.seconds(X509_get0_notAfter(handle)) }

    /// SHA-256 of its DER form, in hexadecimal: what tells two certificates apart in a log.
    package var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: 32)
        let isDone = unsafe digest.withUnsafeMutableBufferPointer {
            unsafe X509_digest(handle, EVP_sha256(), $0.baseAddress, nil) == 1
        }
        precondition(isDone, "libcrypto has no SHA-256")
        return Digests.hexadecimal(digest)
    }

    /// The names that it is for.
    package var names: PeerNames { unsafe PeerNames(of: handle) }

    /// Whether it signed `other`.
    func issued(_ other: Certificate) -> Bool {
        defer { ERR_clear_error() }
        return unsafe X509_check_issued(handle, other.handle) == X509_V_OK
            && X509_verify(other.handle, X509_get0_pubkey(handle)) == 1
    }

    /// Whether its usages allow it to be a server's, or a client's.
    func allows(server: Bool) -> Bool {
        let purpose = server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT
        return unsafe X509_check_purpose(handle, purpose, 0) == 1
    }

    /// All certificates of a file, in its order; at least one.
    static func all(in file: PEMFile) throws(TLSError) -> [Certificate] {
        unsafe try file.withBIO { bio throws(TLSError) in
            var certificates: [Certificate] = []
            while let handle = unsafe PEM_read_bio_X509(bio, nil, { _, _, _, _ in 0 }, nil) {
                certificates.append(unsafe Certificate(owning: handle))
            }
            let reason = Library.takeReason()
            // The end of a file is reported as a block that does not begin.
            guard reason.library == ERR_LIB_PEM, reason.code == PEM_R_NO_START_LINE else {
                let place = "certificate \(certificates.count + 1) is damaged: \(reason.text)"
                throw TLSError(.invalidFile, file: file.name, place)
            }
            guard !certificates.isEmpty else {
                throw TLSError(.invalidFile, file: file.name, "it holds no certificate (-----BEGIN CERTIFICATE-----)")
            }
            return certificates
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
        // By OpenSSL's own calendar: the C library's reads the machine's time zone first.
        let start = unsafe ASN1_TIME_set(nil, 0)
        defer { unsafe ASN1_TIME_free(start) }
        var (days, seconds) = (Int32(0), Int32(0))
        guard unsafe ASN1_TIME_diff(&days, &seconds, start, time) == 1 else {
            ERR_clear_error()
            return 0
        }
        return Int(days) * 86_400 + Int(seconds)
    }

    /// A name as RFC 4514 writes it. Control characters and all that is not ASCII are escaped.
    static func text(of name: OpaquePointer?) -> String {
        guard let name = unsafe name, let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        guard unsafe X509_NAME_print_ex(bio, name, 0, openssl_rfc2253()) >= 0 else {
            ERR_clear_error()
            return ""
        }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe BIO_read(bio, $0.baseAddress, Int32($0.count)) }
        return String(decoding: bytes.prefix(max(Int(count), 0)), as: UTF8.self)
    }
}
