import Foundation
import Server
import TestSupport
import Testing

/// docs/openapi.json, and what the server says of itself.
@Suite("The description of the interface")
struct APIDescriptionTests {
    private func description() throws -> [String: Any] {
        let data = Data(try Project.text("docs/openapi.json").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("it has the routes of the server, all of them and no others")
    func routes() throws {
        let description = try description()
        #expect(description["openapi"] as? String == "3.1.0")
        let paths = try #require(description["paths"] as? [String: [String: Any]])
        let operations = paths.flatMap { path, items in
            items.keys.filter { !["parameters", "head"].contains($0) }.map { "\($0.uppercased()) \(path)" }
        }
        #expect(operations.sorted() == HTTPRoutes.names.sorted())
    }

    @Test("its parameters are those that the routes know")
    func parameters() throws {
        let paths = try #require(try description()["paths"] as? [String: [String: Any]])
        for (name, known) in HTTPRoutes.parameters {
            let words = name.split(separator: " ")
            let operation = try #require(paths[String(words[1])]?[words[0].lowercased()] as? [String: Any])
            let listed = (operation["parameters"] as? [[String: Any]] ?? []).filter { $0["in"] as? String == "query" }
            #expect(listed.compactMap { $0["name"] as? String }.sorted() == known.sorted(), "\(name)")
        }
    }

    @Test("the server has it, and a page for each problem that it names")
    func served() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let answer = try server.get("/v1/openapi.json")
            #expect(try answer.status == 200 && answer.body == Project.text("docs/openapi.json"))
            #expect(answer.headers["content-type"] == "application/json")
            for name in HTTPRoutes.problems {
                let page = try server.get("/v1/problems/\(name)")
                #expect(page.status == 200 && page.body.split(separator: "\n").count == 2, "\(name)")
            }
            #expect(try server.get("/v1/problems/none").status == 404)
            #expect(try server.get("/v1/problems/").status == 404)
        }
    }

    @Test("a head that does not get whole, and a body that is silent, get 408")
    func late() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedThread(data: folder + "/puffin.json") { configuration in
                (configuration.http.headTime, configuration.http.silentTime) = (50, 50)
            }
            defer { server.stop() }
            for start in ["GET /v1/ke", "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na"] {
                let client = try server.client()
                try client.connection.send(start)
                let answer = try client.answer()
                #expect(answer.status == 408 && answer.headers["connection"] == "close", "\(start)")
                #expect(try client.connection.receiveAll() == "")
            }
            // One that is silent between requests is closed without a word.
            let client = try server.client()
            #expect(try client.ask("/healthz").status == 200)
            #expect(try client.connection.receiveAll() == "")
        }
    }

    @Test("the commands of docs/http.md print what it shows", .enabled(if: PeerProgram.areThere("curl")))
    func document() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let blocks = try Project.text("docs/http.md").components(separatedBy: "```")
            var count = 0
            for block in stride(from: 1, to: blocks.count, by: 2).map({ blocks[$0] }) {
                for part in block.components(separatedBy: "\n$ ").dropFirst() {
                    let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
                    guard lines[0].hasPrefix("curl") || lines[0].hasPrefix("for") else { continue }
                    let command = lines[0].replacingOccurrences(
                        of: "localhost:9090", with: "localhost:\(server.metricsPort)")
                    let expected = lines.dropFirst().joined(separator: "\n").trimmingCharacters(in: .newlines)
                    let output = try ChildProcess.run(["sh", "-c", command]).output
                    #expect(output.trimmingCharacters(in: .newlines) == expected, "\(command)")
                    count += 1
                }
            }
            #expect(count >= 15)
        }
    }
}
