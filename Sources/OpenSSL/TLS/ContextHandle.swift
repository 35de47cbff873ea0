// OpenSSL's SSL_CTX with the settings that all of Puffin's connections have in common.
//
// Unsafe code: this value alone owns the SSL_CTX; it cannot be copied, and frees it when it ends. Callbacks get pointers that
// OpenSSL keeps alive while they run, and keep none of them.

import COpenSSL

/// The owner of an SSL_CTX.
@safe
struct ContextHandle: ~Copyable {
    let pointer: OpaquePointer

    /// AEAD with forward secrecy only. For TLS 1.2; the ciphers of TLS 1.3 all have both.
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let groups = "X25519:P-256:P-384"
    /// OpenSSL's level 2: RSA from 2048 bits on, no SHA-1 in signatures.
    private static let securityLevel: Int32 = 2
    /// Certificates between the peer's and a trusted one.
    private static let chainDepth: Int32 = 4
    /// Bytes of all certificates that a peer sends.
    private static let certificatesSize = 32 << 10
    /// Seconds for which a session can be resumed.
    private static let sessionTime = 3600

    private init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// Makes one with all settings but those of certificates.
    static func make(isServer: Bool, versions: ClosedRange<TLSVersion>) throws(TLSError) -> ContextHandle {
        Library.setUp()
        guard let pointer = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw TLSError(.refused, file: "", "OpenSSL cannot make a TLS context: \(Library.takeReason().text)")
        }
        let handle = unsafe ContextHandle(owning: pointer)
        unsafe SSL_CTX_set_security_level(pointer, securityLevel)
        guard unsafe openssl_set_versions(pointer, versions.lowerBound.rawValue, versions.upperBound.rawValue) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, ciphers) == 1, unsafe openssl_set_groups(pointer, groups) == 1
        else {
            throw TLSError(.refused, file: "", "OpenSSL refuses TLS's settings: \(Library.takeReason().text)")
        }
        unsafe openssl_set_options(pointer)
        unsafe openssl_set_modes(pointer)
        unsafe SSL_CTX_set_verify_depth(pointer, chainDepth)
        unsafe openssl_set_max_certificates_size(pointer, certificatesSize)
        unsafe openssl_set_no_session_cache(pointer)
        if isServer { try handle.limitSessions() }
        return handle
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// One stateless ticket for each handshake. Its keys are in the context, so they end with it.
    private func limitSessions() throws(TLSError) {
        // Without a name for its sessions OpenSSL resumes none where clients are asked for certificates.
        let name: StaticString = "puffin"
        guard unsafe SSL_CTX_set_num_tickets(pointer, 1) == 1,
            unsafe SSL_CTX_set_session_id_context(pointer, name.utf8Start, UInt32(name.utf8CodeUnitCount)) == 1
        else {
            throw TLSError(.refused, file: "", "OpenSSL refuses TLS's sessions: \(Library.takeReason().text)")
        }
        unsafe SSL_CTX_set_timeout(pointer, ContextHandle.sessionTime)
        // Each resumption hands out a new ticket, so a client could go on with a certificate that has ended meanwhile.
        unsafe SSL_CTX_set_session_ticket_cb(
            pointer, nil,
            { _, session, _, _, status, _ in
                guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW else {
                    return SSL_TICKET_RETURN_IGNORE_RENEW
                }
                if let session = unsafe session, let peer = unsafe SSL_SESSION_get0_peer(session),
                    unsafe X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0
                {
                    return SSL_TICKET_RETURN_IGNORE_RENEW
                }
                return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
            }, nil)
    }

    /// Verifies the peer's certificate.
    /// - Parameter isRequired: whether there must be one; servers always send one.
    func verifyPeers(isRequired: Bool) {
        let mode = SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        unsafe SSL_CTX_set_verify(pointer, mode) { isSound, verification in
            if isSound == 0, let verification = unsafe verification { unsafe Loan.noteRefused(verification) }
            return isSound
        }
        // What is in the file of authorities is trusted, whether or not it signed itself.
        unsafe X509_STORE_set_flags(SSL_CTX_get_cert_store(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    /// Trusts the authorities of the operating system.
    func trustSystem() throws(TLSError) {
        guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
            throw TLSError(
                .refused, file: "", "the system's authorities cannot be loaded: \(Library.takeReason().text)")
        }
        ERR_clear_error()
    }
}
