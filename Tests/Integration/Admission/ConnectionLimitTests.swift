import Foundation
import TestSupport
import Testing

/// More clients than the server takes.
@Suite(.serialized)
struct ConnectionLimitTests {
    private static let limit = 10_000

    @Test("the 10,001st client is told why it is refused, and the next gets in once one has gone")
    func limit() throws {
        // The clients' ends of the connections are descriptors of this process.
        guard let former = raiseDescriptorLimit(to: Self.limit + 1000) else { return }
        defer { restoreDescriptorLimit(former) }
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            var clients: [WireConnection] = []
            for _ in 1..<Self.limit { clients.append(try server.connect()) }
            try clients[Self.limit - 2].expect("PING\n", "PONG\n")
            #expect(try witness.figure("clients") == Self.limit)

            for _ in 0..<3 {
                let extra = try server.connect()
                #expect(try extra.receiveAll() == "-ERR max number of clients reached\r\n")
            }
            #expect(
                server.process.waitForOutput(
                    containing: "Connection refused: 10000 clients are connected, which is the limit"))
            try witness.check()

            // The server has closed its end of a connection when the client sees the end of it.
            clients[0].endSending()
            #expect(try clients[0].receiveAll() == "")
            let next = try server.connect()
            try next.expect("GET witness\n", "was here before\n")
            #expect(try server.connect().receiveAll() == "-ERR max number of clients reached\r\n")
            for client in clients.dropFirst() { try client.send("PING\n") }
            for client in clients.dropFirst() {
                let reply = try client.receiveLine()
                #expect(reply == "PONG")
            }
            #expect(try witness.figure("connections_refused") == 4)
        }
    }

    @Test("where the system allows fewer open files, the server takes fewer clients, and says so")
    func fewDescriptors() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", wrapper: ["sh", "-c", "ulimit -n 70; exec \"$@\"", "sh"])
            #expect(server.log.contains("At most 6 clients: the system allows 70 open files (ulimit -n)"))
            let witness = try Witness(server)
            var clients: [WireConnection] = []
            defer { withExtendedLifetime(clients) {} }
            for _ in 0..<5 { clients.append(try server.connect()) }
            for client in clients { try client.expect("PING\n", "PONG\n") }
            #expect(try server.connect().receiveAll() == "-ERR max number of clients reached\r\n")
            try witness.check()
        }
    }

    /// - Returns: the limit before; nil, and the reason is printed, where the system does not allow as many.
    private func raiseDescriptorLimit(to count: Int) -> rlimit? {
        var former = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
        guard former.rlim_max >= rlim_t(count) else {
            print("skipped: \(count) open files needed, the system allows \(former.rlim_max) (ulimit -Hn)")
            return nil
        }
        var raised = former
        raised.rlim_cur = max(former.rlim_cur, rlim_t(count))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
        return former
    }

    private func restoreDescriptorLimit(_ former: rlimit) {
        var former = former
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
    }
}
