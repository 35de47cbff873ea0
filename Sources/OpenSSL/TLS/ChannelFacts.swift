// What a handshake has agreed on.
//
// Unsafe code: OpenSSL's texts are copied at once; a certificate or session is given a reference of its own before it is kept.

import Bytes
import COpenSSL

// All of these are for the channel's owner, once the handshake is done.
extension Channel {
    /// The version, `TLSv1.2` or `TLSv1.3`.
    package var version: String { unsafe String(cString: SSL_get_version(ssl)) }

    /// OpenSSL's name of the cipher, such as `TLS_AES_256_GCM_SHA384`.
    package var cipher: String { unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))) }

    /// The application protocol that both have agreed on (ALPN, RFC 7301); nil if there is none.
    package var applicationProtocol: String? {
        var (start, size) = unsafe (UnsafePointer<UInt8>?.none, UInt32(0))
        unsafe SSL_get0_alpn_selected(ssl, &start, &size)
        guard size > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(size)), as: UTF8.self)
    }

    /// The server's name that a client has asked for (RFC 6066, section 3); nil if it named none.
    package var requestedHost: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }

    /// Whether the handshake resumed an earlier session.
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The peer's certificate; nil if it sent none. Verified if the context verifies. Of a resumed session it is the one that was
    /// verified then.
    package var peerCertificate: Certificate? {
        unsafe SSL_get1_peer_certificate(ssl).map { unsafe Certificate(owning: $0) }
    }

    /// The names in the peer's certificate. nil if it sent none, or if nothing verified it.
    package var names: PeerNames? { context.verifies ? peerCertificate?.names : nil }

    /// A session that a later connection to the same host can resume. On TLS 1.3 the server sends it behind the handshake, so ask
    /// after the first `receive`. nil on a server, and while there is none.
    package var session: TLSSession? {
        guard !context.isServer, let handle = unsafe SSL_get1_session(ssl) else { return nil }
        guard unsafe SSL_SESSION_is_resumable(handle) == 1 else {
            unsafe SSL_SESSION_free(handle)
            return nil
        }
        return unsafe TLSSession(owning: handle, of: context, host: host)
    }

    /// The label of RFC 9266: with it, 32 bytes are the `tls-exporter` channel binding.
    package static let channelBinding = "EXPORTER-Channel-Binding"

    /// Bytes that both sides of this connection, and nobody else, can compute (RFC 5705), with an empty context.
    /// - Returns: nil on TLS 1.2 without the extended master secret (RFC 7627), where a relay could make two connections agree.
    package func exporter(label: String = Channel.channelBinding, length: Int = 32) -> [UInt8]? {
        guard unsafe SSL_version(ssl) >= TLS1_3_VERSION || openssl_has_extended_master_secret(ssl) == 1 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: length)
        let isDone = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe SSL_export_keying_material(
                ssl, bytes.baseAddress, bytes.count, label, label.utf8.count, nil, 0, 1) == 1
        }
        guard isDone else {
            ERR_clear_error()
            return nil
        }
        return bytes
    }
}

// For tests: what a peer may do and Puffin does not.
extension Channel {
    /// Appends a change of this side's keys (RFC 8446, section 4.6.3).
    /// - Parameter asksPeer: whether the peer is to change its own as well.
    /// - Returns: false on TLS 1.2, which has none.
    package func updateKeys(asksPeer: Bool, into output: inout ByteBuffer) -> Bool {
        run(into: &output) {
            let kind = asksPeer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED
            let isDone = unsafe SSL_key_update(ssl, kind) == 1 && SSL_do_handshake(ssl) == 1
            ERR_clear_error()
            return isDone
        }
    }

    /// Counts `size` bytes as sealed with the present key.
    package func pretendSealed(_ size: Int) { countSealed(size) }

    /// Appends a client's request for a new handshake in the connection (TLS 1.2).
    /// - Returns: false if this version has none.
    package func startRenegotiation(into output: inout ByteBuffer) -> Bool {
        run(into: &output) {
            unsafe openssl_allow_renegotiation(ssl)
            let isStarted = unsafe SSL_renegotiate(ssl) == 1
            if isStarted { unsafe _ = SSL_do_handshake(ssl) }
            ERR_clear_error()
            return isStarted
        }
    }
}
