// The names in a certificate.
//
// Unsafe code: names are read from a certificate that the caller keeps alive; OpenSSL's list of alternative names is freed in the
// function that asked for it, after each text was copied by its length.

import COpenSSL

/// What a certificate says its holder is called: the subjectAltName (RFC 5280, section 4.2.1.6) and the common name. Names that are
/// not plain text are left out: an embedded NUL or line feed makes a name look like another.
package struct PeerNames: Sendable, Equatable {
    /// Uniform resource identifiers, such as SPIFFE's.
    package private(set) var uris: [String] = []
    /// DNS names in lower case; may be wildcards.
    package private(set) var hosts: [String] = []
    /// Mail addresses.
    package private(set) var emails: [String] = []
    /// The subject's common names. A sound certificate has one at most.
    package private(set) var commonNames: [String] = []
    /// How many names were left out because of characters that have no place in a name.
    package private(set) var refused = 0

    /// All names as the lists of users write them: `uri:…`, `dns:…`, `email:…`, `cn:…`.
    package var all: [String] {
        uris.map { "uri:\($0)" } + hosts.map { "dns:\($0)" } + emails.map { "email:\($0)" }
            + commonNames.map { "cn:\($0)" }
    }

    /// - Parameter certificate: an `X509`.
    init(of certificate: OpaquePointer) {
        unsafe addAlternativeNames(of: certificate)
        unsafe addCommonNames(of: certificate)
    }

    private mutating func addAlternativeNames(of certificate: OpaquePointer) {
        guard let list = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
            return ERR_clear_error()
        }
        let names = OpaquePointer(list)
        defer { unsafe GENERAL_NAMES_free(names) }
        for index in 0..<max(unsafe openssl_number_of_names(names), 0) {
            guard let name = unsafe openssl_name(names, index) else { continue }
            let type = unsafe name.pointee.type
            guard type == GEN_URI || type == GEN_DNS || type == GEN_EMAIL else { continue }
            guard let text = unsafe PeerNames.plainText(name.pointee.d.ia5) else {
                refused += 1
                continue
            }
            switch type {
            case GEN_URI: uris.append(text)
            case GEN_DNS: hosts.append(text.lowercased())
            default: emails.append(text)
            }
        }
    }

    private mutating func addCommonNames(of certificate: OpaquePointer) {
        let subject = unsafe X509_get_subject_name(certificate)
        var index: Int32 = -1
        while true {
            index = unsafe X509_NAME_get_index_by_NID(subject, NID_commonName, index)
            guard index >= 0 else { return ERR_clear_error() }
            let entry = unsafe X509_NAME_get_entry(subject, index)
            if let text = unsafe PeerNames.unicodeText(X509_NAME_ENTRY_get_data(entry)) {
                commonNames.append(text)
            } else {
                refused += 1
            }
        }
    }

    /// Text of visible ASCII characters without blanks; nil if it is something else.
    private static func plainText(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        let count = unsafe Int(ASN1_STRING_length(string))
        guard count > 0, let start = unsafe ASN1_STRING_get0_data(string) else { return nil }
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        guard unsafe bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Text in any of the forms of X.520 without control characters; nil if it is something else.
    private static func unicodeText(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        var start: UnsafeMutablePointer<UInt8>?
        let count = unsafe Int(ASN1_STRING_to_UTF8(&start, string))
        guard count >= 0, let start = unsafe start else { return nil }
        defer { unsafe CRYPTO_free(start, nil, 0) }
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        guard count > 0, let text = unsafe String(validating: bytes, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        return text
    }
}
