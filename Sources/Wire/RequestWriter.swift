// Requests as a client writes them: always RESP, because its bulk strings carry any bytes.

import Bytes

extension ByteBuffer {
    /// Appends the request that consists of `arguments`, the command's name first.
    package mutating func append(request arguments: [[UInt8]]) {
        append(requestOf: arguments.count)
        for argument in arguments { append(requestArgument: argument.span) }
    }

    /// Appends the head of a request; its arguments follow.
    package mutating func append(requestOf count: Int) {
        append(UInt8(ascii: "*"))
        append(decimal: count)
        append("\r\n")
    }

    /// Appends one argument.
    package mutating func append(requestArgument argument: Span<UInt8>) {
        append(UInt8(ascii: "$"))
        append(decimal: argument.count)
        append("\r\n")
        append(argument)
        append("\r\n")
    }
}
