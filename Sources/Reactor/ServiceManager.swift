// The protocol of sd_notify(3): datagrams of lines NAME=VALUE to the socket that NOTIFY_SOCKET names. The protocol is a stable
// interface of systemd (https://systemd.io/PORTABILITY_AND_STABILITY/), so no library is needed.

import CLibevent
import Glibc

/// The service manager that started this process and waits for its reports. A report that cannot be sent is dropped: no reader may
/// stop a server.
@safe
package final class ServiceManager {
    private let descriptor: Descriptor
    private var address = sockaddr_un()
    private let addressSize: socklen_t
    /// Whether the manager ends this process if `alive` stays away.
    private let watches: Bool
    private var isReady = false
    /// The status that was sent last.
    private var status = ""

    /// How long the next report of a long start may take, in microseconds.
    private static let patience = 30_000_000

    /// - Parameters:
    ///   - variables: the environment.
    ///   - process: the id of this process.
    /// - Returns: nil if the environment names no socket.
    package init?(_ variables: [String: String] = ProcessEnvironment.variables, process: Int32 = getpid()) {
        let name = Array((variables["NOTIFY_SOCKET"] ?? "").utf8)
        let first = name.first.map { Unicode.Scalar($0) }
        // An abstract name begins with NUL, which @ stands for.
        guard first == "/" || first == "@", name.count > 1, name.count < MemoryLayout.size(ofValue: address.sun_path),
            let descriptor = try? Descriptor(
                socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0),
                from: "make a socket")
        else { return nil }
        self.descriptor = descriptor
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
            unsafe path.copyBytes(from: first == "@" ? [0] + name.dropFirst() : name)
        }
        addressSize = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let watched = variables["WATCHDOG_PID"].map { Int32($0) == process } ?? true
        watches = watched && (variables["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0) > 0
    }

    /// Reports the progress of a start, so that a long one is not taken for one that hangs. Call it each second.
    package func starting(_ status: String) {
        send(["STATUS=\(cleaned(status))", "EXTEND_TIMEOUT_USEC=\(ServiceManager.patience)"])
    }

    /// Reports that the start is complete.
    package func ready(_ status: String) {
        isReady = true
        send(["READY=1"] + news(status))
    }

    /// Reports that the process works, and what it does. Call it each second.
    package func alive(_ status: String) {
        let lines = (watches ? ["WATCHDOG=1"] : []) + news(status)
        if !lines.isEmpty { send(lines) }
    }

    /// Reports that a reload of the configuration begins.
    package func reloading() {
        guard isReady else { return }
        send(["RELOADING=1", "MONOTONIC_USEC=\(MonotonicClock.nanoseconds / 1000)"])
    }

    /// Reports that the reload has ended.
    package func reloaded() {
        if isReady { send(["READY=1"]) }
    }

    /// Reports that the process ends.
    package func stopping(_ status: String) {
        send(["STOPPING=1"] + news(status))
    }

    /// The line with the status; none if it is the last one.
    private func news(_ status: String) -> [String] {
        let status = cleaned(status)
        guard status != self.status else { return [] }
        self.status = status
        return ["STATUS=\(status)"]
    }

    /// A status is one line, whatever a path in it contains.
    private func cleaned(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }

    private func send(_ lines: [String]) {
        let bytes = Array(lines.joined(separator: "\n").utf8)
        unsafe withUnsafePointer(to: address) { address in
            unsafe _ = sendto(
                descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL),
                UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self), addressSize)
        }
    }
}
