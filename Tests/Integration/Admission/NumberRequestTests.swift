import Foundation
import TestSupport
import Testing

/// Whatever number is sent, the server survives, and numbers beyond 2^53 - 1 are refused where they enter.
@Suite("Numbers at the ends of what there is")
struct NumberRequestTests {
    private static let numbers = [
        "0", "1", "-1", "2147483647", "2147483648", "9007199254740991", "9007199254740992", "-9007199254740992",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", String(repeating: "9", count: 30), "-" + String(repeating: "9", count: 30), "+1", "01",
        "1e3",
        "0x10", "1.5", "",
    ]
    /// Every command with arguments that are numbers, with `#` where a number belongs; `@` is a follower's address.
    private static let requests = [
        "WAIT # 1", "WAIT 0 #", "WAITAOF # 0 1", "WAITAOF 0 # 1", "WAITAOF 0 0 #", "AFTER # GET a", "SLOWLOG GET #",
        "SCAN #", "SCAN 0 COUNT #", "SCAN # COUNT #", "SELECT #", "HELLO #", "CLIENT ID #", "FOLLOW localhost:#",
        "FOLLOWER ADD localhost:#", "FOLLOWER REMOVE localhost:#", "FOLLOWER ADD 127.0.0.1:1 #",
        "HANDOVER localhost:1 #",
        "REPLICATE {\"version\":#,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":1,\"durable\":1}",
        "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":#,\"first\":1,\"last\":1,\"durable\":1}",
        "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":#,\"last\":#,\"durable\":#}",
    ]

    @Test("every command with every number, in both dialects: an answer, and a server that lives")
    func commands() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--replication-timeout", "2s"])
            let witness = try Witness(server)
            for request in NumberRequestTests.requests {
                for number in NumberRequestTests.numbers where !(request.hasPrefix("WAIT") && number == "0") {
                    // FOLLOW with a port as its argument is not about the number.
                    if request.hasPrefix("FOLLOW ") && (1...65_535).contains(Int(number) ?? 0) && number != "+1" {
                        continue
                    }
                    let line = request.replacingOccurrences(of: "#", with: number)
                    for bytes in [line + "\n", resp(line.components(separatedBy: " "))] {
                        let client = try server.connect()
                        try client.send(bytes)
                        client.endSending()
                        #expect(try !client.receiveAll().isEmpty, "\(line)")
                    }
                }
                try witness.check()
            }
            #expect(server.stop() == 0, "\(server.log)")
        }
    }

    @Test("beyond the bound requests are refused with the words that Redis has for it")
    func refused() throws {
        try withReplicas(1) { (leader, followers) throws in
            for number in ["9007199254740992", "9223372036854775807", "9223372036854775808"] {
                for (request, reply) in [
                    ("WAIT \(number) 1", "value is not an integer or out of range"),
                    ("WAIT 0 \(number)", "timeout is not an integer or out of range"),
                    ("WAITAOF 0 \(number) 1", "value is not an integer or out of range"),
                    ("WAITAOF 0 0 \(number)", "timeout is not an integer or out of range"),
                    ("AFTER \(number) GET a", "value is not an integer or out of range"),
                    ("SLOWLOG GET \(number)", "value is not an integer or out of range"),
                    ("SCAN 0 COUNT \(number)", "value is not an integer or out of range"),
                    ("HANDOVER \(followers[0].address) \(number)", "value is not an integer or out of range"),
                ] {
                    #expect(try leader.ask(request) == ["ERROR: \(reply)"], "\(request)")
                }
            }
            #expect(try leader.ask("SET a 1", "HANDOVER \(followers[0].address) 9007199254740991") == ["OK", "OK"])
        }
    }

    // MARK: Strangers

    @Test("whoever leads an empty follower: no number makes it fall, now or after a restart")
    func leaders() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            for number in NumberRequestTests.numbers
            where Int(number) ?? 1 > 9_007_199_254_740_991 || Int(number) == nil {
                for start in [
                    "{\"snapshot\":\(number),\"crc\":\"00000000\"}", "{\"continue\":\(number),\"crc\":\"00000000\"}",
                    "{\"heartbeat\":\(number),\"seq\":\(number)}", "{\"heartbeat\":1,\"seq\":\(number)}",
                    "{\"continue\":0,\"crc\":\"00000000\"}\n{\"heartbeat\":1,\"seq\":\(number)}",
                    "{\"continue\":0,\"crc\":\"00000000\"}\n{\"promote\":\(number),\"crc\":\"00000000\",\"followers\":[]}",
                    "{\"continue\":0,\"crc\":\"00000000\"}\n{\"seq\":\(number),\"ts\":\(number),\"op\":\"clear\",\"crc\":\"00000000\"}",
                ] {
                    for last in ["9", number] {
                        let connection = try follower.connect()
                        let reply = try connection.ask(
                            "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":\(last),\"durable\":\(last)}"
                        )
                        #expect(reply.hasPrefix(last == "9" ? "{\"history\":" : "ERROR: "), "\(last): \(reply)")
                        try connection.send(start + "\n")
                        connection.endSending()
                        _ = try connection.receiveAll()
                    }
                }
                #expect(try follower.ask("SEQ") == "0")
            }
            follower.stop()
            try follower.start()
            #expect(try follower.ask("SEQ") == "0")
            // At the bound itself it can follow, and says what is in the way when it is to lead.
            try adoptSnapshot(at: "9007199254740991", follower)
            #expect(try follower.ask("PROMOTE FORCE") == "OK")
            for _ in 0..<2 {
                #expect(try follower.ask("SEQ") == "9007199254740991")
                #expect(
                    try follower.ask("SET a 1").hasPrefix("ERROR: Change numbers used up: the newest change is 9007"))
                #expect(try follower.stats()["writable"] == "no")
                follower.stop()
                try follower.start()
            }
        }
    }

    private func adoptSnapshot(at number: String, _ follower: Replica) throws {
        let lines = RawSnapshot(seq: number).lines
        let connection = try follower.connect()
        _ = try connection.ask(
            "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":\(number),\"durable\":\(number)}"
        )
        try connection.send("{\"snapshot\":\(number),\"crc\":\"00000000\"}\n\(lines)")
        try wait("its being taken") { try follower.ask("SEQ") == number }
        withExtendedLifetime(connection) {}
    }

    @Test("whoever follows a leader: no number makes it fall")
    func followers() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let leader = try Replica("leader", in: folder, ["--follower", "127.0.0.1:\(listener.port)"]).start()
            #expect(try leader.ask("SET a 1") == "OK")
            let texts = ["9007199254740992", "9223372036854775808", "18446744073709551616"].flatMap { number in
                [
                    "{\"history\":\"h\",\"seq\":\(number),\"crc\":\"00000000\",\"checkpoints\":[]}\n",
                    "{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[{\"seq\":\(number),\"crc\":\"00000000\"}]}\n",
                    "{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\nACK \(number) \(number)\n",
                    "{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\nACK 0 \(number)\n",
                ]
            }
            for text in texts {
                // So that the next attempt comes at once.
                #expect(try leader.ask("FOLLOWER ADD 127.0.0.1:\(listener.port)") == "OK")
                let connection = try listener.accept()
                _ = try connection.receiveLine()
                try connection.send(text)
                _ = try? connection.receiveAll()
                #expect(try leader.ask("SEQ") == "1")
            }
        }
    }

    // MARK: Settings

    @Test("settings beyond what can be reckoned with are refused, each with what is allowed")
    func settings() throws {
        for (flag, values) in [
            ("--segment-size", ["8P", "8192T", "9223372036854775807"]),
            ("--compact-size", ["8P", "9223372036854775807"]),
            ("--retain-size", ["8P"]), ("--max-memory", ["8P", "9223372036854775807"]),
            ("--retain-age", ["9223372036854775807d", "104249992d"]),
            ("--ack-timeout", ["9223372036854775807", "1001h"]),
            ("--replication-timeout", ["9223372036854775807s"]), ("--slow-log-threshold", ["18446744073709551616us"]),
            ("--ack", ["9223372036854775807", "1001"]), ("--max-clients", ["9223372036854775807"]),
            ("--compact-ratio", ["9223372036854775807"]), ("--port", ["65536"]),
        ] {
            for value in values {
                let result = try ChildProcess.run([ChildProcess.program("puffin-server"), flag, value])
                #expect(result.exitCode == 2 && result.output.contains("expected "), "\(flag) \(value): \(result)")
            }
        }
    }

    @Test("the largest settings work")
    func largestSettings() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json",
                [
                    "--segment-size", "8191T", "--compact-size", "8191T", "--retain-size", "8191T", "--max-memory",
                    "8191T",
                    "--retain-age", "104249991d", "--ack-timeout", "1000h", "--replication-timeout", "1000h",
                    "--slow-log-threshold", "1000h", "--compact-ratio", "1000",
                ])
            try server.connect().expect("SET a 1\nCOMPACT\nGET a\n", "OK\nOK\n1\n")
            #expect(server.stop() == 0, "\(server.log)")
        }
    }

    @Test("the programs that inspect a log end with an answer at any number")
    func inspection() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            try server.connect().expect("SET a 1\n", "OK\n")
            #expect(server.stop() == 0)
            for number in [
                "0", "9007199254740992", "9223372036854775807", "18446744073709551615", "18446744073709551616",
            ] {
                for flag in ["--from", "--to", "--since", "--until", "--width"] {
                    let result = try ChildProcess.run([
                        ChildProcess.program("puffin-server"), "log", "show", "--data", data, flag, number, "--format",
                        "table",
                    ])
                    #expect([0, 2, 64].contains(result.exitCode), "\(flag) \(number): \(result)")
                }
            }
        }
    }
}

/// A snapshot without pairs, as a leader sends one.
private struct RawSnapshot {
    let lines: String

    init(seq: String) {
        let head = RawSnapshot.line(
            "{\"puffin\":\"snapshot\",\"version\":1,\"history\":\"h\",\"seq\":\(seq),\"ts\":1,\"chain\":\"00000000\"",
            chain: 0)
        let end = RawSnapshot.line("{\"end\":true,\"count\":0", chain: head.crc)
        lines = head.text + end.text
    }

    private static func line(_ body: String, chain: UInt32) -> (text: String, crc: UInt32) {
        var crc = ~chain
        for byte in body.utf8 {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
        }
        crc = ~crc
        let digits = String(crc, radix: 16)
        return (body + ",\"crc\":\"" + String(repeating: "0", count: 8 - digits.count) + digits + "\"}\n", crc)
    }
}
