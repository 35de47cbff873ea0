import Foundation
import TestSupport
import Testing

/// The commands of puffin-cli about roles.
@Suite("puffin-cli role, handover, promote, follow, demote", .serialized)
struct RoleCommandTests {
    private func run(_ arguments: String...) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run([ChildProcess.program("puffin-cli")] + arguments)
    }

    @Test("a handover, and the roles before and after it")
    func handover() throws {
        try withReplicas(1) { (leader, followers) throws in
            let follower = followers[0]
            #expect(try leader.ask("SET a 1", "WAITAOF 1 1 20000") == ["OK", "1"])
            #expect(
                try run("-addr", leader.address, "role") == (
                    0, "leader, change 1\nfollower \(follower.address), acknowledged change 1\n"
                ))
            #expect(
                try run("role", "--addr", follower.address) == (
                    0, "follower of \(leader.address), connected, change 1\n"
                ))
            #expect(
                try run("--addr", leader.address, "handover", follower.address, "--within", "20s") == (0, "OK\n"))
            #expect(try follower.ask("SET a 2", "WAITAOF 1 1 20000") == ["OK", "1"])
            #expect(
                try run("--addr", follower.address, "role") == (
                    0, "leader, change 2\nfollower \(leader.address), acknowledged change 2\n"
                ))
        }
    }

    @Test("promote, follow and demote address the server of --addr")
    func others() throws {
        try withReplicas(1) { (leader, followers) throws in
            let follower = followers[0]
            leader.process.kill()
            try follower.wait(for: "leader_link", toBe: "down")
            #expect(try run("promote", "--addr", follower.address) == (0, "OK\n"))
            try leader.start()
            #expect(try run("follow", follower.address, "--addr", leader.address) == (0, "OK\n"))
            try leader.wait(for: "leader_link", toBe: "up")
            #expect(try run("demote", "--addr", follower.address) == (0, "OK\n"))
            #expect(
                try run("role", "--addr", follower.address).output.hasPrefix("follower of "))
            #expect(try run("promote", "--force", "--addr", follower.address) == (0, "OK\n"))
        }
    }

    @Test("what the server refuses is an error of exit code 1")
    func refused() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(
                try run("--addr", leader.address, "promote") == (1, "ERROR: This server is the leader already\n"))
            #expect(
                try run("--addr", leader.address, "handover", "localhost:1") == (
                    1, "ERROR: No follower at localhost:1; there is \(followers[0].address)\n"
                ))
            #expect(
                try run("--addr", leader.address, "follow", leader.address) == (
                    1, "ERROR: \(leader.address) is this server itself\n"
                ))
            followers[0].process.process.send(SIGSTOP)
            #expect(try leader.ask("SET a 1") == ["OK"])
            #expect(
                try run("--addr", leader.address, "handover", followers[0].address, "--within", "300ms") == (
                    1,
                    "ERROR: Not handed over: \(followers[0].address) has acknowledged change 0 of 1 in the time allowed; "
                        + "this server is the leader as before\n"
                ))
            followers[0].process.process.send(SIGCONT)
        }
    }

    @Test("without a server, or with wrong words, it is 2")
    func usage() throws {
        let nobody = "127.0.0.1:\(freePort())"
        let role = try run("--addr", nobody, "role")
        #expect(role.exitCode == 2 && role.output.hasPrefix("puffin-cli: cannot connect to \(nobody): "))
        for arguments in [
            ["handover"], ["handover", "x:y"], ["handover", "localhost:1", "--within", "soon"], ["follow"],
            ["follow", "[::1"], ["promote", "now"],
        ] {
            let result = try ChildProcess.run([ChildProcess.program("puffin-cli")] + arguments)
            #expect(
                result.exitCode == 2 && result.output.contains("(see puffin-cli \(arguments[0]) --help)"),
                "\(arguments): \(result.output)")
        }
        let help = try run("--help").output
        for name in ["role", "handover", "promote", "follow", "demote"] {
            #expect(help.contains("  \(name) "), "\(help)")
        }
    }
}
