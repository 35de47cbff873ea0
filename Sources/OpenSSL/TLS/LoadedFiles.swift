// Puts certificates, keys, authorities and revocation lists into a context, and checks them.
//
// Unsafe code: OpenSSL's objects are freed in the function that made them; what a context keeps has a reference of its own. The
// password of a key is lent to OpenSSL, through a pointer to a value on the stack, while the key is parsed.

import COpenSSL

/// What was learned from files while they were loaded.
struct LoadedFiles {
    private(set) var certificate: Certificate?
    private(set) var authoritiesNotAfter: Int?
    private(set) var warnings: [TLSWarning] = []

    /// Loads this side's certificate. Its key must match, and each certificate of the file must have issued the one before it.
    mutating func use(_ identity: TLSIdentity, in context: borrowing ContextHandle, isServer: Bool) throws(TLSError) {
        let file = identity.certificate.name
        let chain = try Certificate.all(in: identity.certificate)
        let leaf = chain[0]
        for index in 1..<chain.count where !chain[index].issued(chain[index - 1]) {
            throw TLSError(
                .brokenChain, file: file,
                "certificate \(index + 1) (\(chain[index].subject)) did not issue certificate \(index)"
                    + " (\(chain[index - 1].subject)); order them from the server's up")
        }
        guard unsafe SSL_CTX_use_certificate(context.pointer, leaf.handle) == 1 else {
            throw LoadedFiles.refusal(of: file, Library.takeReason())
        }
        for certificate in chain.dropFirst() {
            unsafe X509_up_ref(certificate.handle)
            guard unsafe openssl_add_chain_certificate(context.pointer, certificate.handle) == 1 else {
                unsafe X509_free(certificate.handle)
                throw LoadedFiles.refusal(of: file, Library.takeReason())
            }
        }
        try LoadedFiles.useKey(of: identity, for: leaf, in: context)
        certificate = leaf
        examine(leaf, of: identity, isServer: isServer)
    }

    private mutating func examine(_ leaf: Certificate, of identity: TLSIdentity, isServer: Bool) {
        let file = identity.certificate.name
        if unsafe X509_cmp_current_time(X509_get0_notAfter(leaf.handle)) <= 0 {
            warnings.append(.expired(file: file, notAfter: leaf.notAfter))
        }
        if unsafe X509_cmp_current_time(X509_get0_notBefore(leaf.handle)) > 0 {
            warnings.append(.notYetValid(file: file, notBefore: leaf.notBefore))
        }
        if identity.key.isReadableByOthers { warnings.append(.keyReadableByOthers(file: identity.key.name)) }
        if isServer, unsafe X509_get_ext_by_NID(leaf.handle, NID_subject_alt_name, -1) < 0 {
            warnings.append(.noNames(file: file))
        }
        if !leaf.allows(server: isServer) {
            warnings.append(.wrongUsage(file: file, needed: isServer ? "serverAuth" : "clientAuth"))
        }
        ERR_clear_error()
    }

    /// A password on its way to OpenSSL.
    private struct Password {
        let bytes: [UInt8]?
        var isAskedFor = false
    }

    private static func useKey(
        of identity: TLSIdentity, for leaf: Certificate, in context: borrowing ContextHandle
    ) throws(TLSError) {
        let file = identity.key.name
        var password = Password(bytes: identity.keyPassword)
        let key = unsafe try identity.key.withBIO { bio throws(TLSError) in
            unsafe withUnsafeMutablePointer(to: &password) { password in
                unsafe PEM_read_bio_PrivateKey(bio, nil, { unsafe LoadedFiles.givePassword($0, $1, $2, $3) }, password)
            }
        }
        defer { unsafe EVP_PKEY_free(key) }
        guard let key = unsafe key else {
            let reason = Library.takeReason()
            guard password.isAskedFor else {
                throw TLSError(.invalidFile, file: file, "it holds no private key that can be read: \(reason.text)")
            }
            throw TLSError(
                .wrongKeyPassword, file: file,
                password.bytes == nil
                    ? "the private key is encrypted and there is no password for it"
                    : "the private key cannot be decrypted: the password is wrong, or the file is damaged")
        }
        ERR_clear_error()
        guard unsafe X509_check_private_key(leaf.handle, key) == 1 else {
            ERR_clear_error()
            throw TLSError(
                .keyMismatch, file: file,
                "the private key does not belong to the certificate in \(identity.certificate.name)")
        }
        guard unsafe SSL_CTX_use_PrivateKey(context.pointer, key) == 1 else {
            throw refusal(of: file, Library.takeReason())
        }
    }

    /// Copies the password for OpenSSL, which would ask at the terminal without this.
    private static func givePassword(
        _ room: UnsafeMutablePointer<CChar>?, _ size: Int32, _ isWritten: Int32, _ argument: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let room = unsafe room,
            let password = unsafe argument?.assumingMemoryBound(to: Password.self)
        else { return -1 }
        unsafe password.pointee.isAskedFor = true
        guard let bytes = unsafe password.pointee.bytes, bytes.count <= Int(size) else { return -1 }
        for index in bytes.indices { unsafe room[index] = CChar(bitPattern: bytes[index]) }
        return Int32(bytes.count)
    }

    private static func refusal(of file: String, _ reason: Library.Reason) -> TLSError {
        switch reason.code {
        case SSL_R_EE_KEY_TOO_SMALL, SSL_R_CA_KEY_TOO_SMALL, SSL_R_CA_MD_TOO_WEAK:
            TLSError(.tooWeak, file: file, "\(reason.text); make a new one: EC P-256, or RSA of 2048 bits or more")
        default: TLSError(.refused, file: file, "OpenSSL refuses it: \(reason.text)")
        }
    }

    // MARK: Authorities

    /// Trusts the certificates of a file.
    /// - Parameter namesThem: whether a server tells clients whose certificates it wants.
    mutating func trust(
        _ file: PEMFile, in context: borrowing ContextHandle, namesThem: Bool
    ) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(context.pointer)
        for authority in try Certificate.all(in: file) {
            guard unsafe X509_STORE_add_cert(store, authority.handle) == 1,
                unsafe !namesThem || SSL_CTX_add_client_CA(context.pointer, authority.handle) == 1
            else { throw LoadedFiles.refusal(of: file.name, Library.takeReason()) }
            authoritiesNotAfter = min(authoritiesNotAfter ?? .max, authority.notAfter)
            if unsafe X509_cmp_current_time(X509_get0_notAfter(authority.handle)) <= 0 {
                warnings.append(.authorityExpired(file: file.name, subject: authority.subject))
            }
        }
    }

    /// Refuses the certificates that the revocation lists of a file name.
    mutating func revoke(_ file: PEMFile, in context: borrowing ContextHandle) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(context.pointer)
        var (count, haveExpired) = (0, false)
        unsafe try file.withBIO { bio throws(TLSError) in
            while let list = unsafe PEM_read_bio_X509_CRL(bio, nil, { _, _, _, _ in 0 }, nil) {
                defer { unsafe X509_CRL_free(list) }
                guard unsafe X509_STORE_add_crl(store, list) == 1 else {
                    throw LoadedFiles.refusal(of: file.name, Library.takeReason())
                }
                count += 1
                if let end = unsafe X509_CRL_get0_nextUpdate(list), unsafe X509_cmp_current_time(end) <= 0 {
                    haveExpired = true
                }
            }
            let reason = Library.takeReason()
            guard reason.library == ERR_LIB_PEM, reason.code == PEM_R_NO_START_LINE else {
                throw TLSError(.invalidFile, file: file.name, "list \(count + 1) is damaged: \(reason.text)")
            }
        }
        guard count > 0 else {
            throw TLSError(.invalidFile, file: file.name, "it holds no revocation list (-----BEGIN X509 CRL-----)")
        }
        if haveExpired { warnings.append(.revocationListExpired(file: file.name)) }
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
    }
}
