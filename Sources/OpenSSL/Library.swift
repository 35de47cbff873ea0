// Sets OpenSSL up, and reads why a call of it failed.
//
// Unsafe code: OpenSSL's reasons are constant texts of the library, copied at once; an error's own text is copied before the queue,
// which holds it, is emptied.

import COpenSSL

/// OpenSSL as a whole.
@safe
enum Library {
    /// Whether OpenSSL is set up. It reads no openssl.cnf, so that nothing on the machine changes what a server accepts, and a first
    /// use does not wait for the disk. It stays set up at the process's exit, when other threads may still be using it.
    private static let isReady =
        OPENSSL_init_ssl(
            UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | UInt64(OPENSSL_INIT_NO_ATEXIT) | UInt64(OPENSSL_INIT_LOAD_SSL_STRINGS)
                | UInt64(OPENSSL_INIT_LOAD_CRYPTO_STRINGS), nil) == 1

    /// To be called before anything else of OpenSSL. Ends the process if it cannot be set up.
    static func setUp() {
        precondition(isReady, "OpenSSL cannot be set up")
    }

    /// Why a call failed.
    struct Reason {
        /// OpenSSL's number of the part that failed, such as `ERR_LIB_SSL`; 0 if nothing is known.
        var library: Int32 = 0
        /// The number of the reason within that part.
        var code: Int32 = 0
        /// OpenSSL's words for it.
        var text = "unknown reason"
    }

    /// Takes the oldest error of this thread's queue, which is its cause, and empties the queue.
    static func takeReason() -> Reason {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return Reason() }
        let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
        return Reason(
            library: ERR_GET_LIB(code), code: ERR_GET_REASON(code), text: text ?? "error \(ERR_GET_REASON(code))")
    }

    /// Whether this thread's queue is empty, as it must be between calls.
    static var hasNoErrors: Bool { ERR_peek_error() == 0 }
}
