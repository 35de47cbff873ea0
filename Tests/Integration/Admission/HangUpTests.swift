import Foundation
import TestSupport
import Testing

/// Clients that disconnect in the middle, and slow clients.
struct HangUpTests {
    /// Beginnings of requests, and the replies to a client that ends its output there.
    private static let halves = [
        ("GET witnes", "ERROR: Incomplete request: the connection ended after 10 bytes of it; nothing was changed\n"),
        ("SET stray 1", "ERROR: Incomplete request: the connection ended after 11 bytes of it; nothing was changed\n"),
        ("FLUSHALL", "ERROR: Incomplete request: the connection ended after 8 bytes of it; nothing was changed\n"),
        ("*", "-ERR Incomplete request: the connection ended after 1 bytes of it; nothing was changed\r\n"),
        (
            "*3\r\n$3\r\nSET\r\n$5\r\nstray\r\n$5\r\nab",
            "-ERR Incomplete request: the connection ended after 30 bytes of it; nothing was changed\r\n"
        ),
        (
            "*1\r\n$8\r\nFLUSHALL",
            "-ERR Incomplete request: the connection ended after 16 bytes of it; nothing was changed\r\n"
        ),
    ]

    @Test("half a request at the end is not run: it gets an error, after the replies to what came before")
    func halfClose() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            for (half, reply) in Self.halves {
                let client = try server.connect()
                try client.send("PING\nGET witness\n" + half)
                client.endSending()
                #expect(try client.receiveAll() == "PONG\nwas here before\n" + reply, "\(half.debugDescription)")
                try witness.check()
            }
        }
    }

    @Test("half a request before the connection is closed or reset is not run, and the connection is let go of")
    func close() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            for (half, _) in Self.halves {
                for isReset in [false, true] {
                    let client = try server.connect()
                    try client.expect("PING\n", "PONG\n")
                    try client.send(half)
                    if isReset { client.reset() }
                }
                try witness.check()
                try witness.wait(for: "clients", toBe: 1)
            }
        }
    }

    @Test("one that waits for ever is let go of when its client is gone, also while its further requests are not read")
    func goneWhileParked() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            for wait in ["WAIT 1 0\n", "WAITAOF 0 1 0\n", "WAIT 1 86400000\n"] {
                let client = try server.connect()
                // What is more than the server reads meanwhile, though not more than the kernel takes for it.
                client.sendWithoutWaiting(Array((wait + "SET k " + String(repeating: "v", count: 120_000)).utf8))
                try witness.wait(for: "held_bytes") { $0 > 64 << 10 }
                client.reset()
            }
            let client = try server.connect()
            client.sendWithoutWaiting(Array(("WAIT 1 0\nPING " + String(repeating: "v", count: 120_000) + "\n").utf8))
            try witness.wait(for: "held_bytes") { $0 > 64 << 10 }
            client.endSending()
            #expect(try client.receiveLine() == "0")
            #expect(try client.receiveAll().utf8.count == 120_001)
            try witness.wait(for: "clients", toBe: 1)
        }
    }

    @Test("a client that is gone before its replies harms nobody; what it asked for is done")
    func goneBeforeReplies() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            do {
                let client = try server.connect()
                try client.send("SET late 1\n" + String(repeating: "GET witness\n", count: 1000))
                // Some of the replies are left unread, which makes the kernel send a reset.
                _ = try client.receive(exactly: 3)
            }
            try witness.wait(for: "clients", toBe: 1)
            try witness.check(pairs: 2)
        }
    }

    @Test("a client that sends one byte at a time gets the replies that everybody gets")
    func dribble() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.dribble("SET slow and steady\r\n" + resp("GET", "slow") + "GET slow\n" + resp("FROB") + "FROB\n")
            let replies =
                "OK\n$10\r\nand steady\r\nand steady\n-ERR unknown command 'FROB', with args beginning with: \r\n"
                + "ERROR: Unknown command \"FROB\" (try HELP)\n"
            client.endSending()
            #expect(try client.receiveAll() == replies)
            try witness.check(pairs: 2)
        }
    }
}
