import Server
import Store
import TestSupport
import Testing
import Wire

/// EVAL, EVALSHA and SCRIPT over socket pairs, turn by turn.
@Suite("Scripts")
struct ScriptCommandTests {
    private let stepped: SteppedServer
    private let client: SteppedClient

    init() throws {
        stepped = try SteppedServer(durability: .never) { $0.limits.keySize = 100 }
        client = try SteppedClient(stepped)
    }

    private func check(_ requests: [(words: [String], reply: String)]) throws {
        for (words, reply) in requests {
            try client.send("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
            stepped.turn(2)
            let found = client.take()
            #expect(found == reply, "\(words): \(found)")
        }
    }

    private static let release = LibraryScript.all[0].text
    private static let releaseTellingMissing = LibraryScript.all[3].text

    @Test("a lock is released by its holder alone, and a missing one is told apart where the script does so")
    func release() throws {
        for library in LibraryScript.all where library.script != .deleteIfEqual(missing: -1) {
            try check([
                (["SET", "lock", "token"], "+OK\r\n"), (["EVAL", library.text, "1", "lock", "other"], ":0\r\n"),
                (["EVAL", library.text, "1", "lock", "toke"], ":0\r\n"), (["GET", "lock"], "$5\r\ntoken\r\n"),
                (["EVAL", library.text, "1", "lock", "token"], ":1\r\n"), (["EXISTS", "lock"], ":0\r\n"),
                (["EVAL", library.text, "1", "lock", "token"], ":0\r\n"),
            ])
        }
        try check([
            (["SET", "lock", ""], "+OK\r\n"), (["EVAL", Self.releaseTellingMissing, "1", "lock", "x"], ":0\r\n"),
            (["EVAL", Self.releaseTellingMissing, "1", "lock", ""], ":1\r\n"),
            (["EVAL", Self.releaseTellingMissing, "1", "lock", ""], ":-1\r\n"),
            // More keys and arguments than it reads.
            (["SET", "b", "1"], "+OK\r\n"), (["EVAL", Self.release, "2", "a", "b", "1", "2"], ":0\r\n"),
            (["EVAL", Self.release, "2", "b", "a", "1", "2"], ":1\r\n"),
        ])
    }

    @Test("requests that are wrong get Redis' errors, and unknown scripts one that says what there is")
    func errors() throws {
        let unknown =
            "-ERR Unknown script: this server runs no Lua, only the scripts that docs/locks.md lists; DELEX and SET IFEQ do the same\r\n"
        let noScript = "-NOSCRIPT No matching script. Please use EVAL.\r\n"
        let digest = String(repeating: "a", count: 40)
        try check([
            (["EVAL", "return 1", "0"], unknown), (["SCRIPT", "LOAD", "return 1"], unknown),
            (["EVAL", Self.release], "-ERR wrong number of arguments for 'eval' command\r\n"),
            (["EVAL", Self.release, "x"], "-ERR value is not an integer or out of range\r\n"),
            (["EVAL", Self.release, "-1", "a"], "-ERR Number of keys can't be negative\r\n"),
            (["EVAL", "return 1", "2", "a"], "-ERR Number of keys can't be greater than number of args\r\n"),
            (["EVAL", Self.release, "0", "a", "b"], "-ERR This script needs 1 key and 1 argument\r\n"),
            (["EVAL", Self.release, "1", "a"], "-ERR This script needs 1 key and 1 argument\r\n"),
            (
                ["EVAL", Self.release, "1", String(repeating: "k", count: 101), "x"],
                "-ERR Key too long: 101 bytes, the limit is 100\r\n"
            ),
            (["EVALSHA", digest, "1", "a", "b"], noScript), (["EVALSHA", "a", "x"], noScript),
            (["EVALSHA", digest, "x"], "-ERR value is not an integer or out of range\r\n"),
            (["SCRIPT", "FLUSH", "NOW"], "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n"),
            (["SCRIPT", "KILL"], "-ERR unknown subcommand 'KILL'. Try SCRIPT HELP.\r\n"),
            (["SCRIPT"], "-ERR wrong number of arguments for 'script' command\r\n"),
            (["COMMAND", "GETKEYS", "EVAL", "x", "1", "a", "b"], "*1\r\n$1\r\na\r\n"),
            (["COMMAND", "GETKEYS", "EVAL", "x", "0", "b"], "*0\r\n"),
        ])
    }

    @Test("EVALSHA runs what EVAL or SCRIPT LOAD has brought, until SCRIPT FLUSH")
    func digests() throws {
        let digest = "b70c2384248f88e6b75b9f89241a180f856ad852"
        let text = #"if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end"#
        try check([
            (["EVALSHA", digest, "1", "lock", "a"], "-NOSCRIPT No matching script. Please use EVAL.\r\n"),
            (["SET", "lock", "a"], "+OK\r\n"), (["EVAL", text, "1", "lock", "a"], ":1\r\n"),
            (["SCRIPT", "EXISTS", digest, "x", digest.uppercased()], "*3\r\n:1\r\n:0\r\n:1\r\n"),
            (["SET", "lock", "a"], "+OK\r\n"), (["EVALSHA", digest, "1", "lock", "b"], ":0\r\n"),
            (["EVALSHA", digest.uppercased(), "1", "lock", "a"], ":1\r\n"), (["SCRIPT", "FLUSH"], "+OK\r\n"),
            (["SCRIPT", "EXISTS", digest], "*1\r\n:0\r\n"),
            (["EVALSHA", digest, "1", "lock", "a"], "-NOSCRIPT No matching script. Please use EVAL.\r\n"),
            (["SCRIPT", "LOAD", text], "$40\r\n\(digest)\r\n"), (["EVALSHA", digest, "1", "lock", "a"], ":0\r\n"),
            (["SCRIPT", "FLUSH", "async"], "+OK\r\n"), (["SCRIPT", "FLUSH", "SYNC"], "+OK\r\n"),
        ])
    }

    @Test("a script in EXEC is a part of its one record, and its changes are seen by WATCH")
    func transaction() throws {
        let other = try SteppedClient(stepped)
        try other.send("SET lock a\nWATCH lock\nMULTI\nGET lock\n")
        stepped.turn(2)
        #expect(other.take() == "OK\nOK\nOK\nQUEUED\n")
        try check([
            (["SEQ"], ":1\r\n"),
            (["MULTI"], "+OK\r\n"), (["SET", "b", "1"], "+QUEUED\r\n"),
            (["EVAL", Self.release, "1", "lock", "a"], "+QUEUED\r\n"),
            (["EVAL", "return 1", "0"], "+QUEUED\r\n"),
            (["EVALSHA", "x"], "-ERR wrong number of arguments for 'evalsha' command\r\n"),
            (["EXEC"], "-EXECABORT Transaction discarded because of previous errors.\r\n"),
            (["MULTI"], "+OK\r\n"), (["SET", "b", "1"], "+QUEUED\r\n"),
            (["EVAL", Self.release, "1", "lock", "a"], "+QUEUED\r\n"), (["EXEC"], "*2\r\n+OK\r\n:1\r\n"),
            (["SEQ"], ":2\r\n"),
        ])
        try other.send("EXEC\n")
        stepped.turn(2)
        #expect(other.take() == "ERROR: Not run: a watched key has changed\n")
    }

    @Test("the reply, whether or not the lock was there, is held until what it depends on is on the disk")
    func held() throws {
        let stepped = try SteppedServer()
        let client = try SteppedClient(stepped)
        try client.send("SET lock a\n")
        stepped.turn()
        let script =
            "\"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end\""
        try client.send("EVAL \(script) 1 lock b\nEVAL \(script) 1 lock a\nEVAL \(script) 1 lock a\n")
        stepped.turn(3)
        #expect(client.take() == "")
        stepped.work()
        stepped.turn(2)
        stepped.work()
        stepped.turn(2)
        #expect(client.take() == "OK\n0\n1\n0\n")
    }
}
