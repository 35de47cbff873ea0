// TLS as a transformation of bytes: no socket, no clock. The caller receives and sends; a channel turns what was received into
// plaintext, and plaintext into what is to be sent.
//
// Unsafe code: a channel owns its SSL, which owns the BIO, and the `CallBuffers` that the BIO points to; it frees the SSL first.
// Spans and buffers are lent to OpenSSL while one call runs (`lend`), and no pointer to them is left afterwards. The SSL is used by one
// thread at a time: `enter` ends the process if two calls overlap.

import Bytes
import COpenSSL
import Synchronization

/// One side of a TLS connection.
///
/// A channel has one owner at a time. It may be handed to another thread (a handshake takes 0.5 to 3 ms, too long for a loop), and the
/// handing over must synchronize the two threads, as a queue behind a lock does. Calls that overlap end the process.
///
/// Order: `handshake` until it is done; then `receive` and `seal` as bytes come and go; `end` last. After a failure everything but what
/// was written to the output is lost: send that, and close the connection.
@safe
package final class Channel: @unchecked Sendable {
    package let context: TLSContext
    /// Whom a client wanted to reach; empty on a server.
    package let host: String

    let ssl: OpaquePointer
    /// Freed after the SSL.
    private let buffers: UnsafeMutablePointer<CallBuffers>
    private let isBusy = Atomic<Bool>(false)
    private var phase = Phase.handshaking
    private var isFresh = true
    private var hasSentEnd = false
    /// Bytes sealed with the present key.
    private var sealedSize = 0

    /// Why it has failed; nil while it has not.
    package var failure: TLSFailure? {
        if case .failed(let failure) = phase { return failure }
        return nil
    }

    private enum Phase {
        case handshaking
        case open
        /// The peer has sent its close_notify. It may still be reading.
        case ended
        case failed(TLSFailure)
    }

    /// The largest plaintext of a record (RFC 8446, section 5.1), in bytes.
    package static let recordSize = 16 << 10
    /// The largest record as it is sent: 5 bytes of header and, in TLS 1.2, up to 2 KiB of expansion, which OpenSSL accepts and does
    /// not make itself.
    package static let largestRecord = recordSize + 2048 + 5
    /// Bytes that a record takes beyond its plaintext: 22 in TLS 1.3, 29 in TLS 1.2 with AES-GCM.
    private static let overhead = 29

    /// Bytes that one key of TLS 1.3 seals. AES-GCM is safe up to some 2^38.5 (RFC 8446, section 5.5), and OpenSSL 3.0 does not count.
    private static let keySize = 1 << 36

    private init(_ context: TLSContext, host: String) {
        Library.setUp()
        guard let ssl = unsafe SSL_new(context.handle.pointer) else { fatalError("OpenSSL: no memory") }
        unsafe self.ssl = ssl
        self.context = context
        self.host = host
        unsafe buffers = .allocate(capacity: 1)
        unsafe buffers.initialize(to: CallBuffers())
        let bio = unsafe CallBuffers.makeBIO(buffers)
        unsafe SSL_set_bio(ssl, bio, bio)
    }

    /// A server's side.
    convenience init(_ context: TLSContext) {
        self.init(context, host: "")
        unsafe SSL_set_accept_state(ssl)
    }

    /// A client's side.
    convenience init(_ context: TLSContext, to host: String, resuming session: TLSSession?) throws(TLSError) {
        self.init(context, host: host)
        unsafe SSL_set_connect_state(ssl)
        try expect(host)
        if let session, session.context === context, session.host == host {
            // A session that OpenSSL does not take leads to a full handshake.
            if unsafe SSL_set_session(ssl, session.handle) != 1 { ERR_clear_error() }
        }
    }

    deinit {
        // The session of a connection that was not shut down could not be resumed, as that of one that has failed must not be.
        if case .failed = phase {} else { unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        unsafe SSL_free(ssl)
        unsafe buffers.deinitialize(count: 1)
        unsafe buffers.deallocate()
    }

    /// Makes a client check that the certificate is for `host`, and tell the server whom it wants (RFC 6066, section 3).
    private func expect(_ host: String) throws(TLSError) {
        var name = host
        if let zone = name.firstIndex(of: "%") { name = String(name[..<zone]) }
        if name.last == "." { name.removeLast() }
        let parameters = unsafe SSL_get0_param(ssl)
        unsafe X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        defer { ERR_clear_error() }
        // An empty text would switch the check off.
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw TLSError(.invalidSettings, file: "", "a TLS connection needs the server's name or address")
        }
        // An address is not announced (RFC 6066, section 3).
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
        guard unsafe X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1,
            unsafe openssl_set_server_name(ssl, name) == 1
        else {
            throw TLSError(.invalidSettings, file: "", "\(host) cannot be the name of a TLS server")
        }
    }

    // MARK: One owner at a time

    private func enter() {
        let wasBusy = isBusy.exchange(true, ordering: .acquiring)
        precondition(!wasBusy, "a TLS channel is used by two threads")
        assert(Library.hasNoErrors, "OpenSSL's queue of errors is not empty")
    }

    private func leave() {
        isBusy.store(false, ordering: .releasing)
    }

    /// Lends OpenSSL bytes to read and a buffer to write to while `body` runs.
    /// - Returns: what `body` returns, and how many bytes OpenSSL has not read.
    private func lend<Result>(
        _ input: Span<UInt8>, _ output: inout ByteBuffer, _ body: () -> Result
    ) -> (result: Result, unread: Int) {
        unsafe input.withUnsafeBufferPointer { input in
            unsafe withUnsafeMutablePointer(to: &output) { output in
                unsafe buffers.pointee.input = input.baseAddress
                unsafe buffers.pointee.inputSize = input.count
                unsafe buffers.pointee.output = output
                let result = body()
                let unread = unsafe buffers.pointee.inputSize
                unsafe buffers.pointee.input = nil
                unsafe buffers.pointee.inputSize = 0
                unsafe buffers.pointee.output = nil
                return (result, unread)
            }
        }
    }

    // MARK: Handshake

    /// How far a handshake is.
    package enum HandshakeResult: Equatable {
        /// All bytes are taken; send the output, and go on with what the peer sends.
        case needsMore
        /// The handshake is complete. The first `used` bytes are taken; the rest is for `receive`.
        case done(used: Int)
        /// The output has the alert for the peer, if there is one.
        case failed(TLSFailure)
    }

    /// Takes part in the handshake. A client begins with an empty span. May take milliseconds.
    /// - Parameters:
    ///   - cipher: what the peer has sent, cut anywhere.
    ///   - output: what is to be sent is appended, whatever the result.
    package func handshake(cipher: Span<UInt8>, into output: inout ByteBuffer) -> HandshakeResult {
        enter()
        defer { leave() }
        switch phase {
        case .handshaking: break
        case .failed(let failure): return .failed(failure)
        case .open, .ended: return .done(used: 0)
        }
        if isFresh, cipher.count > 0 {
            isFresh = false
            if let failure = Channel.plainText(cipher[0], isServer: context.isServer) { return fail(failure) }
        }
        let (result, unread) = lend(cipher, &output) { unsafe SSL_do_handshake(ssl) }
        if result == 1 {
            // Attempts that OpenSSL makes on its way, such as at reading a ticket, can leave errors.
            ERR_clear_error()
            phase = .open
            return .done(used: cipher.count - unread)
        }
        if unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .needsMore }
        return fail(takeFailure())
    }

    /// Whether a connection's first byte shows that the peer speaks no TLS. A client's first record is a handshake's (22), a server's
    /// that or an alert (21).
    private static func plainText(_ byte: UInt8, isServer: Bool) -> TLSFailure? {
        if byte == 22 || byte == 21 && !isServer { return nil }
        return isServer
            ? TLSFailure(.plainText, "the client speaks no TLS, and this port takes nothing else")
            : TLSFailure(.plainText, "the server speaks no TLS on this port")
    }

    // MARK: Data

    /// How far what was received has led.
    package enum ReceiveResult: Equatable {
        /// More may come.
        case open
        /// The peer has ended its output by close_notify: nothing is missing. Bytes behind it are ignored. (A connection that ends
        /// without it was cut off, perhaps by someone else.)
        case ended
        /// Plaintext of the records before the bad one was appended; none of it or behind it. The output has the alert for the peer.
        case failed(TLSFailure)
    }

    /// Decrypts. All bytes are taken: OpenSSL keeps the beginning of an incomplete record, and no plaintext.
    /// - Parameters:
    ///   - cipher: what the peer has sent, cut anywhere.
    ///   - plain: plaintext is appended: at most `cipher.count` bytes and those of one record that began earlier. Needs room for a
    ///     record more than that.
    ///   - output: alerts for the peer are appended: send what is there. (The answer to a change of keys comes with the next `seal`,
    ///     as RFC 8446, section 4.6.3, has it.)
    package func receive(
        cipher: Span<UInt8>, into plain: inout ByteBuffer, output: inout ByteBuffer
    ) -> ReceiveResult {
        enter()
        defer { leave() }
        switch phase {
        case .handshaking: preconditionFailure("data before the end of a TLS handshake")
        case .open: break
        case .ended: return .ended
        case .failed(let failure): return .failed(failure)
        }
        let result = lend(cipher, &output) { readRecords(into: &plain) }.result
        switch result {
        case SSL_ERROR_WANT_READ: return .open
        case SSL_ERROR_ZERO_RETURN:
            phase = .ended
            return .ended
        default:
            let failure = takeFailure()
            phase = .failed(failure)
            return .failed(failure)
        }
    }

    /// Reads all records that are complete. A record fits into the room, so none of its plaintext stays behind.
    /// - Returns: why it ended, as SSL_get_error says it.
    private func readRecords(into plain: inout ByteBuffer) -> Int32 {
        while unsafe buffers.pointee.inputSize > 0 {
            var error = SSL_ERROR_NONE
            unsafe plain.append(upTo: Channel.recordSize) { room in
                var count = 0
                let result = unsafe SSL_read_ex(ssl, room.baseAddress, room.count, &count)
                if result != 1 { error = unsafe SSL_get_error(ssl, result) }
                return count
            }
            if error != SSL_ERROR_NONE { return error }
        }
        assert(unsafe SSL_pending(ssl) == 0, "plaintext is left inside OpenSSL")
        return SSL_ERROR_WANT_READ
    }

    /// Encrypts: appends `plain` to the output as records of 16 KiB at most.
    /// - Returns: false if the channel has failed or its output was ended; nothing is appended.
    package func seal(plain: Span<UInt8>, into output: inout ByteBuffer) -> Bool {
        enter()
        defer { leave() }
        switch phase {
        case .handshaking: preconditionFailure("data before the end of a TLS handshake")
        case .failed: return false
        case .open, .ended: break
        }
        guard !hasSentEnd else { return false }
        guard plain.count > 0 else { return true }
        countSealed(plain.count)
        output.reserve(plain.count + (plain.count / Channel.recordSize + 1) * Channel.overhead)
        let isDone = lend(Span(), &output) {
            unsafe plain.withUnsafeBufferPointer { plain in
                var count = 0
                return unsafe SSL_write_ex(ssl, plain.baseAddress, plain.count, &count) == 1
            }
        }.result
        if !isDone { phase = .failed(takeFailure()) }
        return isDone
    }

    /// Counts what a key seals, and asks for a new one when it has sealed enough; OpenSSL writes that before its next record.
    func countSealed(_ size: Int) {
        // A short record uses a key up as one block does.
        sealedSize += max(size, 16)
        guard sealedSize >= Channel.keySize else { return }
        sealedSize = 0
        // TLS 1.2 cannot do it.
        if unsafe SSL_version(ssl) >= TLS1_3_VERSION, unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 {
            ERR_clear_error()
        }
    }

    /// Ends the output: appends a close_notify, once. The peer may still be sending. Does nothing before the end of the handshake or
    /// after a failure.
    package func end(into output: inout ByteBuffer) {
        enter()
        defer { leave() }
        switch phase {
        case .handshaking, .failed: return
        case .open, .ended: break
        }
        guard !hasSentEnd else { return }
        hasSentEnd = true
        if lend(Span(), &output, { unsafe SSL_shutdown(ssl) }).result < 0 { ERR_clear_error() }
    }

    private func fail(_ failure: TLSFailure) -> HandshakeResult {
        phase = .failed(failure)
        return .failed(failure)
    }

    private func takeFailure() -> TLSFailure {
        let verification = unsafe SSL_get_verify_result(ssl)
        return unsafe TLSFailure(
            Library.takeReason(of: ERR_LIB_SSL), verification: verification, subject: buffers.pointee.refusedSubject,
            host: host)
    }

    /// Runs a hook of the tests as the other calls run.
    func run<Result>(into output: inout ByteBuffer, _ body: () -> Result) -> Result {
        enter()
        defer { leave() }
        return lend(Span(), &output, body).result
    }
}
