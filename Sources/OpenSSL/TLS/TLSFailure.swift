// Why a channel failed, in words for a log or for a person at a terminal.
//
// Unsafe code: OpenSSL's texts for verification results and alerts are constants of the library and are copied at once.

import COpenSSL

/// Why a handshake or a connection failed. It is final: the connection is to be closed after what was written for the peer.
package struct TLSFailure: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The peer speaks no TLS.
        case plainText
        /// A client certificate is required and the client sent none.
        case noCertificate
        /// The peer's certificate, or one above it, has expired.
        case expired
        /// The peer's certificate, or one above it, is not valid yet.
        case notYetValid
        /// The peer's certificate, or one above it, was revoked.
        case revoked
        /// There is no revocation list, or no current one, for the peer's certificate.
        case noRevocationList
        /// The peer's certificate comes from an authority that is not trusted.
        case unknownAuthority
        /// The server's certificate is for other names.
        case wrongName
        /// The peer's certificate is not for this side of a connection.
        case wrongUsage
        /// The peer's certificate is refused for another reason.
        case badCertificate
        /// No version in common, as this side or the peer says.
        case wrongVersion
        /// No cipher, group or kind of signature in common.
        case noSharedCipher
        /// The client offers protocols (ALPN, RFC 7301) and none of this server's.
        case noSharedProtocol
        /// The peer ended it with an alert.
        case refusedByPeer
        /// A record was changed on its way, or is malformed.
        case badRecord
        /// The peer breaks the protocol in another way.
        case protocolError
    }

    package let code: Code
    /// A clause without a full stop. Names of the peer's certificate are escaped; there are no secrets in it.
    package let text: String
    /// The number of the peer's alert (RFC 8446, section 6), if it was the peer who ended it.
    package let alert: Int?

    init(_ code: Code, _ text: String, alert: Int? = nil) {
        self.code = code
        self.text = text
        self.alert = alert
    }

    package var description: String { text }

    /// Whether the peer has refused this side's certificate, or the lack of one. A server does that before it reads a request, though on
    /// TLS 1.3 a client may have sent some by then (RFC 8446, section 4.4.2.4).
    package var refusesCertificate: Bool {
        guard let alert else { return false }
        return (41...49).contains(alert) || alert == 116
    }
}

extension TLSFailure {
    /// SSL_AD_REASON_OFFSET: reasons from here on are the peer's alerts.
    private static let firstAlert: Int32 = 1000

    /// What OpenSSL's reason means.
    /// - Parameters:
    ///   - verification: the result of the peer's verification, an `X509_V_…`.
    ///   - subject: the certificate that it is about.
    ///   - host: whom a client wanted to reach.
    init(_ reason: Library.Reason, verification: Int, subject: String, host: String) {
        guard reason.library == ERR_LIB_SSL else {
            self.init(.protocolError, "TLS failed: \(reason.text)")
            return
        }
        switch reason.code {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            self.init(verification: verification, subject: subject, host: host)
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            self.init(.noCertificate, "the client sent no certificate")
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            self.init(.plainText, "plain HTTP was sent to a TLS port")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_NO_PROTOCOLS_AVAILABLE:
            self.init(.wrongVersion, "the two sides have no version of TLS in common: \(reason.text)")
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_GROUPS:
            self.init(.noSharedCipher, "the two sides have no cipher in common: \(reason.text)")
        case SSL_R_NO_APPLICATION_PROTOCOL:
            self.init(.noSharedProtocol, "the client offers protocols (ALPN) and none that is spoken here")
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_BAD_RECORD_TYPE, SSL_R_DATA_LENGTH_TOO_LONG,
            SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_LENGTH_TOO_SHORT, SSL_R_WRONG_VERSION_NUMBER,
            SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_RECORD_TOO_SMALL, SSL_R_RECORD_LENGTH_MISMATCH:
            self.init(.badRecord, "a record is damaged: \(reason.text)")
        case TLSFailure.firstAlert...(TLSFailure.firstAlert + 255):
            let alert = reason.code - TLSFailure.firstAlert
            // OpenSSL 3.0 has no text for this one.
            let text =
                alert == SSL_AD_CERTIFICATE_REQUIRED
                ? "certificate required"
                : unsafe SSL_alert_desc_string_long(alert).map { unsafe String(cString: $0) } ?? "unknown"
            self.init(
                alert == SSL_AD_PROTOCOL_VERSION ? .wrongVersion : .refusedByPeer,
                "the peer refused: \(text) (alert \(alert))", alert: Int(alert))
        default:
            self.init(.protocolError, "TLS failed: \(reason.text)")
        }
    }

    private init(verification: Int, subject: String, host: String) {
        let code: Code =
            switch Int32(verification) {
            case X509_V_ERR_CERT_HAS_EXPIRED: .expired
            case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
            case X509_V_ERR_CERT_REVOKED: .revoked
            case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID,
                X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
                .noRevocationList
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongName
            case X509_V_ERR_INVALID_PURPOSE: .wrongUsage
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_UNTRUSTED:
                .unknownAuthority
            default: .badCertificate
            }
        let reason = unsafe X509_verify_cert_error_string(verification).map { unsafe String(cString: $0) } ?? "refused"
        let whose = subject.isEmpty ? "the peer's certificate" : "the peer's certificate (\(subject))"
        let wanted = code == .wrongName ? ", \(host) was expected" : ""
        self.init(code, "\(whose) is refused: \(reason)\(wanted)")
    }
}
