import Foundation
import Reactor
import TestSupport
import Testing

/// What is sent to the socket of a service manager.
@Suite("The service manager")
struct ServiceManagerTests {
    private func withManager(
        _ variables: [String: String] = [:], _ body: (ServiceManager, NotifySocket) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let socket = try NotifySocket(folder + "/notify")
            let all = variables.merging(["NOTIFY_SOCKET": socket.name]) { _, new in new }
            try body(try #require(ServiceManager(all, process: 42)), socket)
        }
    }

    @Test("a start reports its progress and asks for time, then that it is complete")
    func start() throws {
        try withManager { manager, socket throws in
            manager.starting("Loading: 63 %")
            #expect(try socket.receive() == ["STATUS=Loading: 63 %", "EXTEND_TIMEOUT_USEC=30000000"])
            manager.ready("Ready: leader")
            #expect(try socket.receive() == ["READY=1", "STATUS=Ready: leader"])
            manager.stopping("Stopping")
            #expect(try socket.receive() == ["STOPPING=1", "STATUS=Stopping"])
        }
    }

    @Test("a status is reported when it changes, as one line")
    func status() throws {
        try withManager { manager, socket throws in
            for status in ["a", "a", "b\nREADY=1\u{7f}", "b\nREADY=1\u{7f}", "a"] { manager.alive(status) }
            #expect(socket.receiveWaiting() == [["STATUS=a"], ["STATUS=b READY=1 "], ["STATUS=a"]])
        }
    }

    @Test(
        "the watchdog gets its report if it watches this process",
        arguments: [
            (["WATCHDOG_USEC": "3000000"], true), (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "42"], true),
            (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "43"], false), (["WATCHDOG_USEC": "0"], false),
            (["WATCHDOG_USEC": "soon"], false), ([:], false),
        ])
    func watchdog(variables: [String: String], isWatched: Bool) throws {
        try withManager(variables) { manager, socket throws in
            manager.ready("Ready")
            manager.alive("Ready")
            manager.alive("Ready")
            let beats = socket.receiveWaiting().dropFirst()
            #expect(Array(beats) == (isWatched ? [["WATCHDOG=1"], ["WATCHDOG=1"]] : []))
        }
    }

    @Test("a reload is reported with the time when it began, once the start is complete")
    func reload() throws {
        try withManager { manager, socket throws in
            manager.reloading()
            manager.reloaded()
            #expect(socket.receiveWaiting().isEmpty)
            manager.ready("Ready")
            _ = try socket.receive()
            let before = MonotonicClock.nanoseconds / 1000
            manager.reloading()
            let lines = try socket.receive()
            let time = try #require(lines.last.flatMap { $0.split(separator: "=").last }.flatMap { Int($0) })
            #expect(lines == ["RELOADING=1", "MONOTONIC_USEC=\(time)"])
            #expect(time >= before && time <= MonotonicClock.nanoseconds / 1000)
            manager.reloaded()
            #expect(try socket.receive() == ["READY=1"])
        }
    }

    @Test("an abstract socket, whose name begins with @, is one as well")
    func abstract() throws {
        let socket = try NotifySocket("@puffin-test-\(UUID().uuidString)")
        let manager = try #require(ServiceManager(["NOTIFY_SOCKET": socket.name]))
        manager.ready("Ready")
        #expect(try socket.receive() == ["READY=1", "STATUS=Ready"])
    }

    @Test(
        "without a socket's name there is no manager",
        arguments: [
            [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "@"], ["NOTIFY_SOCKET": "relative"],
            ["NOTIFY_SOCKET": "vsock:2:1"], ["NOTIFY_SOCKET": "/" + String(repeating: "a", count: 200)],
        ])
    func absent(variables: [String: String]) {
        #expect(ServiceManager(variables) == nil)
    }

    @Test("a manager that is gone, or does not read, stops nobody")
    func gone() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/notify"
            var socket: NotifySocket? = try NotifySocket(path)
            let manager = try #require(ServiceManager(["NOTIFY_SOCKET": path]))
            for index in 0..<10_000 { manager.ready("\(index)") }
            let first = try socket?.receive()
            #expect(first == ["READY=1", "STATUS=0"])
            socket = nil
            manager.ready("closed")
            try FileManager.default.removeItem(atPath: path)
            manager.ready("removed")
            // One that begins anew is reported to.
            let next = try NotifySocket(path)
            manager.ready("again")
            #expect(try next.receive() == ["READY=1", "STATUS=again"])
        }
    }
}
