// What a client keeps of a connection so that the next handshake costs less.
//
// Unsafe code: a `TLSSession` owns one reference to OpenSSL's session and gives it back in its deinit. OpenSSL counts references
// atomically and does not change a session that was given away.

import COpenSSL

/// A session that can be resumed, once (RFC 8446, section 2.2, and RFC 5077). It holds keys of the connection.
@safe
package final class TLSSession: @unchecked Sendable {
    let handle: OpaquePointer
    /// A resumed handshake checks no certificate, so a session counts only where its own was checked.
    let context: TLSContext
    let host: String

    /// Takes over one reference.
    init(owning handle: OpaquePointer, of context: TLSContext, host: String) {
        unsafe self.handle = handle
        self.context = context
        self.host = host
    }

    deinit { unsafe SSL_SESSION_free(handle) }
}
