// A request that a client wrote is the request that the server reads.

import Bytes
import Testing
import Wire

@Suite struct RequestWriterTests {
    @Test func literalBytes() {
        var buffer = ByteBuffer()
        buffer.append(request: [Array("SET".utf8), [0x00, 0x0d, 0x0a, 0xff], []])
        #expect(
            Array(buffer.bytes)
                == Array("*3\r\n$3\r\nSET\r\n$4\r\n".utf8) + [0x00, 0x0d, 0x0a, 0xff] + Array("\r\n$0\r\n\r\n".utf8))
    }

    @Test func theServerReadsTheSame() {
        let request = [Array("ECHO".utf8), Array("one two".utf8), []]
        var buffer = ByteBuffer()
        buffer.append(request: request)
        var parser = RequestParser(
            limits: RequestLimits(lineSize: 64, bulkSize: 64, argumentCount: 8, requestSize: 256))
        #expect(parser.parse(buffer.bytes) == .complete(used: buffer.count))
        let arguments = parser.arguments(in: buffer.bytes)
        #expect((0..<arguments.count).map { Array(arguments[$0]) } == request)
    }
}
