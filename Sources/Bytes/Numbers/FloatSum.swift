// Sums as INCRBYFLOAT makes them: decimals in, decimals out, C's `long double` between.
//
// `unsafe` is allowed here because the C functions read the bytes of the two spans, write to memory that is lent for their call,
// and keep nothing.

import CMachine

/// Why two texts have no sum.
package enum FloatSumError: Error {
    /// One of them is no number: `long_double_parse` says what is one.
    case malformed
    /// The sum is infinite or not a number.
    case notFinite
}

extension ByteBuffer {
    /// Bytes of the longest sum.
    package static let floatSumLimit = Int(long_double_text_size)

    /// Appends the sum of two decimal numbers, with up to 17 decimals and without zeros at the end.
    /// - Throws: `FloatSumError`; then nothing is appended.
    package mutating func append(floatSumOf left: Span<UInt8>, _ right: Span<UInt8>) throws(FloatSumError) {
        var failure: FloatSumError?
        unsafe append(upTo: ByteBuffer.floatSumLimit) { (room: UnsafeMutableRawBufferPointer) -> Int in
            let size = unsafe left.withUnsafeBufferPointer { left in
                unsafe right.withUnsafeBufferPointer { right in
                    unsafe long_double_add(
                        left.baseAddress, left.count, right.baseAddress, right.count,
                        room.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
            }
            guard size < 0 else { return Int(size) }
            failure = Int(size) == long_double_not_finite ? .notFinite : .malformed
            return 0
        }
        if let failure { throw failure }
    }
}
