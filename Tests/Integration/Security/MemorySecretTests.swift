import Foundation
import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// Which secrets a core dump of a server would show: its memory is searched as it is after logins, and after other requests.
@Suite("Secrets in memory")
struct MemorySecretTests {
    /// The writable memory of a process, which is what a core dump has. A parent may read it.
    private func memory(of id: pid_t) throws -> [UInt8] {
        let maps = try String(contentsOfFile: "/proc/\(id)/maps", encoding: .utf8)
        let file = try #require(FileHandle(forReadingAtPath: "/proc/\(id)/mem"))
        defer { try? file.close() }
        var bytes: [UInt8] = []
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields[1].hasPrefix("rw"), fields.count < 6 || !fields[5].hasPrefix("[v") else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            try file.seek(toOffset: ends[0])
            bytes += try file.read(upToCount: Int(ends[1] - ends[0])) ?? Data()
        }
        return bytes
    }

    /// How often a text is in the memory.
    private func count(_ text: String, in memory: [UInt8]) -> Int {
        let data = Data(memory)
        let wanted = Data(text.utf8)
        var (count, place) = (0, data.startIndex)
        while let range = data.range(of: wanted, in: place..<data.endIndex) {
            count += 1
            place = range.upperBound
        }
        return count
    }

    @Test("passwords and tokens of users are not in memory once they were checked and other requests have come")
    func planted() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json", ["--durability", "never", "--metrics", "--metrics-port", "0"])
            let administrator = try secured.connect()
            var secrets: [String: String] = [:]
            for name in ["lines", "array", "hello", "basic", "wrong", "removed", "hashed", "pipelined"] {
                secrets[name] = "planted-\(name)-\(UInt64.random(in: 1 << 60...UInt64.max))"
            }
            for name in ["lines", "array", "hello", "basic", "removed", "pipelined"] {
                try administrator.expect("ACL SETUSER \(name) on +@all ~*\n", "OK\n")
                try administrator.expect(resp("ACL", "SETUSER", name, ">" + secrets[name]!), "+OK\r\n")
            }
            try administrator.expect(
                "ACL SETUSER hashed on +@all ~* #\(Digests.hexadecimal(secrets["hashed"]!))\n", "OK\n")
            try administrator.expect(resp("ACL", "SETUSER", "removed", "<" + secrets["removed"]!), "+OK\r\n")
            secrets["token"] = try administrator.ask("ACL TOKEN lines")
            func client(_ request: String, _ reply: String) throws -> WireConnection {
                let connection = try secured.server.connect()
                try connection.send(request)
                #expect(try connection.receiveLine().hasPrefix(reply))
                return connection
            }
            var clients = [
                try client("AUTH lines \"\(secrets["lines"]!)\"\n", "OK"),
                try client(resp("AUTH", "array", secrets["array"]!), "+OK"),
                try client(resp("HELLO", "3", "AUTH", "hello", secrets["hello"]!), "%"),
                try client(resp("AUTH", "array", secrets["wrong"]!), "-WRONGPASS"),
                try client(resp("AUTH", secrets["token"]!), "+OK"),
                try client(resp("AUTH", "hashed", secrets["hashed"]!), "+OK"),
                try client(resp("AUTH", "pipelined", secrets["pipelined"]!) + resp("SET", "a", "1"), "+OK"),
            ]
            let port = try #require(
                secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
            let login = Data("basic:\(secrets["basic"]!)".utf8).base64EncodedString()
            let http = try WireConnection(port: port)
            try http.send(
                "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic \(login)\r\n\r\n")
            #expect(try http.receiveAll().hasPrefix("HTTP/1.1 200"))
            secrets["basic, encoded"] = String(login.dropFirst(12).prefix(20))
            let before = try memory(of: secured.server.process.id)
            // A large request goes through the buffers that the secrets have come through.
            let value = String(repeating: "v", count: 200_000)
            for _ in 0..<3 {
                try administrator.expect(resp("SET", "large", value), "+OK\r\n")
                for client in clients.dropFirst() where client !== clients[3] { try client.send(resp("GET", "large")) }
                try administrator.expect(resp("GET", "large"), "$200000\r\n\(value)\r\n")
            }
            clients.removeAll()
            let after = try memory(of: secured.server.process.id)
            for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
                print(
                    "\(name): \(count(secret, in: before)) times after the login, \(count(secret, in: after)) after others"
                )
            }
            print(
                "auth.password: \(count(SecuredServer.password, in: before)), \(count(SecuredServer.password, in: after))"
            )
            // What was written in quotes in a line is unquoted in a buffer of the connection's parser, which is not overwritten.
            for (name, secret) in secrets where name != "lines" {
                #expect(count(secret, in: after) == 0, "\(name)")
            }
        }
    }
}
