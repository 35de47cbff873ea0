import Foundation
import TestSupport
import Testing

/// The prompt on a terminal.
@Suite("puffin-cli: the prompt", .serialized)
struct PromptSessionTests {
    private static let (controlC, controlD, controlR, tab, up) = ("\u{3}", "\u{4}", "\u{12}", "\t", "\u{1b}[A")

    /// Opens a prompt.
    private func prompt(_ port: UInt16, _ folder: String, _ more: [String: String] = [:]) throws -> TerminalProcess {
        let environment = ["XDG_STATE_HOME": folder + "/state", "TERM": "xterm", "NO_COLOR": "1", "PUFFIN_HISTORY": ""]
        return try TerminalProcess(
            [ChildProcess.program("puffin-cli"), "-addr", "127.0.0.1:\(port)"],
            environment: environment.merging(more) { $1 })
    }

    @Test("a session: replies, errors, help, completion, hints, a line given up, the end")
    func session() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let prompt = try prompt(server.port, folder)
            func expect(_ text: String) { #expect(prompt.expect(text), "\(text): \(prompt.screen)") }
            func enter(_ keys: String, _ reply: String) {
                expect("127.0.0.1:\(server.port) leader> ")
                prompt.type(keys + "\r")
                expect("\n" + reply + "\n")
            }
            enter("SET greeting Hallo, Wörld!", "OK")
            enter("GET greeting", "Hallo, Wörld!")
            enter("get gre\(Self.tab)", "Hallo, Wörld!")
            enter("cou\(Self.tab)", "1")
            enter("GET missing", "ERROR: Key not found")
            enter("SET \"two words\" \"a\\nb\\u001b[31m\"", "OK")
            enter("GET \"two words\"", "\"a\\nb\\u001b[31m\"")
            enter("keys none*", "(empty list)")
            enter("gett x", "ERROR: unknown command 'gett', with args beginning with: 'x'; did you mean GET?")
            enter("SETNX k", "ERROR: SETNX needs a key and a value: SETNX <key> <value>")
            enter("help setnx", "SETNX <key> <value>")
            expect("leader> ")
            prompt.type("MGET \(Self.tab)")
            expect("\nMGET <key> …\n")
            prompt.type("nonsense\(Self.controlC)")
            expect("^C\n")
            enter("\(Self.up)", "SETNX <key> <value>")
            enter("\(Self.controlR)Hallo\r", "OK")
            expect("leader> ")
            prompt.type("FLUSHALL\r")
            expect("FLUSHALL removes all 2 pairs at 127.0.0.1:\(server.port). Continue? [y/N] ")
            prompt.type("n\r")
            expect("Nothing was removed.")
            expect("leader> ")
            prompt.type(Self.controlD)
            #expect(prompt.wait() == 0)
            #expect(!prompt.output.contains("\u{1b}[0;3"), "there are colours in spite of NO_COLOR")
        }
    }

    @Test(
        "a transaction is this connection's: nothing but what is typed is queued, and a new connection does not watch")
    func transactions() throws {
        try withTemporaryFolder { folder in
            let port = lastingPort()
            let options = ["--port", "\(port)", "--data", folder + "/puffin.json"]
            var server = try ServerProcess(arguments: options)
            let prompt = try prompt(port, folder)
            func enter(_ keys: String, _ reply: String) {
                #expect(prompt.expect("127.0.0.1:\(port) leader> "), "\(keys): \(prompt.screen)")
                prompt.type(keys + "\r")
                #expect(prompt.expect("\n" + reply + "\n"), "\(reply): \(prompt.screen)")
            }
            enter("MULTI", "OK")
            enter("SET a 1", "QUEUED")
            // Completion asks nothing of the server.
            enter("INCR a\(Self.tab)", "QUEUED")
            enter("gett", "ERROR: unknown command 'gett', with args beginning with:")
            enter("EXEC", "ERROR: EXECABORT Transaction discarded because of previous errors.")
            enter("MULTI", "OK")
            enter("SET a 1", "QUEUED")
            enter("INCR a", "QUEUED")
            enter("MGET a none", "QUEUED")
            enter("WAIT 0 100", "QUEUED")
            enter("EXEC", "OK\n2")
            enter("WATCH a", "OK")
            enter("GET a", "2")
            #expect(try server.connect().ask("SET a 3") == "OK")
            enter("MULTI", "OK")
            enter("SET a 4", "QUEUED")
            enter("EXEC", "ERROR: Not run: a watched key has changed")
            enter("WATCH a", "OK")
            #expect(prompt.expect("leader> "))
            server.kill()
            server = try ServerProcess(arguments: options)
            prompt.type("MULTI\r")
            #expect(prompt.expect("it has forgotten the watched keys"), "\(prompt.screen)")
            prompt.type("GET a\r")
            #expect(prompt.expect("\n3\n"), "\(prompt.screen)")
            prompt.type("exit\r")
            #expect(prompt.wait() == 0 && server.stop() == 0)
        }
    }

    @Test("a server that goes and comes back, and one that follows")
    func reconnect() throws {
        try withTemporaryFolder { folder in
            let port = lastingPort()
            let options = ["--port", "\(port)", "--data", folder + "/puffin.json"]
            var server = try ServerProcess(arguments: options)
            let prompt = try prompt(port, folder, ["NO_COLOR": ""])
            func expect(_ text: String) { #expect(prompt.expect(text), "\(text): \(prompt.screen)") }
            expect("leader> ")
            prompt.type("SET a 1\r")
            expect("\nOK\n")
            server.kill()
            prompt.type("GET a\r")
            expect("puffin-cli: cannot connect to 127.0.0.1:\(port): ")
            expect("127.0.0.1:\(port) (not connected)> ")
            server = try ServerProcess(arguments: options)
            prompt.type("GET a\r")
            expect("\n1\n")
            expect("127.0.0.1:\(port) leader> ")
            prompt.type("DEMOTE\r")
            expect("127.0.0.1:\(port) follower> ")
            prompt.type("exit\r")
            #expect(prompt.wait() == 0)
            #expect(prompt.output.contains("\u{1b}[0;3"), "there are no colours")
            #expect(server.stop() == 0)
        }
    }

    @Test("the history is kept for its owner alone, without secrets, unless it is off")
    func history() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let file = folder + "/state/puffin/history"
            for (history, isKept) in [("off", false), ("", true)] {
                let prompt = try prompt(server.port, folder, ["PUFFIN_HISTORY": history])
                for line in ["SET a 1", "AUTH hunter2", "SET user:password x", " SET hidden 1", "GET a"] {
                    #expect(prompt.expect("> "))
                    prompt.type(line + "\r")
                }
                #expect(prompt.expect("\n1\n"), "\(prompt.screen)")
                prompt.type("exit\r")
                #expect(prompt.wait() == 0)
                #expect(FileManager.default.fileExists(atPath: file) == isKept)
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "SET a 1\nGET a\nexit\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            // The history is there the next time.
            let prompt = try prompt(server.port, folder)
            #expect(prompt.expect("> "))
            prompt.type(Self.up + Self.up + "\r")
            #expect(prompt.expect("\n1\n"), "\(prompt.screen)")
        }
    }

    @Test("a terminal that cannot move its cursor is enough")
    func dumb() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let prompt = try prompt(server.port, folder, ["TERM": "dumb", "NO_COLOR": ""])
            #expect(prompt.expect("leader> "))
            prompt.type("SET a 1\r")
            #expect(prompt.expect("OK\n"), "\(prompt.screen)")
            prompt.type("\(Self.controlD)")
            #expect(prompt.wait() == 0)
            #expect(!prompt.output.contains("\u{1b}"), "\(prompt.output)")
        }
    }
}
