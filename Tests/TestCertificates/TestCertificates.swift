// Makes authorities, certificates and revocation lists for tests, by OpenSSL's own functions and without files. Keys are EC P-256.
//
// Unsafe code: each object of OpenSSL is freed by the function or the deinit that owns it.

import COpenSSL
import OpenSSL

/// What a certificate for a test says.
package struct CertificateRequest: Sendable {
    package var commonName: String
    /// OpenSSL's form: `DNS:db1.example,IP:127.0.0.1,URI:spiffe://a/b,email:a@b`. Empty: no subjectAltName.
    package var names: String
    /// `serverAuth`, `clientAuth`, or both with a comma. Empty: no extended key usage.
    package var usage: String
    /// Validity, in seconds from now.
    package var validity: ClosedRange<Int>
    package var isAuthority: Bool
    /// A DNS name with bytes that have no place in it, such as a NUL. Replaces `names`.
    package var rawName: [UInt8]?

    package init(
        _ commonName: String, names: String = "", usage: String = "", validity: ClosedRange<Int> = -3600...86_400,
        isAuthority: Bool = false, rawName: [UInt8]? = nil
    ) {
        self.commonName = commonName
        self.names = names
        self.usage = usage
        self.validity = validity
        self.isAuthority = isAuthority
        self.rawName = rawName
    }
}

/// A certificate and its key.
@safe
package final class TestCertificate: @unchecked Sendable {
    fileprivate let handle: OpaquePointer
    fileprivate let key: OpaquePointer
    /// The request that it was made for.
    package let request: CertificateRequest

    /// - Parameter issuer: nil signs it with its own key.
    package init(_ request: CertificateRequest, issuer: TestCertificate? = nil) {
        self.request = request
        unsafe key = TestCertificate.makeKey()
        unsafe handle = required(X509_new())
        let issuerHandle = unsafe issuer?.handle ?? handle
        let serial = RandomBytes.make(8)
        unsafe X509_set_version(handle, 2)
        unsafe ASN1_INTEGER_set_uint64(
            X509_get_serialNumber(handle), serial.reduce(0) { $0 << 8 | UInt64($1) } >> 1 | 1)
        unsafe X509_gmtime_adj(X509_getm_notBefore(handle), request.validity.lowerBound)
        unsafe X509_gmtime_adj(X509_getm_notAfter(handle), request.validity.upperBound)
        unsafe X509_set_pubkey(handle, key)
        let name = Array(request.commonName.utf8)
        unsafe X509_NAME_add_entry_by_txt(
            X509_get_subject_name(handle), "CN", utf8Text, name, Int32(name.count), -1, 0)
        unsafe X509_set_issuer_name(handle, X509_get_subject_name(issuerHandle))
        add(NID_basic_constraints, request.isAuthority ? "critical,CA:TRUE" : "CA:FALSE", issuer)
        add(
            NID_key_usage, request.isAuthority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature", issuer)
        add(NID_subject_key_identifier, "hash", issuer)
        if issuer != nil { add(NID_authority_key_identifier, "keyid", issuer) }
        if !request.usage.isEmpty { add(NID_ext_key_usage, request.usage, issuer) }
        if let rawName = request.rawName {
            addRawName(rawName)
        } else if !request.names.isEmpty {
            add(NID_subject_alt_name, request.names, issuer)
        }
        let isSigned = unsafe X509_sign(handle, issuer?.key ?? key, EVP_sha256()) > 0
        precondition(isSigned, "a certificate for a test cannot be signed")
    }

    deinit {
        unsafe X509_free(handle)
        unsafe EVP_PKEY_free(key)
    }

    private static func makeKey() -> OpaquePointer {
        let context = unsafe required(EVP_PKEY_CTX_new_from_name(nil, "EC", nil))
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        unsafe EVP_PKEY_keygen_init(context)
        unsafe EVP_PKEY_CTX_set_group_name(context, "P-256")
        unsafe EVP_PKEY_generate(context, &key)
        return unsafe required(key)
    }

    private func add(_ kind: Int32, _ text: String, _ issuer: TestCertificate?) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer?.handle ?? handle, handle, nil, nil, 0)
        let value = unsafe required(X509V3_EXT_nconf_nid(nil, &context, kind, text))
        unsafe X509_add_ext(handle, value, -1)
        unsafe X509_EXTENSION_free(value)
    }

    private func addRawName(_ bytes: [UInt8]) {
        let names = unsafe required(GENERAL_NAMES_new())
        let name = unsafe required(GENERAL_NAME_new())
        let text = unsafe required(ASN1_STRING_type_new(V_ASN1_IA5STRING))
        unsafe ASN1_STRING_set(text, bytes, Int32(bytes.count))
        unsafe GENERAL_NAME_set0_value(name, GEN_DNS, text)
        unsafe OPENSSL_sk_push(names, name)
        unsafe X509_add1_ext_i2d(handle, NID_subject_alt_name, UnsafeMutableRawPointer(names), 0, 0)
        unsafe GENERAL_NAMES_free(names)
    }

    // MARK: As PEM

    /// The certificate.
    package var certificate: [UInt8] { unsafe pem { unsafe PEM_write_bio_X509($0, handle) } }

    /// Its private key.
    package var privateKey: [UInt8] {
        unsafe pem { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    /// Its private key, encrypted with AES-256.
    package func privateKey(password: [UInt8]) -> [UInt8] {
        unsafe pem {
            unsafe PEM_write_bio_PrivateKey(
                $0, key, EVP_aes_256_cbc(), password, Int32(password.count), nil, nil)
        }
    }

    /// Certificate and key, and those above it, as a server or client loads them.
    package func identity(chain: [TestCertificate] = []) -> TLSIdentity {
        TLSIdentity(
            certificate: PEMFile(certificate + chain.flatMap(\.certificate), name: "\(request.commonName).crt"),
            key: PEMFile(privateKey, name: "\(request.commonName).key"))
    }

    /// The certificate as a file of authorities.
    package var authorities: PEMFile { PEMFile(certificate, name: "\(request.commonName).ca.crt") }

    /// A list, signed by this authority, that revokes `revoked`.
    /// - Parameter end: when the list ends, in seconds from now.
    package func revocationList(of revoked: [TestCertificate], end: Int = 86_400) -> [UInt8] {
        let list = unsafe required(X509_CRL_new())
        defer { unsafe X509_CRL_free(list) }
        unsafe X509_CRL_set_version(list, 1)
        unsafe X509_CRL_set_issuer_name(list, X509_get_subject_name(handle))
        let time = unsafe required(X509_gmtime_adj(nil, -7200))
        unsafe X509_CRL_set1_lastUpdate(list, time)
        for certificate in revoked {
            let entry = unsafe required(X509_REVOKED_new())
            unsafe X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.handle))
            unsafe X509_REVOKED_set_revocationDate(entry, time)
            unsafe X509_CRL_add0_revoked(list, entry)
        }
        unsafe X509_gmtime_adj(time, end)
        unsafe X509_CRL_set1_nextUpdate(list, time)
        unsafe ASN1_TIME_free(time)
        let isSigned = unsafe X509_CRL_sign(list, key, EVP_sha256()) > 0
        precondition(isSigned, "a revocation list for a test cannot be signed")
        return unsafe pem { unsafe PEM_write_bio_X509_CRL($0, list) }
    }

    private func pem(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
        let bio = unsafe required(BIO_new(BIO_s_mem()))
        defer { unsafe BIO_free(bio) }
        let isWritten = unsafe write(bio) == 1
        precondition(isWritten, "PEM cannot be written")
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe BIO_read(bio, $0.baseAddress, Int32($0.count)) }
        return Array(bytes.prefix(Int(count)))
    }
}

/// MBSTRING_UTF8, a macro that Swift does not import.
private let utf8Text: Int32 = 0x1000

private func required<Value>(_ value: Value?) -> Value {
    guard let value else { fatalError("OpenSSL: a certificate for a test cannot be made") }
    return value
}
