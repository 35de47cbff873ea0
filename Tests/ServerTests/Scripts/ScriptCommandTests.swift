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

    private func ask(_ words: [String]) throws -> String {
        try client.send("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
        stepped.turn(2)
        // The first pair that expires begins a segment, which is a worker's job.
        stepped.work()
        stepped.turn(2)
        return client.take()
    }

    private func check(_ requests: [(words: [String], reply: String)]) throws {
        for (words, reply) in requests {
            let found = try ask(words)
            #expect(found == reply, "\(words): \(found)")
        }
    }

    /// The milliseconds for which a key will be there.
    private func timeLeft(_ key: String) throws -> Int {
        let reply = try ask(["PTTL", key])
        // CR LF is one character.
        return try #require(Int(reply.dropFirst().dropLast()))
    }

    private static func texts(of script: KnownScript) -> [String] {
        LibraryScript.all.filter { $0.script == script }.map(\.text)
            + KnownScript.forms.filter { $0.script == script }.map(\.text)
    }

    private static let release = LibraryScript.all[0].text
    private static let releaseTellingMissing = LibraryScript.all[3].text

    @Test("a lock is released by its holder alone, and a missing one is told apart where the script does so")
    func release() throws {
        for library in LibraryScript.all where library.script == .deleteIfEqual(missing: 0) {
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

    @Test("a lock lives longer for its holder alone, whatever its time was; a time in the past releases it")
    func expiry() throws {
        for (isSeconds, factor) in [(false, 1), (true, 1000)] {
            for text in Self.texts(of: .expireIfEqual(isSeconds: isSeconds)) {
                try check([
                    (["SET", "lock", "a"], "+OK\r\n"), (["EVAL", text, "1", "lock", "b", "100000"], ":0\r\n"),
                    (["PTTL", "lock"], ":-1\r\n"), (["EVAL", text, "1", "lock", "a", "100000"], ":1\r\n"),
                ])
                #expect((1...100_000 * factor).contains(try timeLeft("lock")))
                try check([
                    (
                        ["EVAL", text, "1", "lock", "a", "9223372036854775807"],
                        "-ERR invalid expire time in '\(isSeconds ? "expire" : "pexpire")' command\r\n"
                    ),
                    (["EVAL", text, "1", "lock", "b", "x"], ":0\r\n"),
                    (["EVAL", text, "1", "lock", "a", "x"], "-ERR value is not an integer or out of range\r\n"),
                    (["EVAL", text, "1", "lock", "a"], "-ERR This script needs 1 key and 2 arguments\r\n"),
                    (["GET", "lock"], "$1\r\na\r\n"), (["EVAL", text, "1", "lock", "a", "-1"], ":1\r\n"),
                    (["GET", "lock"], "$-1\r\n"), (["EVAL", text, "1", "lock", "a", "10"], ":0\r\n"),
                ])
            }
        }
    }

    @Test("redis-py's extension adds to the time that is left, or replaces it, and leaves a lock without a time alone")
    func extensions() throws {
        let text = try #require(Self.texts(of: .extendIfEqual).first)
        try check([
            (["SET", "lock", "a"], "+OK\r\n"), (["EVAL", text, "1", "lock", "a", "1000", "0"], ":0\r\n"),
            (["PTTL", "lock"], ":-1\r\n"), (["PEXPIRE", "lock", "100000"], ":1\r\n"),
            (["EVAL", text, "1", "lock", "b", "1000", "0"], ":0\r\n"),
            (["EVAL", text, "1", "lock", "a", "50000", "0"], ":1\r\n"),
        ])
        let left = try timeLeft("lock")
        #expect(left > 100_000 && left <= 150_000)
        try check([(["EVAL", text, "1", "lock", "a", "20000", "1"], ":1\r\n")])
        #expect((1...20_000).contains(try timeLeft("lock")))
        try check([
            (
                ["EVAL", text, "1", "lock", "a", "9223372036854775807", "0"],
                "-ERR invalid expire time in 'pexpire' command\r\n"
            ),
            (["EVAL", text, "1", "lock", "a", "1.5", "0"], "-ERR value is not an integer or out of range\r\n"),
            (["EVAL", text, "1", "none", "a", "1000", "0"], ":0\r\n"),
            (["EVAL", text, "1", "lock", "a", "-9000000", "0"], ":1\r\n"), (["EXISTS", "lock"], ":0\r\n"),
        ])
    }

    @Test("a lock is taken if nobody has it, for a time")
    func taking() throws {
        for text in Self.texts(of: .setNew(isStatus: false)) + Self.texts(of: .expireIfEqualOrSet) {
            let isRenewal = text.contains("PEXPIRE")
            try check([
                (["DEL", "lock"], try ask(["EXISTS", "lock"])), (["EVAL", text, "1", "lock", "a", "100000"], ":1\r\n"),
                (["GET", "lock"], "$1\r\na\r\n"), (["EVAL", text, "1", "lock", "b", "100000"], ":0\r\n"),
                (["EVAL", text, "1", "lock", "a", "200000"], isRenewal ? ":1\r\n" : ":0\r\n"),
                (["EVAL", text, "1", "none", "a", "0"], "-ERR invalid expire time in 'set' command\r\n"),
                (["EVAL", text, "1", "none", "a", "x"], "-ERR value is not an integer or out of range\r\n"),
                (["EXISTS", "none"], ":0\r\n"),
            ])
            let left = try timeLeft("lock")
            #expect(left <= (isRenewal ? 200_000 : 100_000) && left > (isRenewal ? 100_000 : 0))
        }
        for text in Self.texts(of: .setNew(isStatus: true)) {
            try check([
                (["DEL", "lock"], ":1\r\n"), (["EVAL", text, "1", "lock", "a", "100000"], "+OK\r\n"),
                (["EVAL", text, "1", "lock", "a", "100000"], "$-1\r\n"),
            ])
        }
    }

    @Test("a counter gets its time with its first number, and keeps it")
    func counters() throws {
        for isSeconds in [true, false] {
            let most = isSeconds ? 100_000_000 : 100_000
            for text in Self.texts(of: .count(byArgument: false, isSeconds: isSeconds)) {
                try check([
                    (["DEL", "n"], try ask(["EXISTS", "n"])), (["EVAL", text, "1", "n", "100000"], ":1\r\n"),
                    (["EVAL", text, "1", "n", "900000"], ":2\r\n"),
                ])
                #expect((1...most).contains(try timeLeft("n")))
            }
            for text in Self.texts(of: .count(byArgument: true, isSeconds: isSeconds)) {
                try check([
                    (["DEL", "n"], ":1\r\n"), (["EVAL", text, "1", "n", "100000", "5"], ":5\r\n"),
                    (["EVAL", text, "1", "n", "900000", "-2"], ":3\r\n"),
                    (
                        ["EVAL", text, "1", "n", "100000", "9007199254740992"],
                        "-ERR value is not an integer or out of range\r\n"
                    ),
                ])
                #expect((1...most).contains(try timeLeft("n")))
            }
        }
        let text = try #require(Self.texts(of: .count(byArgument: false, isSeconds: true)).first)
        try check([
            // A number that is there has no time, and gets none.
            (["SET", "n", "7"], "+OK\r\n"), (["EVAL", text, "1", "n", "100"], ":8\r\n"), (["PTTL", "n"], ":-1\r\n"),
            (["SET", "n", "x"], "+OK\r\n"),
            (["EVAL", text, "1", "n", "100"], "-ERR value is not an integer or out of range\r\n"),
            (["SET", "n", "9223372036854775807"], "+OK\r\n"),
            (["EVAL", text, "1", "n", "100"], "-ERR increment or decrement would overflow\r\n"),
            // A time in the past removes it at once. After an error nothing is changed.
            (["SET", "n", "0"], "+OK\r\n"),
            (["EVAL", text, "1", "n", "x"], "-ERR value is not an integer or out of range\r\n"),
            (["GET", "n"], "$1\r\n0\r\n"), (["EVAL", text, "1", "n", "-1"], ":1\r\n"), (["EXISTS", "n"], ":0\r\n"),
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
