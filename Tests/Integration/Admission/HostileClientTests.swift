import Foundation
import TestSupport
import Testing

/// Clients that disconnect at any point of their requests while memory is short. The server's allocator overwrites
/// freed memory, so a use after free shows at once.
@Suite("Hostile clients")
struct HostileClientTests {
    /// Makes glibc fill freed memory with 0xa5 and allocated memory with its complement. The thread cache is off, since
    /// it would leave small blocks untouched.
    private static let overwriting = ["env", "GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"]
    /// Large enough that the kernel does not take a reply whole for a client that does not read.
    private static let value = String(repeating: "v", count: 6 << 20)

    /// The point at which a client disconnects, and the bytes that it has sent until then.
    private typealias Point = (name: String, bytes: String)

    private static let points: [Point] = [
        ("asked once", resp("GET", "big")),
        ("asked often", String(repeating: resp("GET", "big"), count: 12)),
        ("in a value", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n" + String(repeating: "z", count: 200_000)),
        ("asked in lines", String(repeating: "GET big\n", count: 3)),
        ("between two replies", resp("GET", "big") + "GET big\n*2\r\n$3\r\nGET\r\n$3\r\nbi"),
        ("in a listing", "KEYS\nGET big\n"),
        ("waiting for a change", "AFTER 999999 GET big\n" + resp("GET", "big")),
        ("with a change under way", resp("GET", "big") + "SET big 1\n"),
        ("at its end", "GET big\nQUIT\n"),
        ("refused", "GET big\n*9999999999\r\n"),
    ]

    @Test("a client that resets at any point while memory is short harms nobody")
    func resets() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--max-memory", "96M", "--durability", "never"],
                wrapper: Self.overwriting)
            let witness = try Witness(server)
            #expect(try witness.connection.ask("SET big \(Self.value)") == "OK")
            for point in Self.points {
                // These hold memory, but not too much of it.
                let holders = try (0..<10).map { _ in try client(server, after: resp("GET", "big")) }
                var leaving = try (0..<3).map { _ in try client(server, after: point.bytes) }
                let growing = try (0..<40).map { _ in try client(server, after: "") }
                try witness.wait(for: "memory_bytes") { $0 > Self.value.utf8.count + holders.count << 20 }
                try witness.wait(for: "clients", toBe: 1 + holders.count + leaving.count + growing.count)
                try witness.check(pairs: 2)
                // What arrives while the server is stopped is handled in one turn, if few sockets are ready: closed
                // connections go first, and then memory is freed. A busy machine does the same.
                try stop(server)
                for client in leaving { client.reset() }
                leaving.removeAll()
                for client in growing { try client.send(resp("GET", "big")) }
                server.process.send(SIGCONT)
                do {
                    try witness.connection.expect("GET witness\n", "was here before\n")
                } catch {
                    Issue.record("the server is gone after clients \(point.name): \(error)\n\(server.log.suffix(2000))")
                    return
                }
                // Those that hold replies make room for the ones that wait.
                #expect(server.process.waitForOutput(containing: "memory is short"), "\(server.log)")
                withExtendedLifetime((holders, growing)) {}
            }
            #expect(server.stop() == 0, "\(server.log)")
        }
    }

    /// Stops the server, and waits until it is.
    private func stop(_ server: ServerProcess) throws {
        server.process.send(SIGSTOP)
        try wait("the server's stop") {
            let text = try String(contentsOfFile: "/proc/\(server.process.id)/stat", encoding: .utf8)
            return text.split(separator: ")").last?.hasPrefix(" T") == true
        }
    }

    private func client(_ server: ServerProcess, after bytes: String) throws -> WireConnection {
        let client = try server.connect()
        client.limitReceiveBuffer(to: 4096)
        // A client that was disconnected cannot send the rest.
        try? client.send(bytes)
        return client
    }
}
