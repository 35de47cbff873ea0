import Foundation
import TestSupport
import Testing

/// The system's limits on a server: too low a limit is reported at the start, or refused where it matters, and never
/// ends the server silently.
@Suite("Limits of the system")
struct SystemLimitTests {
    @Test("where no thread can be made: 4, and which limit it is")
    func threads() throws {
        try withTemporaryFolder { folder in
            let program = try ChildProcess.copyForEveryUser(of: "puffin-server", in: folder)
            let data = folder + "/data"
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: data)
            // Limits on processes do not apply to root.
            let user =
                geteuid() == 0 ? ["setpriv", "--reuid", "65533", "--regid", "65534", "--clear-groups"] : []
            let failure = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(
                    data: data + "/puffin.json",
                    wrapper: user + ["prlimit", "--nproc=1", "sh", "-c", "shift; exec '\(program)' \"$@\"", "sh"])
            }
            #expect(failure.exitCode == 4)
            #expect(
                failure.log.contains("CRITICAL Cannot make a thread: Resource temporarily unavailable"),
                "\(failure.log)")
            #expect(
                failure.log.contains("raise the limit (ulimit -u, TasksMax= of a systemd unit, pids.max of a cgroup)"))
        }
    }

    @Test("under a limit of file sizes it starts and says so, refuses what fits into no file, and keeps all else")
    func fileSize() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let wrapper = ["prlimit", "--fsize=300000"]
            let server = try ServerProcess(data: data, ["--compact-ratio", "0"], wrapper: wrapper)
            #expect(
                server.log.contains(
                    "WARNING The system lets this process write no file of more than 300000 bytes (ulimit -f)"))
            let client = try server.connect()
            let refusal = try client.ask("SET large \(String(repeating: "v", count: 299_000))")
            #expect(refusal.hasPrefix("ERROR: File too large: \(data).log may have 300000 bytes"), "\(refusal)")
            #expect(refusal.contains("ulimit -f, LimitFSIZE="))
            for number in 0..<100 {
                #expect(try client.ask("SET key:\(number) \(String(repeating: "v", count: 10_000))") == "OK")
            }
            // The snapshot would be larger.
            #expect(try client.ask("COMPACT").hasPrefix("OK"))
            #expect(server.process.waitForOutput(containing: "Compaction failed and has changed nothing: "))
            #expect(server.log.contains("File too large (errno 27); raise the system's limit on file sizes"))
            #expect(try client.ask("SET after it") == "OK")
            server.kill()
            let next = try ServerProcess(data: data, ["--compact-ratio", "0"], wrapper: wrapper)
            #expect(try next.connect().ask("COUNT") == "101")
            #expect(next.stop() == 0)

            let failure = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(data: data, wrapper: ["prlimit", "--fsize=20000"])
            }
            #expect(failure.exitCode == 4)
            #expect(failure.log.contains("CRITICAL Cannot write files of more than 20000 bytes"), "\(failure.log)")
        }
    }
}
