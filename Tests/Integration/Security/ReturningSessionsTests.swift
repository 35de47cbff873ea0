import Foundation
import TestSupport
import Testing

/// Sessions that come back together after a restart, as those of a fleet of clients do.
@Suite("Returning sessions", .serialized)
struct ReturningSessionsTests {
    private static let passwords = ["the first password", "the second password", "the third password"]

    /// Clients of one thread, each with a connection that it opens anew until it has logged in.
    private final class Fleet: @unchecked Sendable {
        private let port: UInt16
        private let numbers: Range<Int>
        private let done = DispatchSemaphore(value: 0)
        private var connections: [Int: WireConnection] = [:]
        private var failure: (any Error)?
        private(set) var tries = 0

        init(_ port: UInt16, _ numbers: Range<Int>) {
            (self.port, self.numbers) = (port, numbers)
            Thread.detachNewThread { [self] in
                do { try comeBack() } catch { failure = error }
                done.signal()
            }
        }

        private func comeBack() throws {
            var missing = Array(numbers)
            while !missing.isEmpty {
                for number in missing {
                    let connection = try WireConnection(port: port)
                    let index = number % ReturningSessionsTests.passwords.count
                    connection.sendWithoutWaiting(
                        Array(resp("AUTH", "user\(index)", ReturningSessionsTests.passwords[index]).utf8))
                    connections[number] = connection
                    tries += 1
                }
                // The server drops who waits for too long where too many do, and says so to others.
                missing.removeAll { number in (try? connections[number]?.receiveLine()) == "+OK\r" }
                for number in missing { connections[number] = nil }
                if !missing.isEmpty { usleep(100_000) }
            }
        }

        /// Waits until all are in, and asks each something.
        func end() throws {
            done.wait()
            if let failure { throw failure }
            for number in numbers {
                let connection = try #require(connections[number])
                try connection.expect(resp("GET", "a"), "$1\r\n1\r\n")
            }
        }
    }

    @Test("all of them get in")
    func comeBack() throws {
        let count = Torture.isOn ? 10_000 : 500
        try DescriptorLimit.raise(to: count + 2000)
        try withTemporaryFolder { folder in
            let options = ["--max-clients", "\(count + 100)"]
            var secured = try SecuredServer(in: folder, "puffin.json", options)
            let administrator = try secured.connect()
            for (index, password) in Self.passwords.enumerated() {
                try administrator.expect("ACL SETUSER user\(index) on \">\(password)\" +@read ~*\n", "OK\n")
            }
            try administrator.expect("SET a 1\n", "OK\n")
            secured.server.kill()
            secured = try SecuredServer(in: folder, "puffin.json", options)
            let start = Date()
            let fleets = (0..<4).map { Fleet(secured.server.port, $0 * count / 4..<($0 + 1) * count / 4) }
            for fleet in fleets { try fleet.end() }
            let time = Date().timeIntervalSince(start)
            let tries = fleets.reduce(0) { $0 + $1.tries }
            print("sessions that came back: \(count), with \(tries) connections, in \(time) s")
            #expect(secured.server.stop() == 0)
        }
    }
}
