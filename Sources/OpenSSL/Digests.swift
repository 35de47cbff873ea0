// Hash functions of OpenSSL's libcrypto.
//
// Unsafe code: libcrypto is lent the bytes of spans, and an array as large as the digest, for the length of one call.

import COpenSSL

/// Hash functions, and what is made of them.
package enum Digests {
    /// SHA-1 (FIPS 180-4): 20 bytes. For names that others compute, such as those of scripts, and not for security.
    package static func sha1(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe digest(bytes, size: 20, EVP_sha1())
    }

    /// SHA-256 (FIPS 180-4): 32 bytes.
    package static func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe digest(bytes, size: 32, EVP_sha256())
    }

    /// HMAC-SHA-256 (RFC 2104): 32 bytes.
    package static func hmacSHA256(_ bytes: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        Library.setUp()
        var digest = [UInt8](repeating: 0, count: 32)
        let isDone = unsafe key.withUnsafeBufferPointer { key in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe digest.withUnsafeMutableBufferPointer { digest in
                    unsafe HMAC(
                        EVP_sha256(), key.baseAddress, Int32(key.count), bytes.baseAddress, bytes.count,
                        digest.baseAddress, nil) != nil
                }
            }
        }
        precondition(isDone, "libcrypto has no HMAC-SHA-256")
        return digest
    }

    /// Whether two secrets are equal. The time taken depends on their lengths alone.
    package static func areEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        guard one.count > 0 else { return true }
        return unsafe one.withUnsafeBufferPointer { one in
            unsafe other.withUnsafeBufferPointer { other in
                unsafe CRYPTO_memcmp(one.baseAddress, other.baseAddress, one.count) == 0
            }
        }
    }

    /// A digest's bytes as hexadecimal digits in lower case.
    package static func hexadecimal(_ digest: [UInt8]) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func digest(_ bytes: Span<UInt8>, size: Int, _ method: OpaquePointer?) -> [UInt8] {
        Library.setUp()
        var digest = [UInt8](repeating: 0, count: size)
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, method, nil) == 1
            }
        }
        precondition(isDone, "libcrypto lacks a hash function")
        return digest
    }
}
