import Foundation
import TestSupport
import Testing

/// What a server reports to the service manager that has started it.
@Suite("Reports to the service manager")
struct ServiceReportTests {
    private func start(_ socket: NotifySocket, data: String, _ options: [String] = []) throws -> ServerProcess {
        try ServerProcess(
            data: data, options, wrapper: ["env", "NOTIFY_SOCKET=\(socket.name)", "WATCHDOG_USEC=30000000"])
    }

    @Test("ready once requests are answered, a sign of life each second, stopping before the end")
    func life() throws {
        try withTemporaryFolder { folder in
            let socket = try NotifySocket(folder + "/notify")
            let server = try start(socket, data: folder + "/puffin.json")
            let starting = try socket.receive(until: "READY=1")
            #expect(starting.last == ["READY=1", "STATUS=Ready: leader"])
            #expect(starting.dropLast().allSatisfy { $0.last == "EXTEND_TIMEOUT_USEC=30000000" })
            #expect(try server.connect().ask("SET a 1") == "OK")
            for _ in 0..<2 { #expect(try socket.receive() == ["WATCHDOG=1"]) }
            #expect(server.stop() == 0)
            #expect(try socket.receive(until: "STOPPING=1").last == ["STOPPING=1", "STATUS=Stopping"])
        }
    }

    @Test("a server whose loop does not turn reports nothing")
    func hanging() throws {
        try withTemporaryFolder { folder in
            let sockets = try (0..<2).map { try NotifySocket(folder + "/notify-\($0)") }
            let servers = try (0..<2).map { try start(sockets[$0], data: folder + "/puffin-\($0).json") }
            for socket in sockets { _ = try socket.receive(until: "WATCHDOG=1") }
            servers[0].process.send(SIGSTOP)
            try waitForState("T", of: servers[0].process.id)
            _ = sockets[0].receiveWaiting()
            _ = sockets[1].receiveWaiting()
            // The other one is the clock.
            for _ in 0..<3 { #expect(try sockets[1].receive() == ["WATCHDOG=1"]) }
            #expect(sockets[0].receiveWaiting().isEmpty)
            servers[0].process.send(SIGCONT)
            #expect(try sockets[0].receive() == ["WATCHDOG=1"])
            for server in servers { #expect(server.stop() == 0) }
        }
    }

    /// Waits until a process has a state of proc(5).
    private func waitForState(_ state: Character, of id: pid_t) throws {
        let end = TimeLimit.end
        while Date() < end {
            let text = try String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
            if text.split(separator: ")").last?.dropFirst().first == state { return }
            usleep(2000)
        }
        throw WireError(description: "process \(id) is not in state \(state)")
    }

    @Test("a reload begins and ends, whether it is applied or refused")
    func reload() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/config.yaml"
            try "memory:\n  max: 1G\n".write(toFile: path, atomically: true, encoding: .utf8)
            let socket = try NotifySocket(folder + "/notify")
            let server = try start(socket, data: folder + "/puffin.json", ["--config", path])
            _ = try socket.receive(until: "READY=1")
            for text in ["memory:\n  max: 64M\n", "memory:\n  max: much\n"] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                server.process.send(SIGHUP)
                _ = try socket.receive(until: "RELOADING=1")
                #expect(try socket.receive(until: "READY=1").last == ["READY=1"])
            }
            #expect(server.stop() == 0)
        }
    }

    @Test("the status names the followers, the leader, and why a server is not ready")
    func status() throws {
        try withTemporaryFolder { folder in
            let sockets = try (0..<2).map { try NotifySocket(folder + "/notify-\($0)") }
            let follower = try start(sockets[0], data: folder + "/follower.json", ["--mode", "follower"])
            let leader = try start(
                sockets[1], data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.port)"])
            _ = try sockets[1].receive(until: "STATUS=Ready: leader, 1 of 1 followers connected")
            _ = try sockets[0].receive(until: "STATUS=Ready: follower of 127.0.0.1:\(leader.port)")
            follower.kill()
            _ = try sockets[1].receive(until: "STATUS=Ready: leader, 0 of 1 followers connected")
            #expect(leader.stop() == 0)
        }
    }
}
