// A server that is started to be killed. `unsafe` is allowed in this file because every pointer lives for one call:
// posix_spawn copies the arguments, which are freed after it; read and poll fill memory on this side of the call. The
// id is signalled only until the process has been waited for, so it cannot be another process's.

import BlockingClient
import Bytes
import Glibc
import SystemPackage
import Wire

/// A running puffin-server, a child of this process without a terminal. It is killed when it is released.
package final class ServerUnderTest {
    package private(set) var endpoint = Endpoint(host: "127.0.0.1")
    /// Its output so far, as read from the pipe by `drain`.
    package private(set) var log = ""

    private let access: ServerAccess
    private let id: pid_t
    private let output: FileDescriptor
    private var exitCode: Int32?

    /// Starts a server and waits until it serves.
    /// - Parameters:
    ///   - program: its path.
    ///   - arguments: with port 0; the real port is read from its output.
    ///   - access: the login and the TLS that it wants of its clients.
    /// - Throws: `TortureError` with its output if it ends instead, or does not let this program in.
    package init(
        program: String, _ arguments: [String], access: ServerAccess = ServerAccess()
    ) throws(TortureError) {
        self.access = access
        (id, output) = try ServerUnderTest.spawn([program] + arguments)
        _ = fcntl(output.rawValue, F_SETFL, O_NONBLOCK)
        var deadline = ContinuousClock.now + ServerUnderTest.patience
        while try !isReady() {
            let isOver = ContinuousClock.now > deadline
            if isOver { deadline += .seconds(1) }
            guard !isOver, waitForOutput(), drain() else {
                kill()
                throw TortureError(
                    "\(program) \(isOver ? "was not ready within \(ServerUnderTest.patience)" : "ended before it was ready")"
                        + "; it said:\n\(log)")
            }
        }
    }

    /// Whether the server has said its port and loaded its data: until then it answers `DBSIZE` with the code LOADING.
    /// The line that it logs afterwards ends the wait for output.
    private func isReady() throws(TortureError) -> Bool {
        guard let port else { return false }
        endpoint = Endpoint(host: "127.0.0.1", port: port)
        do throws(ClientError) {
            let connection = try connect(to: endpoint, access)
            try connection.send(MarkedChange.array("DBSIZE"))
            switch try connection.nextReply() {
            case .integer?: return true
            case .error("NOAUTH", let message)?: throw .notLoggedIn(at: endpoint, reason: message)
            default: return false
            }
        } catch {
            guard refuses(error) else { return false }
            kill()
            throw TortureError(
                "\(error); name the login and the TLS that the server wants with --user, --cacert and so on")
        }
    }

    /// Whether waiting would not help.
    private func refuses(_ error: ClientError) -> Bool {
        switch error {
        case .cannotConnect(_, let reason): access.security != nil || reason == PlainRefusal.reason
        // Users are in the log: while it is being loaded, nobody is known.
        case .notLoggedIn(_, let reason): !reason.contains("oading")
        default: false
        }
    }

    /// Only a server that hangs takes this long.
    private static let patience = Duration.seconds(120)

    /// The port that the server took; nil before it has said that.
    private var port: UInt16? {
        // A line without its end may lack digits of the port.
        for line in log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        where line.contains("Server starting on ") {
            if let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) { return port }
        }
        return nil
    }

    private static func spawn(_ arguments: [String]) throws(TortureError) -> (pid_t, FileDescriptor) {
        let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
        do { ends = try FileDescriptor.pipe() } catch { throw TortureError("cannot make a pipe: \(error)") }
        for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        defer { try? ends.writeEnd.close() }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends.writeEnd.rawValue, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends.writeEnd.rawValue, 2)
        // A process group of its own: an interrupt from the terminal is for this program, which then kills the server.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id = pid_t()
        let result = unsafe posix_spawn(&id, arguments[0], &actions, &attributes, &argv, environ)
        guard result == 0 else {
            try? ends.readEnd.close()
            throw TortureError(
                "cannot start \(arguments[0]): \(Errno(rawValue: result)); name the server with --server")
        }
        return (id, ends.readEnd)
    }

    deinit {
        kill()
        try? output.close()
    }

    /// Waits a second at most.
    /// - Returns: false if the wait failed.
    private func waitForOutput() -> Bool {
        var entry = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 1000) >= 0 || errno == EINTR
    }

    /// Reads its output without blocking. To be called regularly: a server whose pipe is full blocks.
    /// - Returns: false if no more will come.
    @discardableResult
    package func drain() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe read(output.rawValue, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return count < 0 && errno == EAGAIN }
            log += String(decoding: chunk[..<count], as: UTF8.self)
        }
    }

    /// Ends it as a crash would, and waits for its end.
    package func kill() { _ = end(by: SIGKILL) }

    /// Asks it to stop, and waits for its end.
    /// - Returns: its exit code; 128 plus the signal's number if a signal ended it.
    package func stop() -> Int32 { end(by: SIGTERM) }

    private func end(by signal: Int32) -> Int32 {
        if let exitCode { return exitCode }
        var status: Int32 = 0
        _ = Glibc.kill(id, signal)
        while true {
            let ended = unsafe waitpid(id, &status, signal == SIGKILL ? 0 : WNOHANG)
            if ended == id || (ended < 0 && errno != EINTR) { break }
            drain()
            if signal != SIGKILL { _ = waitForOutput() }
        }
        drain()
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        exitCode = code
        return code
    }
}

/// The path of a program beside this one.
package func programBeside(_ name: String) -> String {
    var text = [CChar](repeating: 0, count: 4096)
    let size = unsafe readlink("/proc/self/exe", &text, text.count)
    guard size > 0 else { return name }
    let path = String(decoding: text[..<size].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return FilePath(path).removingLastComponent().appending(name).string
}

/// Yields the machine to others.
func pause(microseconds: Int) {
    usleep(UInt32(microseconds))
}
