import Bytes
import FuzzChecks
import LogFormat
import Store
import TestSupport
import Testing

/// The replication stream's lines other than lines of the log.
@Suite("Texts of the replication stream")
struct StreamTextTests {
    private let position = ChainPosition(seq: 515_392, crc: 0xeece_75c1)

    private func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer.bytes)
    }

    private func leader(_ text: String) -> Result<LeaderHello, ReplicationError> {
        do throws(ReplicationError) { return .success(try LeaderHello(text.bytes.span)) } catch {
            return .failure(error)
        }
    }

    private func follower(_ text: String) -> Result<FollowerHello, ReplicationError> {
        do throws(ReplicationError) { return .success(try FollowerHello(text.bytes.span)) } catch {
            return .failure(error)
        }
    }

    private func feedLine(_ text: String) -> Result<FeedLine?, ReplicationError> {
        do throws(ReplicationError) { return .success(try FeedLine(text.bytes.span)) } catch { return .failure(error) }
    }

    @Test("a leader's hello is written as the format says, and read with and without its word")
    func leaderHello() {
        let hello = LeaderHello(history: "5f0c9a52e1b7", port: 8080, first: 1, last: 9, durable: 8)
        let line = #"REPLICATE {"version":1,"history":"5f0c9a52e1b7","port":8080,"first":1,"last":9,"durable":8}"#
        #expect(text { $0.append(leaderHello: hello) } == line + "\n")
        #expect(leader(line) == .success(hello))
        #expect(leader(String(line.dropFirst(10))) == .success(hello))
        #expect(leader(String(line.dropLast()) + #","node":"x{}"}"#) == .success(hello), "fields that are not known")
    }

    @Test("an id follows the last field that versions without ids know, and is accepted only as sixteen digits")
    func ids() {
        let id = ServerID(0x0123_4567_89ab_cdef)
        let leaderLine =
            #"REPLICATE {"version":1,"history":"h","port":8080,"first":1,"last":9,"durable":8,"id":"0123456789abcdef"}"#
        let leaderHello = LeaderHello(history: "h", port: 8080, first: 1, last: 9, durable: 8, id: id)
        #expect(text { $0.append(leaderHello: leaderHello) } == leaderLine + "\n")
        #expect(leader(leaderLine) == .success(leaderHello))
        #expect(leader(leaderLine.dropLast() + #","term":7}"#) == .success(leaderHello))
        let line = #"{"history":"h","seq":515392,"crc":"eece75c1","checkpoints":[],"id":"0123456789abcdef"}"#
        let hello = FollowerHello(history: "h", position: position, checkpoints: [], id: id)
        #expect(text { $0.append(followerHello: hello) } == line + "\n")
        #expect(follower(line) == .success(hello))
        #expect(follower(line.dropLast() + #","more":["expiry"]}"#) == .success(hello))
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg", "\\"] {
            #expect((try? leader(leaderLine.replacingOccurrences(of: "\(id)", with: wrong)).get()) == nil, "\(wrong)")
            #expect((try? follower(line.replacingOccurrences(of: "\(id)", with: wrong)).get()) == nil, "\(wrong)")
        }
        #expect(Set((0..<100).map { _ in ServerID.random() }).count == 100)
    }

    @Test("numbers above 2^53 - 1 are refused in every text, and the bound is named")
    func bound() {
        let samples = [
            #"REPLICATE {"version":1,"history":"h","port":8080,"first":#,"last":9,"durable":8}"#,
            #"REPLICATE {"version":1,"history":"h","port":8080,"first":1,"last":#,"durable":8}"#,
            #"REPLICATE {"version":1,"history":"h","port":8080,"first":1,"last":9,"durable":#}"#,
            ##"{"history":"h","seq":#,"crc":"eece75c1","checkpoints":[]}"##,
            ##"{"history":"h","seq":1,"crc":"eece75c1","checkpoints":[{"seq":#,"crc":"00000001"}]}"##,
            ##"{"continue":#,"crc":"eece75c1"}"##, ##"{"snapshot":#,"crc":"eece75c1"}"##, #"{"heartbeat":#,"seq":7}"#,
            #"{"heartbeat":1,"seq":#}"#, ##"{"promote":#,"crc":"eece75c1","followers":["b:2"]}"##,
        ]
        for sample in samples {
            func read(_ number: String) -> ReplicationError? {
                let line = sample.replacingOccurrences(of: "#", with: number)
                let results: [ReplicationError?] = [
                    leader(line).failure, follower(line).failure, feedLine(line).failure,
                ]
                let index = line.hasPrefix("REPLICATE") ? 0 : line.hasPrefix("{\"history") ? 1 : 2
                return results[index]
            }
            #expect(read("9007199254740991") == nil, "\(sample)")
            for number in ["9007199254740992", "9223372036854775808", "18446744073709551616"] {
                #expect(
                    read(number).map { "\($0)".contains("a number from 0 to 9007199254740991 as ") } == true,
                    "\(sample) \(number)")
            }
        }
        #expect((try? leader(#"{"version":1,"history":"a","port":0,"first":1,"last":1,"durable":1}"#).get()) == nil)
    }

    @Test("another version is told as such")
    func otherVersion() {
        let error = leader(#"REPLICATE {"version":2,"all":"else"}"#)
        #expect(
            error
                == .failure(
                    .otherVersion(
                        expected: "version 1 of it, or version 2 with no needs but expiry, notes", found: "version 2")))
        guard case .failure(let failure) = error else { return }
        #expect(
            "\(failure)".contains(
                "expected version 1 of it, or version 2 with no needs but expiry, notes, found version 2"))
    }

    @Test("a greeting names what will be sent needs, and is refused if one of that is not known")
    func needs() {
        let head = #"{"version":2,"history":"h","port":1,"first":1,"last":2,"durable":3"#
        let hello = LeaderHello(history: "h", port: 1, first: 1, last: 2, durable: 3, needs: .expiry)
        let line = head + #","needs":["expiry"]}"#
        #expect(text { $0.append(leaderHello: hello) } == "REPLICATE " + line + "\n")
        #expect(leader(line) == .success(hello))
        #expect(leader(String(line.dropLast()) + #","more":1}"#) == .success(hello))
        // Version 1 needs nothing, whatever fields it has that are not known.
        #expect((try? leader(line.replacing(":2,\"history", with: ":1,\"history")).get())?.needs == [])
        for (needs, found) in [
            (#","needs":["expiry","terms"]"#, "version 2 that needs terms"), (#","needs":[]"#, "version 2"),
            (#","needs":["notes","terms"]"#, "version 2 that needs terms"), ("", "version 2"),
        ] {
            guard case .failure(.otherVersion(_, found)) = leader(head + needs + "}") else {
                Issue.record("\(needs): \(leader(head + needs + "}"))")
                continue
            }
        }
    }

    @Test("a follower's answer says what it knows, also names that are not known here")
    func knows() throws {
        let head = #"{"history":"h","seq":0,"crc":"00000000","checkpoints":[]"#
        let hello = FollowerHello(history: "h", position: .start, checkpoints: [], knows: .expiry)
        #expect(text { $0.append(followerHello: hello) } == head + ",\"knows\":[\"expiry\"]}\n")
        let newer = try follower(head + #","knows":["expiry","terms"]}"#).get()
        #expect(newer.knows.known == .expiry && newer.knows.unknown == ["terms"])
        #expect(text { $0.append(followerHello: newer) } == head + ",\"knows\":[\"expiry\",\"terms\"]}\n")
        #expect(try follower(head + "}").get().knows.isEmpty)
        #expect((try? follower(head + #","knows":["b","a"]}"#).get()) == nil)
    }

    @Test("a follower's answer is written as the format says, and read")
    func followerHello() {
        var hello = FollowerHello(history: "5f0c9a52e1b7", position: position, checkpoints: [])
        let head = #"{"history":"5f0c9a52e1b7","seq":515392,"crc":"eece75c1","checkpoints":["#
        #expect(text { $0.append(followerHello: hello) } == head + "]}\n")
        #expect(follower(head + "]}") == .success(hello))
        hello.checkpoints = [ChainPosition(seq: 9, crc: 1), .start]
        let line = head + #"{"seq":9,"crc":"00000001"},{"seq":0,"crc":"00000000"}]}"#
        #expect(text { $0.append(followerHello: hello) } == line + "\n")
        #expect(follower(line) == .success(hello))
        hello.checkpoints = [ChainPosition](repeating: position, count: 65)
        let cut = text { $0.append(followerHello: hello) }
        #expect((try? follower(String(cut.dropLast())).get().checkpoints.count) == 64)
        let long = cut.dropLast(3) + #",{"seq":9,"crc":"00000001"}]}"#
        #expect((try? follower(String(long)).get()) == nil, "more than 64 are refused")
    }

    @Test("the leader's lines are written as the format says, and told from those of the log")
    func feedLines() {
        for (line, text) in [
            (FeedLine.start(.continues(position)), #"{"continue":515392,"crc":"eece75c1"}"#),
            (.start(.snapshot(position)), #"{"snapshot":515392,"crc":"eece75c1"}"#),
            (.heartbeat(time: 1_764_000_000_789, seq: 7), #"{"heartbeat":1764000000789,"seq":7}"#),
            (
                .heartbeat(
                    time: 1_764_000_000_789, seq: 7,
                    seal: PeerSeal(n: 812, epoch: 17, mac: String(repeating: "a1", count: 32))),
                #"{"heartbeat":1764000000789,"seq":7,"seal":{"n":812,"epoch":17,"mac":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"}}"#
            ),
            (.promote(position, followers: []), #"{"promote":515392,"crc":"eece75c1","followers":[]}"#),
            (
                .promote(position, followers: ["[::1]:1", "b:2"]),
                #"{"promote":515392,"crc":"eece75c1","followers":["[::1]:1","b:2"]}"#
            ),
        ] {
            #expect(self.text { $0.append(feedLine: line) } == text + "\n")
            #expect(feedLine(text) == .success(line))
        }
        for other in [
            "", "{", #"{"seq":1,"ts":2,"op":"clear","crc":"00000000"}"#, #"{"durable":0,"crc":"84dcd596"}"#,
            #"{"puffin":"snapshot","version":1}"#, #"{"key":"a","value":"b","crc":"00000000"}"#, "ERROR: no",
        ] {
            #expect(feedLine(other) == .success(nil), "\(other)")
        }
    }

    @Test("whatever is cut short or not as it should be is refused with what was expected")
    func malformed() {
        for line in [
            #"{"continue":515392,"crc":"eece75c1"}"#, #"{"heartbeat":1764000000789,"seq":7}"#,
            #"{"promote":515392,"crc":"eece75c1","followers":["b:2"]}"#,
        ] {
            let name = line.prefix { $0 != ":" }.count + 1
            for size in name..<line.count {
                guard case .failure(.malformed) = feedLine(String(line.prefix(size))) else {
                    Issue.record("\(line.prefix(size)) is read")
                    continue
                }
            }
            #expect((try? feedLine(line + "}").get()) == nil)
            #expect((try? feedLine(line + ",").get()) == nil)
        }
        for line in [
            #"{"continue":515392,"crc":"EECE75C1"}"#, #"{"continue":-1,"crc":"eece75c1"}"#,
            #"{"continue":18446744073709551616,"crc":"eece75c1"}"#, #"{"continue":01,"crc":"eece75c1"}"#,
            #"{"promote":1,"crc":"eece75c1","followers":["a b"]}"#,
            #"{"promote":1,"crc":"eece75c1","followers":[""]}"#, #"{"heartbeat": 1,"seq":2}"#,
        ] {
            #expect((try? feedLine(line).get()) == nil, "\(line)")
        }
        #expect((try? leader(#"{"version":1,"history":"","port":1,"first":1,"last":1,"durable":1}"#).get()) == nil)
        #expect((try? leader(#"{"version":1,"history":"a","port":65536,"first":1,"last":1,"durable":1}"#).get()) == nil)
    }

    @Test("no bytes make a parser crash, and what it accepts it writes again", arguments: SeededRandom.seeds(4))
    func garbage(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let samples = [
            #"REPLICATE {"version":1,"history":"5f0c9a52e1b7","port":8080,"first":1,"last":9,"durable":8,"id":"0123456789abcdef"}"#,
            #"{"history":"5f0c9a52e1b7","seq":5,"crc":"eece75c1","checkpoints":[{"seq":9,"crc":"00000001"}],"id":"0123456789abcdef"}"#,
            #"{"snapshot":515392,"crc":"eece75c1"}"#, #"{"heartbeat":1764000000789,"seq":7}"#,
            #"{"promote":515392,"crc":"eece75c1","followers":["[::1]:1","b:2"]}"#,
        ].map(\.bytes)
        for _ in 0..<4_000 {
            var line = samples[random.below(samples.count)]
            for _ in 0..<random.below(4) {
                switch random.below(3) {
                case 0: line[random.below(line.count)] = UInt8(random.below(256))
                case 1: line.remove(at: random.below(line.count))
                default: line.insert(UInt8(ascii: "}"), at: random.below(line.count))
                }
            }
            if random.below(5) == 0 { line = Array(line.prefix(random.below(line.count + 1))) }
            try FuzzCheck.stream.run(line)
        }
        for _ in 0..<1_000 { try FuzzCheck.stream.run(random.bytes(random.below(80))) }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
