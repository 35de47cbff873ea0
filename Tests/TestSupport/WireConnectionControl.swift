// What protocol tests need beyond sending and receiving: to check without waiting, and to behave like slow, stalled or
// vanished clients.

import Foundation

extension WireConnection {
    /// The two ends of a pair of sockets: a connection, and a descriptor for a server to take over.
    package static func pair() throws -> (WireConnection, Int32) {
        var ends: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else { throw WireError(description: "no pair of sockets") }
        return (WireConnection(accepted: ends[0]), ends[1])
    }

    /// What has come, without waiting.
    package func receiveWithoutWaiting() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Whether bytes have arrived, or the end of the connection. Neither waits nor consumes.
    package var hasReceived: Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0
    }

    /// Makes the kernel buffer little for a client that does not read, so that the server soon notices.
    package func limitReceiveBuffer(to size: Int32) {
        var size = size
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends as much as the kernel takes at once, and drops the rest; sends nothing if the server has disconnected.
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
package func resp(_ arguments: String...) -> String { resp(arguments) }

/// The same for arguments in a list.
package func resp(_ arguments: [String]) -> String {
    "*\(arguments.count)\r\n" + arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
}
