// The error of a check whose property does not hold.

import Bytes

/// A property that an input breaks: what was expected, what was found.
package struct BrokenProperty: Error, CustomStringConvertible {
    package let description: String
}

/// - Throws: `BrokenProperty` with `what` unless `isTrue`.
func require(_ isTrue: Bool, _ what: @autoclosure () -> String) throws(BrokenProperty) {
    guard isTrue else { throw BrokenProperty(description: what()) }
}

/// Bytes as a message shows them.
func shown(_ bytes: [UInt8]) -> String {
    var text = ByteBuffer()
    text.append(lineQuoted: bytes.span)
    return String(text.bytes)
}
