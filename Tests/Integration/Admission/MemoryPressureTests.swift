import Foundation
import TestSupport
import Testing

/// Clients that each take little, but together more than there is. Sizes are in MiB unless stated otherwise.
@Suite("Memory under pressure", .serialized)
struct MemoryPressureTests {
    private func start(_ folder: String, limit: String) throws -> ServerProcess {
        try ServerProcess(data: folder + "/puffin.json", ["--max-memory", limit, "--durability", "never"])
    }

    @Test("half-sent requests of many clients stay near the limit together", arguments: [true, false])
    func halfRequests(isRESP: Bool) throws {
        try withTemporaryFolder { folder in
            let server = try start(folder, limit: "64M")
            let witness = try Witness(server)
            let before = try witness.serverMemory()
            let head = isRESP ? "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$8388608\r\n" : "SET key "
            let half = Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "v"), count: 4 << 20)
            var clients: [WireConnection] = []
            var largest = 0
            for _ in 0..<60 {
                let client = try server.connect()
                // A client that waits for memory is not read, so the kernel's buffers fill up.
                client.sendWithoutWaiting(half)
                clients.append(client)
                try witness.check()
                largest = max(largest, try witness.serverMemory())
            }
            #expect(largest < before + 64 + 48)
            try witness.check()
            #expect(try witness.figure("memory_bytes") < (64 << 20) * 17 / 16 + (1 << 20))
            // The others wait; clients that send nothing more are dropped, one after another.
            try witness.wait(for: "memory_refusals") { $0 > 3 }
            let refused = clients.filter { $0.hasReceived }
            #expect(refused.count > 3)
            let figures = #/half a request takes \d+ bytes, \d+ of 67108864 are in use; .*the connection is closed/#
            for client in refused {
                let error = try client.receiveAll()
                let prefix =
                    isRESP ? "-OOM command not allowed when used memory > 'maxmemory'. " : "ERROR: Out of memory: "
                #expect(error.hasPrefix(prefix) && error.firstMatch(of: figures) != nil, "\(error)")
            }
            clients.removeAll()
            try witness.wait(for: "clients", toBe: 1)
            #expect(try witness.figure("memory_bytes") < 1 << 20)
            #expect(try witness.connection.ask("SET key value") == "OK")
        }
    }

    @Test("a request of many tiny arguments is counted with what it takes in the parser")
    func tinyArguments() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder, limit: "64M")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send("*65536\r\n$4\r\nMGET\r\n" + String(repeating: "$0\r\n\r\n", count: 60_000))
            // 65,536 places of 16 bytes, and 360,000 bytes as they were received.
            try witness.wait(for: "buffer_bytes") { $0 > (1 << 20) + 360_000 }
            client.reset()
        }
    }

    @Test("clients that do not take their replies are dropped when memory is short; others get theirs")
    func slowReaders() throws {
        try withTemporaryFolder { folder in
            let server = try start(folder, limit: "64M")
            let witness = try Witness(server)
            let value = [UInt8](repeating: UInt8(ascii: "v"), count: 8 << 20)
            let owner = try server.connect()
            try owner.send(Array("SET large ".utf8) + value + Array("\n".utf8))
            #expect(try owner.receiveLine() == "OK")
            let before = try witness.serverMemory()
            var largest = 0
            var clients: [WireConnection] = []
            // They stay connected to the end: the optimizer may release an array after its last use.
            defer { withExtendedLifetime(clients) {} }
            for _ in 0..<40 {
                let client = try server.connect()
                client.limitReceiveBuffer(to: 65536)
                try? client.send("GET large\n")
                clients.append(client)
                try witness.check(pairs: 2)
                largest = max(largest, try witness.serverMemory())
            }
            // 320 MiB of replies.
            #expect(largest < before + 64 + 48)
            let line = "WARNING Client dropped: memory is short and it does not take its replies address=127.0.0.1:"
            #expect(server.process.waitForOutput(containing: line))
            try owner.send("GET large\n")
            #expect(try owner.receive(exactly: value.count + 1).dropLast().elementsEqual(value))
            // Each client that has its reply and does not read it is dropped for the next.
            try witness.wait(for: "clients_dropped") { $0 > 20 }
        }
    }
}
