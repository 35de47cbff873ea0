// A server's or client's application protocols (ALPN, RFC 7301).
//
// Unsafe code: the list is in memory of its own that does not move and that only this value has; it cannot be copied, and frees the
// memory when it ends. A context owns it and each channel retains its context, so OpenSSL's callback never sees freed memory.

import COpenSSL

/// The protocols in the form that a handshake carries.
@safe
struct ProtocolList: ~Copyable {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// `bytes` at an address of its own, for OpenSSL's callback.
    private let list: UnsafeMutablePointer<UnsafeMutableBufferPointer<UInt8>>

    /// - Parameter names: 1 to 255 bytes each.
    init(_ names: [String]) throws(TLSError) {
        var list: [UInt8] = []
        for name in names {
            guard (1...255).contains(name.utf8.count) else {
                throw TLSError(.invalidSettings, file: "", "the name of a protocol (ALPN) must have 1 to 255 bytes")
            }
            list.append(UInt8(name.utf8.count))
            list += name.utf8
        }
        unsafe bytes = .allocate(capacity: list.count)
        unsafe _ = bytes.initialize(fromContentsOf: list)
        unsafe self.list = .allocate(capacity: 1)
        unsafe self.list.initialize(to: bytes)
    }

    deinit {
        unsafe list.deallocate()
        unsafe bytes.deallocate()
    }

    /// Makes a server refuse clients that offer protocols and none of these. Clients that offer none are let in.
    func select(in context: OpaquePointer) {
        guard unsafe !bytes.isEmpty else { return }
        unsafe SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, chosenSize, offered, offeredSize, argument in
                var name: UnsafeMutablePointer<UInt8>?
                guard let list = unsafe argument?.assumingMemoryBound(to: UnsafeMutableBufferPointer<UInt8>.self),
                    unsafe SSL_select_next_proto(
                        &name, chosenSize, list.pointee.baseAddress, UInt32(list.pointee.count), offered, offeredSize)
                        == OPENSSL_NPN_NEGOTIATED
                else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                unsafe chosen?.pointee = UnsafePointer(name)
                return SSL_TLSEXT_ERR_OK
            }, list)
    }

    /// Makes a client offer these.
    func offer(in context: OpaquePointer) {
        guard unsafe !bytes.isEmpty else { return }
        let isRefused = unsafe SSL_CTX_set_alpn_protos(context, bytes.baseAddress, UInt32(bytes.count)) != 0
        precondition(!isRefused, "OpenSSL refuses a list of protocols")
    }
}
