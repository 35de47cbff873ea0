// How a server refuses a connection without TLS, for clients that tell their users what to do.

/// The reply to whoever has to use TLS and does not.
package enum PlainRefusal {
    /// The message of the error reply, whatever was asked.
    package static let message = "This server takes TLS only"
    /// Why a client cannot connect then.
    package static let reason = "the server takes TLS only"
}
