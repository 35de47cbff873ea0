// Requests as a client writes them: always RESP, because its bulk strings carry any bytes.

import Bytes

extension ByteBuffer {
    /// Appends the request that consists of `arguments`, the command's name first.
    package mutating func append(request arguments: [[UInt8]]) {
        append(UInt8(ascii: "*"))
        append(decimal: arguments.count)
        append("\r\n")
        for argument in arguments {
            append(UInt8(ascii: "$"))
            append(decimal: argument.count)
            append("\r\n")
            append(argument.span)
            append("\r\n")
        }
    }
}
