// A program on a terminal of its own, with keys to press and a screen to read.

import Foundation

/// A running program whose standard streams are a pseudo-terminal, which is also its controlling one. It is killed, by its id,
/// when it is released.
package final class TerminalProcess: @unchecked Sendable {
    package let id: pid_t
    private let end = ChildEnd()
    /// The user's side of the terminal.
    private let terminal: Int32
    /// How many characters of the output have been matched already.
    private var seen = 0

    /// - Parameters:
    ///   - arguments: the program's path, and its arguments.
    ///   - environment: what it has besides the environment of the tests.
    package init(_ arguments: [String], environment: [String: String]) throws {
        let command = ["env"] + environment.map { "\($0.key)=\($0.value)" } + arguments
        (id, terminal) = try ChildProcess.starting.withLock { try TerminalProcess.spawn(command) }
        let (copy, id) = (dup(terminal), id)
        Thread.detachNewThread { [end] in end.follow(id, output: copy) }
    }

    deinit {
        end.send(SIGKILL, to: id)
        close(terminal)
    }

    /// TIOCSPTLCK and TIOCGPTN.
    private static let unlock: UInt = 0x4004_5431
    private static let askNumber: UInt = 0x8004_5430

    private static func spawn(_ arguments: [String]) throws -> (pid_t, Int32) {
        // What posix_openpt, unlockpt and ptsname do, which Swift does not see.
        let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        guard terminal >= 0, unsafe ioctl(terminal, unlock, &isLocked) == 0,
            unsafe ioctl(terminal, askNumber, &number) == 0
        else { throw ChildProcessError(program: arguments[0], reason: "there is no pseudo-terminal") }
        let name = "/dev/pts/\(number)"
        var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a new session opens is its controlling one.
        unsafe posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, a macro that Swift does not see.
        unsafe posix_spawnattr_setflags(&attributes, 0x80)
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id = pid_t()
        let result = unsafe posix_spawnp(&id, arguments[0], &actions, &attributes, &argv, environ)
        guard result == 0 else {
            close(terminal)
            throw ChildProcessError(program: arguments[0], reason: unsafe String(cString: strerror(result)))
        }
        return (id, terminal)
    }

    /// Presses keys. A line ends with a carriage return.
    package func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = unsafe write(terminal, bytes, bytes.count)
    }

    /// Waits until `text` appears in the output since the last match, ignoring colours and cursor movements.
    /// - Returns: whether it came before the program ended, or `TimeLimit.condition`.
    package func expect(_ text: String) -> Bool {
        let deadline = TimeLimit.end
        while true {
            let size = end.size
            let isOver = end.isOver || Date() > deadline
            let screen = screen
            let start = screen.index(screen.startIndex, offsetBy: min(seen, screen.count))
            if let found = screen[start...].range(of: text) {
                seen = screen.distance(from: screen.startIndex, to: found.upperBound)
                return true
            }
            if isOver { return false }
            end.waitForMore(than: size, until: deadline)
        }
    }

    /// All that the program has written, without colours and cursor movements.
    package var screen: String {
        end.output.replacingOccurrences(of: "\u{1b}\\[[0-9;?]*[A-Za-z]", with: "", options: .regularExpression)
            .replacingOccurrences(of: "\r", with: "")
    }

    /// What the program has written, escape sequences included.
    package var output: String { end.output }

    /// Whether all of that is UTF-8.
    package var isOutputUTF8: Bool { end.isUTF8 }

    /// Waits until it has ended.
    /// - Returns: its exit code; 128 plus the signal's number if a signal ended it.
    package func wait() -> Int32 { end.wait(for: id) }
}
