// A service manager's socket: it receives what a program reports.

import Foundation

/// A datagram socket for the reports of one program.
package final class NotifySocket {
    private let descriptor: Int32
    /// The value of NOTIFY_SOCKET.
    package let name: String

    /// - Parameter name: a path, or `@` and an abstract name.
    package init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        WireConnection.setTimeLimit(of: descriptor)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe bind(descriptor, UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self), size)
        }
        guard result == 0 else {
            throw WireError(description: "cannot bind \(name): \(unsafe String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// The lines of the next report.
    package func receive() throws -> [String] {
        guard let lines = receive(flags: 0) else { throw WireError(description: "no report has come to \(name)") }
        return lines
    }

    /// The lines of the reports that wait to be received.
    package func receiveWaiting() -> [[String]] {
        var reports: [[String]] = []
        while let lines = receive(flags: Int32(MSG_DONTWAIT)) { reports.append(lines) }
        return reports
    }

    /// Receives until a report has a line.
    /// - Returns: all reports up to that one.
    package func receive(until line: String) throws -> [[String]] {
        var reports: [[String]] = []
        repeat { reports.append(try receive()) } while reports.last?.contains(line) == false
        return reports
    }

    private func receive(flags: Int32) -> [String]? {
        var room = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &room, room.count, flags)
        guard count >= 0 else { return nil }
        return String(decoding: room[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
