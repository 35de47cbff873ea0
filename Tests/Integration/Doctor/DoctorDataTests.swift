import Foundation
import TestSupport
import Testing

/// What is found in the files, the settings and the network.
@Suite("puffin-server doctor: the data and the settings")
struct DoctorDataTests {
    /// A data set of several segments, as a server has left it.
    private func withData(_ body: (_ data: String, LogFile) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data, ["--segment-size", "4K", "--compact-ratio", "0"])
            let client = try server.connect()
            for number in 0..<20 {
                #expect(try client.ask("SET key:\(number) \(String(repeating: "v", count: 1000))") == "OK")
            }
            #expect(server.stop() == 0)
            try body(data, LogFile(data: data))
        }
    }

    private func damage(_ path: String, at offset: Int) throws {
        var bytes = try LogFile.read(path)
        bytes[offset] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test("beside a server it says which process that is, and changes nothing")
    func beside() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            let client = try server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            let before = try LogFile(data: data).names()
            let (_, found) = try Examined.run(data: data, ["--port", "\(server.port)"])
            #expect(try found("lock").figures?["process"] == Int(server.process.id))
            #expect(try found("lock").text.contains("(puffin-server)"))
            #expect(try found("port").text.hasSuffix("is in use, as the data set is, by process \(server.process.id)"))
            #expect(try found("port").verdict == "ok")
            #expect(try found("files").text.contains("changes to 1 in 1 segment"))
            #expect(try found("open files").text.hasPrefix("process \(server.process.id) may open "))
            #expect(try LogFile(data: data).names() == before)
            #expect(try client.ask("SET a 2") == "OK")
            #expect(server.stop() == 0)
            #expect(try Examined.run(data: data).1("lock").text == "no server uses this data set")
        }
    }

    @Test("damage at the open end is found at once, older damage by --deep")
    func damaged() throws {
        try withData { data, log in
            #expect(
                try Examined.run(data: data, ["--deep"]).1("files").text.hasPrefix("every line is sound: changes to 20")
            )
            let first = try #require(try log.segments().first)
            try damage(first, at: 700)
            let (_, quick) = try Examined.run(data: data)
            #expect(try quick("files").verdict == "ok")
            #expect(try quick("files").text.contains("--deep reads every line"))
            let (code, deep) = try Examined.run(data: data, ["--deep"])
            #expect(code == 1)
            #expect(try deep("files").text.hasPrefix("\(first), line 2, byte "))
            try damage(try log.lastSegment(), at: 3)
            #expect(try Examined.run(data: data).1("files").verdict == "fails")
        }
    }

    @Test("a log whose last segment is gone is shorter than it was")
    func missing() throws {
        try withData { data, log in
            try FileManager.default.removeItem(atPath: try log.lastSegment())
            let (code, found) = try Examined.run(data: data)
            #expect(code == 1)
            #expect(try found("files").text.hasSuffix(" to 20 are missing"))
        }
    }

    @Test("a file of another version, and what was set aside")
    func others() throws {
        try withData { data, log in
            let aside = try log.lastSegment() + ".diverged-1764000000123"
            try Data("{}\n".utf8).write(to: URL(fileURLWithPath: aside))
            let (_, found) = try Examined.run(data: data)
            #expect(try found("set aside").verdict == "warning")
            #expect(try found("set aside").text == "1 file, 3 bytes: \(aside)")
            try Data("{\"puffin\":\"snapshot\",\"version\":3,\"seq\":1}\n".utf8).write(to: URL(fileURLWithPath: data))
            let version = try Examined.run(data: data).1("files")
            #expect(version.verdict == "fails" && version.advice == "use the Puffin that wrote it")
        }
    }

    @Test("a torn end is no failure: the next start sets it aside")
    func torn() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            #expect(try server.connect().ask("SET a 1") == "OK")
            server.kill()
            let segment = try LogFile(data: data).lastSegment()
            var bytes = try LogFile.content(of: segment)
            bytes += Array("{\"seq\":2,\"ts\":1764000000123,\"op\":\"set\",\"ke".utf8)
            try Data(bytes).write(to: URL(fileURLWithPath: segment))
            let (_, found) = try Examined.run(data: data)
            #expect(try found("files").verdict == "warning")
            #expect(try found("files").text.hasSuffix("behind them 42 bytes of a write that was cut short"))
        }
    }

    @Test("a newest change ahead of the clock warns")
    func clock() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let tomorrow: @Sendable () -> UInt64 = { UInt64((Date().timeIntervalSince1970 + 86_400) * 1e6) }
            let server = try ServerThread(data: data, wallClock: tomorrow)
            #expect(try server.connect().ask("SET a 1") == "OK")
            #expect(server.stop() == nil)
            let clock = try Examined.run(data: data).1("clock")
            #expect(clock.verdict == "warning")
            #expect(clock.text.contains(/^the newest change is stamped 8[56][0-9]{3} s ahead of this machine's clock$/))
        }
    }

    @Test("a server that others reach without a password does not start, and users of the data set are known")
    func exposed() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let open = ["--bind", "0.0.0.0"]
            let (code, found) = try Examined.run(data: data, open)
            #expect(code == 1)
            #expect(
                try found("access").text.hasSuffix("no password, no user and no client certificate: it does not start"))
            let server = try ServerProcess(data: data)
            #expect(try server.connect().ask("ACL SETUSER ada on >a-long-password role:admin") == "OK")
            #expect(server.stop() == 0)
            let access = try Examined.run(data: data, open).1("access")
            #expect(access.verdict == "warning" && access.text.contains("TLS is optional"))
        }
    }

    @Test("a certificate makes it safe, one that ends soon warns, and a wrong one fails")
    func certificates() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let wrapper = ["env", "PUFFIN_AUTH_PASSWORD=a-long-password"]
            let data = folder + "/puffin.json"
            let (_, good) = try Examined.run(data: data, ["--bind", "0.0.0.0"] + files.options(), wrapper: wrapper)
            #expect(try good("access").text.hasSuffix(", with TLS"))
            #expect(try good("certificate").verdict == "ok")
            try files.write(files.make("server", validity: -3600...86_400 * 3 - 3600), as: "soon")
            #expect(
                try Examined.run(data: data, files.options("soon")).1("certificate").text.hasSuffix("ends in 2 days"))
            try files.write(files.make("server", validity: -7200 ... -3600), as: "ended")
            #expect(try Examined.run(data: data, files.options("ended")).1("certificate").text.hasSuffix("has expired"))
            let (code, found) = try Examined.run(data: data, files.options("none"))
            #expect(code == 1)
            #expect(try found("certificate").text.contains("none.crt"))
        }
    }

    @Test("followers are asked, and acknowledgements need them")
    func followers() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"])
            let (_, found) = try Examined.run(data: data, ["--follower", "localhost:\(follower.port)", "--ack", "one"])
            #expect(try found("follower").text == "localhost:\(follower.port) answers")
            #expect(try found("acknowledgements").verdict == "ok")
            #expect(follower.stop() == 0)
            let (_, gone) = try Examined.run(data: data, ["--follower", "localhost:\(follower.port)"])
            #expect(try gone("follower").verdict == "warning")
            let (code, alone) = try Examined.run(data: data, ["--ack", "2"])
            #expect(code == 1)
            #expect(try alone("acknowledgements").text.hasPrefix("replication.ack wants 2 followers, and 0 are named"))
        }
    }
}
