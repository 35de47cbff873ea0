// What tests of the protocol ask of a connection beyond sending and receiving: to look without waiting, and to behave
// as clients do that are slow, stalled or gone.

import Foundation

extension WireConnection {
    /// Whether bytes have come, or the end of the connection. Does not wait, and takes nothing.
    package var hasReceived: Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
    }

    /// Makes the kernel hold little for a client that does not read, so that the server soon notices.
    package func limitReceiveBuffer(to size: Int32) {
        var size = size
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends as much as the kernel takes at once, and drops the rest; nothing where the server has hung up.
    package func sendWithoutWaiting(_ bytes: [UInt8]) { _ = sendSome(bytes[...]) }

    /// Sends as much as the kernel takes at once.
    /// - Returns: how many bytes; none where the server has hung up.
    package func sendSome(_ bytes: ArraySlice<UInt8>) -> Int {
        unsafe bytes.withUnsafeBytes {
            unsafe max(
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)), 0)
        }
    }

    /// Sends each byte in a packet of its own.
    package func dribble(_ text: String) throws {
        var on: Int32 = 1
        unsafe _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), Int32(TCP_NODELAY), &on, socklen_t(MemoryLayout<Int32>.size))
        for byte in text.utf8 { try send([byte]) }
    }

    /// Everything up to bytes that end with `ending`, or to the end of the connection.
    package func receive(through ending: String) throws -> [UInt8] {
        let ending = Array(ending.utf8)
        var bytes: [UInt8] = []
        while !bytes.suffix(ending.count).elementsEqual(ending) {
            let more = try receive()
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }
}

/// A request as Redis clients write it: an array of bulk strings.
package func resp(_ arguments: String...) -> String {
    "*\(arguments.count)\r\n" + arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
}
