// A program that a test runs beside itself.

import Foundation

/// Why a program could not be started.
package struct ChildProcessError: Error, CustomStringConvertible {
    package let program: String
    package let reason: String

    package var description: String { "cannot start \(program): \(reason)" }
}

/// A running program. Its standard output and error are collected together; it is killed, by its id, when it is
/// released.
package final class ChildProcess: Sendable {
    package let id: pid_t
    private let end = ChildEnd()

    /// Starts a program.
    /// - Parameters:
    ///   - arguments: the program's path, or its name where it is on the search path, and its arguments.
    ///   - folder: where it runs.
    ///   - input: a file that it reads from.
    package init(_ arguments: [String], in folder: String? = nil, input: String = "/dev/null") throws {
        // env(1) changes the folder and becomes the program: the id stays the same.
        let command = folder.map { ["env", "-C", $0] + arguments } ?? arguments
        let started = try ChildProcess.starting.withLock { try ChildProcess.spawn(command, input: input) }
        id = started.id
        Thread.detachNewThread { [id, end, from = started.output] in end.follow(id, output: from) }
    }

    deinit { end.send(SIGKILL, to: id) }

    /// One start at a time: a child must not inherit the pipe of another, which would then never end.
    static let starting = NSLock()

    private static func spawn(_ arguments: [String], input: String) throws -> (id: pid_t, output: Int32) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id = pid_t()
        let result = unsafe posix_spawnp(&id, arguments[0], &actions, nil, &argv, environ)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            throw ChildProcessError(program: arguments[0], reason: unsafe String(cString: strerror(result)))
        }
        return (id, ends[0])
    }

    /// The path of a program of this package, beside the running tests.
    package static func program(_ name: String) -> String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent(name).path
    }

    /// Its output so far.
    package var output: String { end.output }

    package func send(_ signal: Int32) { end.send(signal, to: id) }

    /// Waits until it has ended, and all it wrote is in `output`. One that does not end is killed after `TimeLimit.program`.
    /// - Returns: its exit code; 128 plus the signal's number if a signal ended it.
    package func wait() -> Int32 { end.wait(for: id) }

    /// Waits until it has written `text`. One that neither does nor ends is killed after `TimeLimit.program`.
    /// - Returns: false if it has ended without.
    package func waitForOutput(containing text: String) -> Bool { end.waitForOutput(containing: text, of: id) }

    /// Copies a program to where every user may run it: the folder that it was built in may be another user's alone.
    /// - Parameter folder: one that every user may look into; it is made so.
    /// - Returns: the copy's path.
    package static func copyForEveryUser(of name: String, in folder: String) throws -> String {
        let path = folder + "/" + name
        try copyProgram(program(name), to: path)
        for place in [folder, path] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
        }
        return path
    }

    /// Writes a script for the shell that can be run as a program.
    package static func writeScript(_ text: String, to path: String) throws {
        let source = path + ".text"
        try "#!/bin/sh\n\(text)\n".write(toFile: source, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: source)
        try copyProgram(source, to: path)
        try FileManager.default.removeItem(atPath: source)
    }

    /// Copies by another process: a child that is started here while the copy is open for writing would hold it open, and then it
    /// cannot be run (ETXTBSY).
    private static func copyProgram(_ source: String, to path: String) throws {
        let (code, output) = try run(["cp", "-p", source, path])
        precondition(code == 0, output)
    }

    /// Runs a program to its end.
    package static func run(
        _ arguments: [String], in folder: String? = nil, input: String = "/dev/null"
    ) throws -> (exitCode: Int32, output: String) {
        let process = try ChildProcess(arguments, in: folder, input: input)
        let code = process.wait()
        return (code, process.output)
    }
}

/// The state of a child, shared with the thread that follows it.
final class ChildEnd: @unchecked Sendable {
    private let condition = NSCondition()
    private var bytes: [UInt8] = []
    private var exitCode: Int32?

    var output: String { condition.withLock { String(decoding: bytes, as: UTF8.self) } }

    var isUTF8: Bool { condition.withLock { String(validating: bytes, as: UTF8.self) != nil } }

    func send(_ signal: Int32, to id: pid_t) {
        condition.withLock { if exitCode == nil { _ = kill(id, signal) } }
    }

    func wait(for id: pid_t) -> Int32 {
        let deadline = Date(timeIntervalSinceNow: TimeLimit.program)
        return condition.withLock {
            while true {
                if let exitCode { return exitCode }
                waitForNews(of: id, until: deadline)
            }
        }
    }

    func waitForOutput(containing text: String, of id: pid_t) -> Bool {
        let deadline = Date(timeIntervalSinceNow: TimeLimit.program)
        return condition.withLock {
            while true {
                if String(decoding: bytes, as: UTF8.self).contains(text) { return true }
                if exitCode != nil { return false }
                waitForNews(of: id, until: deadline)
            }
        }
    }

    var isOver: Bool { condition.withLock { exitCode != nil } }

    /// Bytes of output so far.
    var size: Int { condition.withLock { bytes.count } }

    /// Waits until there are more bytes of output than `count`, or the end.
    func waitForMore(than count: Int, until deadline: Date) {
        condition.withLock {
            while bytes.count == count, exitCode == nil, condition.wait(until: deadline) {}
        }
    }

    /// Waits for output or the end; after `deadline` it kills the child. Called under the lock.
    private func waitForNews(of id: pid_t, until deadline: Date) {
        if condition.wait(until: deadline) || exitCode != nil { return }
        bytes += Array("\n(killed by the test: it did not end)\n".utf8)
        _ = kill(id, SIGKILL)
        condition.wait()
    }

    /// Collects the child's output, then its exit code. Runs on a thread of its own.
    func follow(_ id: pid_t, output descriptor: Int32) {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            condition.withLock {
                bytes += chunk[..<count]
                condition.broadcast()
            }
        }
        close(descriptor)
        var status: Int32 = 0
        // The child is reaped under the lock: after that its id may be another's, and must not be signalled.
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        condition.withLock {
            while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
            exitCode = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
            condition.broadcast()
        }
    }
}
