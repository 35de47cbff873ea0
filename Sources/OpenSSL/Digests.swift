// Hash functions of OpenSSL's libcrypto.
//
// Unsafe code: libcrypto is lent the bytes of a span, and an array as large as the digest, for the length of one call.

import COpenSSL

/// Hash functions.
package enum Digests {
    /// Whether libcrypto is set up. It reads no configuration file: its first use may come from a thread that must not wait for the disk.
    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil) == 1

    /// SHA-1 (FIPS 180-4): 20 bytes. For names that others compute, such as those of scripts, and not for security.
    package static func sha1(_ bytes: Span<UInt8>) -> [UInt8] {
        precondition(isReady, "libcrypto cannot be set up")
        var digest = [UInt8](repeating: 0, count: 20)
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, EVP_sha1(), nil) == 1
            }
        }
        precondition(isDone, "libcrypto has no SHA-1")
        return digest
    }

    package static func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
        precondition(isReady, "libcrypto cannot be set up")
        var digest = [UInt8](repeating: 0, count: 32)
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, EVP_sha256(), nil) == 1
            }
        }
        precondition(isDone, "libcrypto has no SHA-256")
        return digest
    }

    package static func hmacSHA256(_ bytes: Span<UInt8>, key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                unsafe HMAC(
                    EVP_sha256(), key, Int32(key.count), bytes.baseAddress, bytes.count, digest.baseAddress, &size)
                    != nil
            }
        }
        precondition(isDone, "libcrypto has no SHA-256")
        return digest
    }

    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// A digest's bytes as hexadecimal digits in lower case.
    package static func hexadecimal(_ digest: [UInt8]) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

package enum RandomBytes {
    package static func make(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }
}
