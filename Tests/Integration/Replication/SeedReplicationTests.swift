import Foundation
import TestSupport
import Testing

/// The README that this project started from: its leader, its follower, and its session.
@Suite("The seed's replication session", .serialized)
struct SeedReplicationTests {
    private func cli(_ arguments: String...) throws -> String {
        try ChildProcess.run([ChildProcess.program("puffin-cli")] + arguments).output
    }

    @Test(
        "a leader with a follower, started in either order, and the session through puffin-cli",
        arguments: [true, false])
    func session(followerIsFirst: Bool) throws {
        try withTemporaryFolder { folder in
            // Its command lines, but for the ports: 8080 and 8081 are somebody's.
            let (leaderPort, followerPort) = (freePort(), freePort())
            let startLeader = {
                try ServerProcess(
                    arguments: [
                        "-port", ":\(leaderPort)", "-data", "mystore.json", "-follower", "localhost:\(followerPort)",
                    ],
                    in: folder)
            }
            let startFollower = {
                try ServerProcess(
                    arguments: ["-port", ":\(followerPort)", "-data", "follower.json", "-mode", "follower"], in: folder)
            }
            let first = try followerIsFirst ? startFollower() : startLeader()
            let second = try followerIsFirst ? startLeader() : startFollower()
            let (leader, follower) = ("localhost:\(leaderPort)", "localhost:\(followerPort)")

            #expect(try cli("-addr", leader, "set", "greeting", "Hello, distributed world!") == "OK\n")
            #expect(try cli("-addr", leader, "get", "greeting") == "Hello, distributed world!\n")
            try AdminServer.wait(for: "the greeting") {
                try cli("-addr", follower, "get", "greeting") == "Hello, distributed world!\n"
            }
            #expect(try cli("-addr", leader, "delete", "greeting") == "OK\n")
            try AdminServer.wait(for: "its deletion") {
                try cli("-addr", follower, "get", "greeting") == "ERROR: Key not found\n"
            }
            #expect(first.stop() == 0)
            #expect(second.stop() == 0)
        }
    }

    @Test("a leader without followers is an ordinary server, and gets one later")
    func later() throws {
        try withTemporaryFolder { folder in
            let leader = try AdminServer(folder + "/puffin.json")
            #expect(try leader.ask("SET greeting Hello") == ["OK"])
            let follower = try AdminServer(folder + "/follower.json", ["-mode", "follower"])
            #expect(try leader.ask("FOLLOWER ADD \(follower.address)", "WAIT 1 20000") == ["OK", "1"])
            #expect(try follower.ask("GET greeting") == ["Hello"])
        }
    }
}
