import Foundation
import TestSupport
import Testing

/// Faults of a follower's disk: its leader has everything.
@Suite("Replication: a follower's disk")
struct ReplicationDamageTests {
    private static let kinds = SmallDisk.Kind.allCases.filter(SmallDisk.isAvailable)

    enum Place: String, CaseIterable, Sendable { case sealed, open, first, snapshot }

    @Test("damage is set aside at the start, reported, and fetched again", arguments: Place.allCases)
    func damage(place: Place) throws {
        try withTemporaryFolder { folder in
            let follower = try Replica(
                "follower", in: folder, ["--mode", "follower", "--segment-size", "64K", "--compact-ratio", "0"]
            ).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            try leader.write(0..<5000)
            try waitUntilEqual(leader, follower)
            if place == .snapshot {
                try expectEqual(leader, follower)
                try leader.write(5000..<6000)
                try waitUntilEqual(leader, follower)
            }
            follower.stop()
            let segments = try LogFile(data: follower.data).segments()
            let path =
                switch place {
                case .sealed: segments[segments.count / 2]
                case .open: try #require(segments.last)
                case .first: segments[0]
                case .snapshot: follower.data
                }
            var bytes = try LogFile.read(path)
            bytes[place == .first ? 200 : bytes.count / 3] ^= 0x10
            try LogFile.write(bytes, to: path)

            try follower.start()
            try follower.waitForLog("ERROR Damage was found and set aside: line ")
            #expect(follower.log.contains(" of \(path): expected "), "\(follower.log)")
            #expect(try follower.files(named: ".damaged-") != [])
            try leader.write(7000..<7100)
            try expectEqual(leader, follower)
            #expect(try follower.stats()["history"] == leader.stats()["history"])
            follower.stop()
            try follower.start()
            try expectEqual(leader, follower)
        }
    }

    @Test("a full disk: it is reported, the leader continues, and the follower catches up by itself", arguments: kinds)
    func full(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            try withTemporaryFolder { folder in
                let timeout = ["--replication-timeout", "2s"]
                let follower = try Replica(
                    "follower", in: place,
                    timeout + ["--mode", "follower", "--segment-size", "256K", "--retain-size", "0"]
                ).start()
                let leader = try Replica("leader", in: folder, timeout + ["--follower", follower.address]).start()
                try leader.write(0..<500, keys: 100, size: 1000)
                try waitUntilEqual(leader, follower)
                // All that is left, to the last byte.
                _ = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(place)/other", "bs=4k", "status=none"])
                try leader.write(500..<8500, keys: 100, size: 1000)
                try follower.waitForLog("WARNING Writes are refused until this passes: Disk full: ")
                // For longer than the timeout: a follower without space still sends heartbeats.
                let end = Date(timeIntervalSinceNow: 4)
                while Date() < end {
                    #expect(try leader.stats()["follower_1_state"] == "feeding", "\(leader.log)")
                    #expect(try follower.ask("GET key:1").contains(".v"))
                    usleep(200_000)
                }
                #expect(try leader.figure("follower_1_behind") > 0)
                try FileManager.default.removeItem(atPath: place + "/other")
                try waitUntilEqual(leader, follower)
                try follower.waitForLog("INFO Writes are accepted again")
                try expectEqual(leader, follower)
                #expect(leader.count(of: "no heartbeat") == 0, "\(leader.log)")
            }
        }
    }

    @Test(
        "a disk that is full before a snapshot is: the follower says so, and gets it once there is space",
        arguments: kinds)
    func fullBeforeSnapshot(kind: SmallDisk.Kind) throws {
        try SmallDisk.lend(kind) { place in
            try withTemporaryFolder { folder in
                let follower = try Replica(
                    "follower", in: place, ["--mode", "follower", "--segment-size", "256K", "--retain-size", "0"]
                ).start()
                // It keeps no merged segments, so only the snapshot has everything: some 5 MB.
                let leader = try Replica(
                    "leader", in: folder,
                    ["--segment-size", "64K", "--retain-size", "0", "--retain-age", "0"]
                ).start()
                try leader.write(0..<5000, size: 1000)
                try compact(leader, at: leader.figure("seq"))
                // There is room for a server, and less than a snapshot needs.
                _ = try ChildProcess.run([
                    "sh", "-c",
                    "head -c 2M /dev/zero >\(place)/room; "
                        + "dd if=/dev/zero of=\(place)/other bs=4k status=none; rm \(place)/room",
                ])
                #expect(try leader.ask("FOLLOWER ADD \(follower.address)") == "OK")
                try wait("the follower's complaint") {
                    follower.log.contains("No space left on device") || follower.log.contains("Disk full")
                }
                #expect(try follower.ask("PING") == "PONG")
                #expect(try leader.ask("SET x 1") == "OK", "the leader goes on")
                try FileManager.default.removeItem(atPath: place + "/other")
                try waitUntilEqual(leader, follower)
                #expect(try follower.ask("GET x") == "1")
            }
        }
    }
}
