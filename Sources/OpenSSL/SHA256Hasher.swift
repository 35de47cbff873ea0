// SHA-256 of bytes that come in parts.
//
// Unsafe code: libcrypto is lent the bytes of a span, and an array of 32 bytes, for the length of one call. The context is made by
// `init`, owned by one hasher, which cannot be copied, and freed by `deinit`.

import COpenSSL

/// A running SHA-256 (FIPS 180-4). It has one owner at a time, which may be on any thread.
@safe
package struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// The hasher of no bytes.
    package init() {
        Library.setUp()
        unsafe context = SHA256Hasher.makeContext()
        let isReady = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        precondition(isReady, "libcrypto lacks SHA-256")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Continues with bytes.
    package mutating func update(_ bytes: Span<UInt8>) {
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
        }
        precondition(isDone, "libcrypto cannot continue a SHA-256")
    }

    /// The 32 bytes of the digest of all bytes so far. The hasher can be continued.
    package borrowing func digest() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let copy = unsafe SHA256Hasher.makeContext()
        defer { unsafe EVP_MD_CTX_free(copy) }
        let isDone = unsafe digest.withUnsafeMutableBufferPointer { digest in
            unsafe EVP_MD_CTX_copy_ex(copy, context) == 1
                && EVP_DigestFinal_ex(copy, digest.baseAddress, nil) == 1
        }
        precondition(isDone, "libcrypto cannot end a SHA-256")
        return digest
    }

    /// Forgets all bytes.
    package mutating func reset() {
        let isReady = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        precondition(isReady, "libcrypto lacks SHA-256")
    }

    /// A new context. Ends the process if there is no memory, as Swift does.
    private static func makeContext() -> OpaquePointer {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a SHA-256") }
        return unsafe context
    }
}
