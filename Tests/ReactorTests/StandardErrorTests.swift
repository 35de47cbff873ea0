import Foundation
import Reactor
import Testing

@Suite("Writing without waiting")
struct StandardErrorTests {
    private func withPipe(_ body: (_ reader: Int32, _ writer: Int32) throws -> Void) rethrows {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    @Test("a pipe that nobody reads takes what it has room for, and no write waits")
    func full() {
        withPipe { reader, writer in
            // More than any pipe has room for here.
            let line = [UInt8](repeating: 0x61, count: 3000)
            var written = 0
            for _ in 0..<1000 { written += StandardError.write(line, to: writer) }
            #expect(written >= 4096 && written < 1000 * 3000)
            #expect(StandardError.write(line, to: writer) == 0)
            var room = [UInt8](repeating: 0, count: 1 << 20)
            #expect(unsafe read(reader, &room, room.count) == written)
            #expect(StandardError.write(line, to: writer) == line.count)
        }
    }

    @Test("more than a pipe takes at once is written in pieces")
    func pieces() {
        withPipe { reader, writer in
            let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
            #expect(StandardError.write(bytes, to: writer) == bytes.count)
            var room = [UInt8](repeating: 0, count: 1 << 16)
            #expect(unsafe read(reader, &room, room.count) == bytes.count)
            #expect(Array(room[..<bytes.count]) == bytes)
        }
    }

    @Test("if the reader is gone, or the file cannot be written, nothing is written and nothing fails")
    func broken() throws {
        Signal.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        close(ends[0])
        #expect(StandardError.write([0x61], to: ends[1]) == 0)
        close(ends[1])
        #expect(StandardError.write([0x61], to: -1) == 0)
        let full = unsafe open("/dev/full", O_WRONLY)
        #expect(full >= 0)
        #expect(StandardError.write([0x61], to: full) == 0)
        close(full)
    }
}
