import Foundation
import TestSupport
import Testing

/// What is made real: disks, modes, ports, limits.
@Suite("puffin-server doctor: the machine")
struct DoctorMachineTests {
    private func contents(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
    }

    @Test("before the first start it measures the disk, and leaves nothing behind")
    func fresh() throws {
        try withTemporaryFolder { folder in
            let (_, found) = try Examined.run(data: folder + "/puffin.json")
            let sync = try found("sync")
            #expect(sync.figures?["writes"].map { $0 > 0 } == true)
            #expect(sync.text.contains("durable changes/s for one client"))
            #expect(try found("files").text == "no data set yet: a start makes one")
            #expect(try found("lock").verdict == "ok")
            #expect(try found("folder").verdict == "ok")
            #expect(try found("durability").verdict == "ok")
            #expect(try found("access").text == "only this machine reaches the server")
            #expect(found.warnings == found.checks.count { $0.verdict == "warning" })
            #expect(found.checks.allSatisfy { ($0.advice == nil) == ($0.verdict == "ok") })
            #expect(try contents(folder).isEmpty)
            let page = try Document("docs/doctor.md").text
            for check in found.checks {
                #expect(page.contains("\n| \(check.check) | "), "\(check.check) in docs/doctor.md")
            }
        }
    }

    @Test("people get a line each, with what to do; warnings count where it is strict")
    func text() throws {
        try withTemporaryFolder { folder in
            let command = [
                ChildProcess.program("puffin-server"), "doctor", "--port", "0", "--data", folder + "/puffin.json",
                "--durability",
                "interval",
            ]
            let plain = try ChildProcess.run(command)
            let warning = try #require(
                plain.output.firstMatch(of: /\nwarning  durability +(interval: .*)\n +→ set .*\n/))
            #expect(warning.1.contains("the last second"))
            #expect(plain.output.contains(/\n[0-9]+ ok, [0-9]+ warnings?, [0-9]+ fails?\n$/))
            #expect(try ChildProcess.run(command + ["--strict"]).exitCode == 1)
        }
    }

    @Test(
        "wrong settings and wrong options exit with 2", arguments: [["--port", "99999"], ["--frob"], ["--ack", "x"]])
    func wrong(options: [String]) throws {
        let found = try ChildProcess.run([ChildProcess.program("puffin-server"), "doctor"] + options)
        #expect(found.exitCode == 2, "\(found.output)")
    }

    @Test("a file system in memory fails", .enabled(if: SmallDisk.isAvailable(.tmpfs)))
    func memoryDisk() throws {
        try SmallDisk.lend(.tmpfs) { place in
            let (code, found) = try Examined.run(data: place + "/puffin.json")
            #expect(code == 1 && found.verdict == "fails")
            #expect(try found("file system").verdict == "fails")
            #expect(try found("file system").text.contains("tmpfs on \(place): what is written there is lost"))
        }
    }

    @Test("a disk that is full fails, whose folder is writable", .enabled(if: SmallDisk.isAvailable(.ext4)))
    func fullDisk() throws {
        try SmallDisk.lend(.ext4) { place in
            let (_, good) = try Examined.run(data: place + "/puffin.json")
            #expect(try good("file system").verdict == "ok")
            #expect(try good("file system").text.hasPrefix("ext4, /dev/"))
            #expect(try good("space").verdict == "ok")
            _ = try ChildProcess.run(["dd", "if=/dev/zero", "of=\(place)/other", "bs=4k", "status=none"])
            let (code, found) = try Examined.run(data: place + "/puffin.json")
            #expect(code == 1)
            #expect(try found("space").verdict == "fails")
            #expect(try found("folder").verdict == "ok")
            #expect(try contents(place).sorted() == ["lost+found", "other"])
            _ = try ChildProcess.run(["mount", "-o", "remount,ro", place])
            #expect(try Examined.run(data: place + "/puffin.json").1("file system").text.hasSuffix("mounted read-only"))
        }
    }

    @Test("a folder of another user, one that others can read, and none")
    func folders() throws {
        try withTemporaryFolder { folder in
            let missing = try Examined.run(data: folder + "/none/puffin.json")
            #expect(missing.exitCode == 1)
            #expect(try missing.1("folder").advice?.contains("mkdir") == true)
            let server = try ServerProcess(data: folder + "/puffin.json")
            #expect(server.stop() == 0)
            let log = folder + "/puffin.json.log"
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: log)
            let open = try Examined.run(data: folder + "/puffin.json").1("folder")
            #expect(open.verdict == "warning" && open.advice == "chmod 700 \(log)")
            let isRoot = geteuid() == 0
            let program = try ChildProcess.copyForEveryUser(of: "puffin-server", in: folder)
            try FileManager.default.setAttributes([.posixPermissions: isRoot ? 0o755 : 0o500], ofItemAtPath: log)
            let wrapper = isRoot ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
            let (code, found) = try Examined.run(data: folder + "/puffin.json", program: program, wrapper: wrapper)
            #expect(code == 1)
            #expect(try found("folder").text.hasSuffix("cannot make files there"))
        }
    }

    @Test("a port that another program has is taken, by that program")
    func port() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let (code, found) = try Examined.run(data: folder + "/puffin.json", ["--port", "\(listener.port)"])
            #expect(code == 1)
            let port = try found("port")
            #expect(port.text.hasPrefix("127.0.0.1:\(listener.port) for clients is taken by process \(getpid()) ("))
            listener.stop()
        }
    }

    @Test("an address of another machine cannot be listened on")
    func address() throws {
        try withTemporaryFolder { folder in
            // TEST-NET-1 (RFC 5737) is nobody's.
            let (code, found) = try Examined.run(
                data: folder + "/puffin.json", ["--bind", "192.0.2.1", "--port", "8080", "--auth-mode", "open"])
            #expect(code == 1)
            #expect(try found("port").text.hasPrefix("192.0.2.1:8080 for clients cannot be listened on: "))
        }
    }

    @Test("fewer open files than clients warn")
    func limits() throws {
        try withTemporaryFolder { folder in
            let (_, found) = try Examined.run(
                data: folder + "/puffin.json", wrapper: ["sh", "-c", "ulimit -n 200; exec \"$@\"", "sh"])
            #expect(
                try found("open files").text
                    == "a server started from here may open 200 files: at most 136 of the 10000 clients of limits.clients"
            )
        }
    }
}
