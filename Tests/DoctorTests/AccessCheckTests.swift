import Doctor
import Testing

@Suite("doctor: network, access, settings")
struct AccessCheckTests {
    private func port(
        taken: Bool, owner: (process: Int, program: String?)? = nil, holder: Int? = nil, problem: String? = "in use"
    ) -> Finding {
        PortReading(
            purpose: "clients", flag: "--port", address: "127.0.0.1:8080", problem: problem, isTaken: taken,
            owner: owner,
            holder: holder
        ).finding
    }

    @Test("a port is free, the running server's, or taken")
    func ports() {
        #expect(port(taken: false, problem: nil).text == "127.0.0.1:8080 for clients is free")
        #expect(port(taken: true, owner: (12, "puffin-server"), holder: 12).verdict == .ok)
        #expect(port(taken: true, holder: 12).verdict == .ok, "the owner is not known, and the data set is in use")
        let taken = port(taken: true, owner: (13, "nginx"), holder: 12)
        #expect(taken.verdict == .failure && taken.text.hasSuffix("is taken by process 13 (nginx)"))
        #expect(port(taken: true).text.hasSuffix("is taken by another program"))
        #expect(port(taken: false, problem: "Permission denied").verdict == .failure)
    }

    @Test("listeners in the kernel's table")
    func listeners() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
               1: 0100007F:1F90 0100007F:E000 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 20 4 30 10 -1
               2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0

            """
        #expect(PortReading.listeners(on: 8080, in: table) == [4711])
        #expect(PortReading.listeners(on: 8081, in: table) == [4713])
        #expect(PortReading.listeners(on: 8082, in: table).isEmpty)
    }

    private func access(_ change: (inout AccessReading) -> Void) -> Finding {
        var reading = AccessReading()
        reading.hasUsers = false
        change(&reading)
        expectAdvice(reading.finding)
        return reading.finding
    }

    @Test("a server that others reach needs a way to log in")
    func exposed() {
        #expect(access { _ in }.verdict == .ok)
        #expect(access { $0.exposed = "0.0.0.0:8080" }.verdict == .failure)
        #expect(access { $0.exposed = "0.0.0.0:8080" }.text.contains("it does not start"))
        #expect(access { ($0.exposed, $0.hasUsers) = ("0.0.0.0:8080", nil) }.verdict == .warning)
        #expect(access { ($0.exposed, $0.mode) = ("0.0.0.0:8080", .open) }.verdict == .warning)
        #expect(access { ($0.exposed, $0.hasPassword, $0.allowsPlain) = ("x:1", true, false) }.verdict == .ok)
        #expect(access { ($0.exposed, $0.hasPassword) = ("x:1", true) }.text.contains("TLS is optional"))
        #expect(access { ($0.exposed, $0.hasUsers, $0.allowsPlain) = ("x:1", true, false) }.verdict == .ok)
        #expect(access { ($0.exposed, $0.trustsCertificates, $0.allowsPlain) = ("x:1", true, false) }.verdict == .ok)
    }

    @Test("no way to log in, and followers that cannot know this server")
    func required() {
        #expect(access { $0.mode = .required }.text.contains("allows a login"))
        #expect(access { ($0.mode, $0.hasUsers) = (.required, nil) }.verdict == .ok)
        #expect(access { ($0.hasPassword, $0.hasFollowers) = (true, true) }.verdict == .failure)
        #expect(access { ($0.hasPassword, $0.hasFollowers, $0.hasSecret) = (true, true, true) }.verdict == .ok)
        #expect(access { $0.hasFollowers = true }.verdict == .ok, "nobody must log in")
    }

    private func certificate(days: Int, problem: String? = nil, warnings: [String] = []) -> Finding {
        CertificateReading(
            file: "server.pem", problem: problem, notAfter: 1_000_000 + days * 86_400, warnings: warnings,
            now: 1_000_000
        ).finding
    }

    @Test("a certificate that ends within two weeks warns, one that has ended fails")
    func certificates() {
        #expect(certificate(days: 15).text == "server.pem is valid for 15 days")
        #expect(certificate(days: 13).verdict == .warning)
        #expect(certificate(days: 0).verdict == .failure)
        #expect(certificate(days: 90, warnings: ["no names"]).verdict == .warning)
        #expect(certificate(days: 90, problem: "no such file").verdict == .failure)
    }

    private func settings(_ change: (inout SettingsReading) -> Void) -> [Verdict] {
        var reading = SettingsReading()
        change(&reading)
        reading.findings.forEach { expectAdvice($0) }
        return reading.findings.map(\.verdict)
    }

    @Test("relaxed durability warns, and acknowledgements that nobody can give fail")
    func promises() {
        #expect(settings { _ in } == [.ok, .ok])
        #expect(settings { $0.durability = "interval" } == [.ok, .warning])
        #expect(settings { $0.durability = "never" } == [.ok, .warning])
        #expect(settings { $0.refusals = ["no secret"] } == [.failure, .ok])
        #expect(settings { $0.acknowledgements = 1 } == [.ok, .ok, .failure])
        #expect(settings { ($0.acknowledgements, $0.followers) = (2, 2) } == [.ok, .ok, .ok])
        #expect(settings { ($0.acknowledgements, $0.isFollower) = (1, true) } == [.ok, .ok, .ok])
        #expect(settings { $0.acknowledgements = nil } == [.ok, .ok, .warning])
        #expect(settings { ($0.acknowledgements, $0.followers) = (nil, 1) } == [.ok, .ok, .ok])
    }

    @Test("a follower answers, does not, or answers as no server does")
    func followers() {
        func follower(_ problem: String?, isReached: Bool) -> Finding {
            FollowerReading(address: "b:8080", problem: problem, isReached: isReached).finding
        }
        #expect(follower(nil, isReached: true).text == "b:8080 answers")
        #expect(follower("Connection refused", isReached: false).advice.contains("firewall"))
        #expect(follower("it is not a Puffin server", isReached: true).advice.contains("TLS"))
    }
}
