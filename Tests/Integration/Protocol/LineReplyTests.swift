import Commands
import Foundation
import TestSupport
import Testing

/// Every command of the line dialect, reply by reply.
struct LineReplyTests {
    /// Requests and replies, in order, on one connection to an empty server.
    static let transcript: [(String, String)] = [
        ("PING", "PONG\n"), ("ping", "PONG\n"), ("PING hello  there ", "hello  there \n"),
        ("ECHO  two spaces", " two spaces\n"),
        ("ECHO \"a\\nb\"", "\"a\\nb\"\n"), ("ECHO ERROR", "\"ERROR\"\n"),
        ("SET greeting Hello, world!", "OK\n"), ("GET greeting", "Hello, world!\n"),
        ("set Greeting other case", "OK\n"), ("Get Greeting\r", "other case\n"), ("GET greeting", "Hello, world!\n"),
        ("SET empty ", "OK\n"), ("GET empty", "\"\"\n"), ("SET empty \"\"", "OK\n"), ("GET empty", "\"\"\n"),
        ("SET spaces   three ", "OK\n"), ("GET spaces", "  three \n"),
        ("SET \"two words\" \"line one\\nline two\"", "OK\n"), ("GET \"two words\"", "\"line one\\nline two\"\n"),
        ("SET quote \"\\\"\"", "OK\n"), ("GET quote", "\"\\\"\"\n"), ("SET unicode \"\\u00e9\\ud83d\\ude00\"", "OK\n"),
        ("GET unicode", "é😀\n"), ("SET error ERRORS", "OK\n"), ("GET error", "\"ERRORS\"\n"),
        ("GET missing", "ERROR: Key not found\n"), ("EXISTS greeting", "1\n"),
        ("EXISTS greeting missing greeting", "2\n"),
        ("COUNT", "8\n"), ("DBSIZE", "8\n"), ("DEL greeting", "OK\n"), ("DEL greeting", "ERROR: Key not found\n"),
        ("DELETE Greeting", "OK\n"), ("DELETE Greeting", "ERROR: Key not found\n"),
        ("DELETE \"two words\"", "OK\n"), ("FLUSHALL", "OK\n"), ("COUNT", "0\n"), ("KEYS", "END\n"),
        ("MSET a 1 b \"2 3\" END END", "OK\n"),
        ("MGET a missing b END", "1\nERROR: Key not found\n2 3\n\"END\"\nEND\n"),
        ("GET END", "END\n"), ("KEYS a*", "a\nEND\n"), ("KEYS [A-F]??", "\"END\"\nEND\n"), ("FLUSHDB sync", "OK\n"),
        ("SCAN 0", "0\nEND\n"), ("SET only 1", "OK\n"), ("KEYS", "only\nEND\n"), ("SCAN 0", "0\nonly\nEND\n"),
        ("SCAN 0 MATCH x* COUNT 5", "0\nEND\n"), ("SCAN 0 TYPE string", "0\nonly\nEND\n"),
        ("SCAN 0 TYPE list", "0\nEND\n"), ("SCAN 0 PREFIX on", "0\nonly\nEND\n"), ("SCAN 0 PREFIX o*", "0\nEND\n"),
        ("RANGE FROM a", "ERROR: RANGE needs the ordered index: set storage.index to ordered\n"),
        (
            "RANGE PREFIX",
            "ERROR: RANGE needs PREFIX and a prefix, or FROM and a key: RANGE PREFIX <prefix>|FROM <key> [TO <key>] [AFTER <key>] [LIMIT <count>] [REVERSE] [VALUES]\n"
        ),
        ("FLUSHALL ASYNC", "OK\n"),
        ("CONFIG SET storage.index ordered", "OK\n"), ("MSET b 1 c 2 a 3", "OK\n"), ("RANGE FROM b", "b\nc\nEND\n"),
        ("RANGE PREFIX \"\" REVERSE LIMIT 2 VALUES", "c\n2\nb\n1\nEND\n"), ("KEYS b*", "b\nEND\n"),
        ("CONFIG SET storage.index none", "OK\n"), ("FLUSHALL", "OK\n"),
        // Values.
        ("SET k \"a b\" NX", "OK\n"), ("SET k \"c\" NX", "ERROR: Not set: the key exists\n"), ("GET k", "a b\n"),
        ("SET k \"c\" IFEQ \"b\"", "ERROR: Not set: the value is another\n"), ("SET k \"c\" IFEQ \"a b\" ", "OK\n"),
        ("SET k \"c\" IFNE c", "ERROR: Not set: the value is the same\n"), ("SET k \"d\" XX GET", "c\n"),
        ("SET none \"1\" XX", "ERROR: Not set: there is no such key\n"), ("SET k NX", "OK\n"), ("GET k", "NX\n"),
        ("SET k \"Hello world\" IFDNE b6acb9d84a38ff74", "OK\n"), ("DIGEST k", "b6acb9d84a38ff74\n"),
        ("DIGEST none", "ERROR: Key not found\n"), ("SET k \"x\" IFDEQ B6ACB9D84A38FF74", "OK\n"),
        ("SETNX k  two words", "ERROR: Not set: the key exists\n"), ("SETNX j  two words", "OK\n"),
        ("GET j", " two words\n"), ("GETSET j new one", " two words\n"), ("GETSET i x", "ERROR: Key not found\n"),
        ("GETDEL i", "x\n"), ("GETDEL i", "ERROR: Key not found\n"),
        ("MSETNX i 1 j 2", "ERROR: Not set: one of the keys exists\n"),
        ("MSETNX i 1 h \"2 3\"", "OK\n"), ("APPEND i  x", "3\n"), ("GET i", "1 x\n"), ("STRLEN i", "3\n"),
        ("STRLEN none", "0\n"),
        ("GETRANGE j 0 -5", "new\n"), ("GETRANGE j 9 1", "\"\"\n"), ("SUBSTR j -3 -1", "one\n"),
        ("SETRANGE j 3  ==", "7\n"),
        ("GET j", "new ==e\n"), ("SETRANGE z 2 a", "3\n"), ("GET z", "\"\\u0000\\u0000a\"\n"),
        ("DELEX j IFEQ \"new\"", "ERROR: Not deleted: the value is another\n"), ("DELEX j IFNE new", "OK\n"),
        ("DELEX j", "ERROR: Key not found\n"), ("DELEX z", "OK\n"),
        ("INCR n", "1\n"), ("INCRBY n 41", "42\n"), ("DECR n", "41\n"), ("DECRBY n 50", "-9\n"),
        ("INCRBYFLOAT n .5", "-8.5\n"),
        ("INCR n", "ERROR: value is not an integer or out of range\n"), ("SET n 9223372036854775807", "OK\n"),
        ("INCR n", "ERROR: increment or decrement would overflow\n"),
        ("INCRBYFLOAT k 1", "ERROR: value is not a valid float\n"),
        ("SETBIT b 7 1", "0\n"), ("SETBIT b 7 1", "1\n"), ("GETBIT b 7", "1\n"), ("GETBIT b 8", "0\n"),
        ("BITCOUNT b", "1\n"),
        ("BITCOUNT b 0 6 BIT", "0\n"), ("SETBIT b 7 2", "ERROR: bit is not an integer or out of range\n"),
        // Expiry.
        ("SETEX e 100000 two words", "OK\n"), ("GET e", "two words\n"), ("TTL e", "100000\n"), ("PERSIST e", "OK\n"),
        ("PERSIST e", "ERROR: Not changed: the key never expires\n"), ("TTL e", "never\n"), ("PTTL e", "never\n"),
        ("EXPIRETIME e", "never\n"), ("PEXPIRETIME e", "never\n"), ("PERSIST none", "ERROR: Key not found\n"),
        ("TTL none", "ERROR: Key not found\n"), ("EXPIRE none 10", "ERROR: Key not found\n"),
        ("EXPIREAT e 4102444800 XX", "ERROR: Not set: the key never expires\n"), ("EXPIREAT e 4102444800 NX", "OK\n"),
        ("EXPIREAT e 4102444800 NX", "ERROR: Not set: the key expires\n"), ("EXPIRETIME e", "4102444800\n"),
        ("PEXPIREAT e 4102444800123 LT", "ERROR: Not set: the key does not expire after that\n"),
        ("PEXPIREAT e 4102444800123 GT", "OK\n"), ("PEXPIRETIME e", "4102444800123\n"),
        ("EXPIREAT e 1 GT", "ERROR: Not set: the key does not expire before that\n"),
        ("SET e \"x\" KEEPTTL", "OK\n"), ("EXPIRETIME e", "4102444800\n"), ("SET e x EX 60", "OK\n"),
        ("TTL e", "never\n"),
        ("GET e", "x EX 60\n"), ("SET e \"x\" EX 0", "ERROR: invalid expire time in 'set' command\n"),
        ("GETEX e EXAT 4102444800", "x EX 60\n"), ("EXPIRETIME e", "4102444800\n"),
        ("GETEX none EX 5", "ERROR: Key not found\n"),
        ("PSETEX e 100000000 p", "OK\n"), ("TTL e", "100000\n"), ("EXPIRE e 100000", "OK\n"), ("PEXPIRE e 0", "OK\n"),
        ("GET e", "ERROR: Key not found\n"), ("MSETEX 2 e 1 g \"2 3\" NX EXAT 4102444800", "OK\n"), ("GET g", "2 3\n"),
        ("EXPIRETIME g", "4102444800\n"), ("MSETEX 1 g 1 NX", "ERROR: Not set: one of the keys exists\n"),
        ("MSETEX 1 x 1 XX", "ERROR: Not set: one of the keys does not exist\n"), ("MSETEX 1 g 1 KEEPTTL", "OK\n"),
        ("EXPIRETIME g", "4102444800\n"), ("DEL e", "OK\n"), ("DEL g", "OK\n"),
        // Keys.
        ("RENAME k r", "OK\n"), ("RENAME k r", "ERROR: Key not found\n"), ("RENAME r r", "OK\n"), ("GET r", "x\n"),
        ("RENAMENX r b", "ERROR: Not renamed: the new key exists\n"), ("RENAMENX r \"k k\"", "OK\n"),
        ("COPY \"k k\" b", "ERROR: Not copied: the new key exists\n"),
        ("COPY \"k k\" b REPLACE", "OK\n"), ("GET b", "x\n"), ("COPY none b", "ERROR: Key not found\n"),
        ("COPY b b", "ERROR: source and destination objects are the same\n"), ("COPY b c DB 0", "OK\n"),
        ("COPY b c FROB", "ERROR: Wrong options: COPY <key> <new key> [DB 0] [REPLACE]\n"), ("TOUCH b c none", "2\n"),
        ("TYPE b", "string\n"), ("TYPE none", "none\n"), ("OBJECT ENCODING b", "embstr\n"),
        ("OBJECT REFCOUNT b", "1\n"),
        ("OBJECT ENCODING none", "ERROR: Key not found\n"),
        (
            "OBJECT HELP",
            "OBJECT ENCODING <key>: returns int, embstr or raw, as Redis would store the value\nOBJECT REFCOUNT <key>: returns 1\nEND\n"
        ),
        ("MEMORY USAGE b", "44\n"), ("MEMORY USAGE none", "ERROR: Key not found\n"),
        (
            "MEMORY HELP",
            "MEMORY USAGE <key> [SAMPLES <count>]: returns the bytes of memory that a key and its value take\nEND\n"
        ),
        ("UNLINK b", "OK\n"), ("UNLINK b", "ERROR: Key not found\n"),
        ("FLUSHALL", "OK\n"), ("RANDOMKEY", "ERROR: Key not found\n"), ("SET one 1", "OK\n"), ("RANDOMKEY", "one\n"),
        ("FLUSHALL", "OK\n"),
        ("SELECT 0", "OK\n"), ("CLIENT ID", "1\n"), ("CLIENT GETNAME", "\"\"\n"),
        ("CLIENT SETNAME tester", "OK\n"), ("CLIENT GETNAME", "tester\n"),
        ("CLIENT SETNAME \"a b\"", "ERROR: Client names cannot contain spaces, newlines or special characters.\n"),
        ("CLIENT SETINFO LIB-NAME x", "OK\n"), ("CLIENT FROB", "ERROR: unknown subcommand 'FROB'. Try CLIENT HELP.\n"),
        ("HELLO 3", "server\npuffin\nversion\n7.0.15\nproto\n3\nid\n1\nmode\nstandalone\nrole\nmaster\nmodules\nEND\n"),
        ("CONFIG GET save maxmem*", "maxmemory\n0\nmaxmemory-policy\nnoeviction\nsave\n\"\"\nEND\n"),
        ("CONFIG GET none", "END\n"),
        ("COMMAND INFO get frob", "GET\nERROR: Unknown command\nEND\n"),
        ("COMMAND DOCS get frob", "get\nReturns the value of a key.\nEND\n"),
        ("COMMAND LIST FILTERBY PATTERN memory*", "MEMORY\nMEMORY USAGE\nMEMORY HELP\nEND\n"),
        ("COMMAND LIST FILTERBY MODULE x", "END\n"), ("COMMAND GETKEYS mset a 1 b 2", "a\nb\nEND\n"),
        ("COMMAND GETKEYS object encoding x", "x\nEND\n"),
        ("COMMAND GETKEYS frob x", "ERROR: Invalid command specified\n"),
        (
            "COMMAND LIST SORTED",
            "ERROR: Wrong options: COMMAND LIST [FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]\n"
        ),
        ("CLIENT KILL ID 99", "0\n"), ("CLIENT KILL 127.0.0.1:1", "ERROR: No such client\n"),
        ("CLIENT KILL ID 0", "ERROR: client-id should be greater than 0\n"), ("CLIENT NO-EVICT on", "OK\n"),
        // Scripts.
        ("SET lock a", "OK\n"),
        (
            "EVAL \"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end\" 1 lock b",
            "0\n"
        ),
        (
            "SCRIPT LOAD \"if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end\"",
            "ae3671744a5dbb24ea37ef607b8b10ac7856d43e\n"
        ),
        ("EVALSHA ae3671744a5dbb24ea37ef607b8b10ac7856d43e 1 lock a", "1\n"),
        ("SCRIPT EXISTS x ae3671744a5dbb24ea37ef607b8b10ac7856d43e", "0\n1\nEND\n"), ("SCRIPT FLUSH", "OK\n"),
        (
            "EVALSHA ae3671744a5dbb24ea37ef607b8b10ac7856d43e 1 lock a",
            "ERROR: No matching script. Please use EVAL.\n"
        ),
        (
            "EVAL \"return 1\" 0",
            "ERROR: Unknown script: this server runs no Lua, only the scripts that docs/locks.md lists; DELEX and SET IFEQ do the same\n"
        ),
        ("DEBUG SLEEP 0", "ERROR: DEBUG is not allowed: start the server with server.debug_commands set to true\n"),
        ("CLIENT REPLY OFF", ""), ("PING", ""), ("CLIENT REPLY ON", "OK\n"), ("CLIENT REPLY SKIP", ""), ("KEYS", ""),
        ("CLIENT REPLY SOMETIMES", "ERROR: Wrong options: CLIENT REPLY ON|OFF|SKIP\n"),
        ("CONFIG SET slowlog.threshold 20ms", "OK\n"), ("CONFIG GET slowlog.*", "slowlog.threshold\n20ms\nEND\n"),
        (
            "CONFIG SET slowlog.threshold never",
            "ERROR: CONFIG SET failed (possibly related to argument 'slowlog.threshold') - slowlog.threshold cannot be 'never': expected off, or a time, such as 500us, 10ms or 1s (a number alone is seconds)\n"
        ),
        (
            "CONFIG SET server.port 1",
            "ERROR: CONFIG SET failed (possibly related to argument 'server.port') - can't set immutable config\n"
        ),
        ("CONFIG SET slowlog.threshold", "ERROR: wrong number of arguments for 'config|set' command\n"),
        ("CONFIG RESETSTAT", "OK\n"), ("FUNCTION FLUSH", "OK\n"), ("FUNCTION FLUSH async", "OK\n"),
        ("FUNCTION FLUSH x", "ERROR: FUNCTION FLUSH only supports SYNC|ASYNC option\n"), ("AUTH default x", "OK\n"),
        ("AUTH somebody x", "ERROR: Wrong user or password\n"),
        // Transactions.
        ("EXEC", "ERROR: EXEC without MULTI\n"), ("DISCARD", "ERROR: DISCARD without MULTI\n"),
        ("EXEC x", "ERROR: Transaction discarded because of: EXEC needs no arguments: EXEC\n"),
        ("MULTI", "OK\n"), ("EXEC", "END\n"),
        ("MULTI", "OK\n"), ("SET t \"x y\" NX", "QUEUED\n"), ("INCR t", "QUEUED\n"), ("MGET t none", "QUEUED\n"),
        ("MSET END END u 1", "QUEUED\n"), ("GET END", "QUEUED\n"), ("KEYS t*", "QUEUED\n"), ("DEL none", "QUEUED\n"),
        ("MULTI", "ERROR: MULTI calls can not be nested\n"), ("WATCH t", "ERROR: WATCH inside MULTI is not allowed\n"),
        ("UNWATCH", "QUEUED\n"), ("PING two  words", "QUEUED\n"),
        (
            "EXEC",
            "OK\nERROR: value is not an integer or out of range\nx y\nERROR: Key not found\nEND\nOK\n\"END\"\nt\nEND\n"
                + "ERROR: Key not found\nOK\ntwo  words\nEND\n"
        ),
        ("GET t", "x y\n"), ("MULTI", "OK\n"), ("SET t 1", "QUEUED\n"), ("DISCARD", "OK\n"), ("GET t", "x y\n"),
        ("MULTI", "OK\n"), ("SET t 1", "QUEUED\n"), ("GET", "ERROR: GET needs a key: GET <key>\n"),
        ("SET t 2", "QUEUED\n"),
        ("EXEC", "ERROR: Transaction discarded because of previous errors.\n"), ("GET t", "x y\n"),
        ("MULTI", "OK\n"), ("FROB", "ERROR: Unknown command \"FROB\" (try HELP)\n"),
        ("EXEC", "ERROR: Transaction discarded because of previous errors.\n"),
        ("MULTI", "OK\n"), ("SET t \"x", "ERROR: A JSON string without its closing quote\n"),
        ("EXEC", "ERROR: Transaction discarded because of previous errors.\n"),
        ("MULTI", "OK\n"), ("OBJECT FROB t", "ERROR: unknown subcommand 'FROB'. Try OBJECT HELP.\n"),
        ("EXEC", "ERROR: Transaction discarded because of previous errors.\n"),
        ("MULTI", "OK\n"), ("SAVE", "ERROR: Command not allowed inside a transaction\n"), ("DISCARD", "OK\n"),
        ("WATCH", "ERROR: WATCH needs one or more keys: WATCH <key> …\n"), ("WATCH t none", "OK\n"),
        ("SET t 3", "OK\n"),
        ("MULTI", "OK\n"), ("SET t 4", "QUEUED\n"), ("EXEC", "ERROR: Not run: a watched key has changed\n"),
        ("GET t", "3\n"),
        ("WATCH t", "OK\n"), ("SET t 5", "OK\n"), ("UNWATCH", "OK\n"), ("MULTI", "OK\n"), ("GET t", "QUEUED\n"),
        ("EXEC", "5\nEND\n"), ("FLUSHALL", "OK\n"),
        ("SAVE", "OK\n"), ("CLIENT GETNAME", "tester\n"), ("RESET", "RESET\n"), ("CLIENT GETNAME", "\"\"\n"),
        ("INFO keyspace", "\"# Keyspace\\r\\n\"\n"),
        ("INFO none", "\"\"\n"),
    ]

    @Test("every request line gets its reply of the transcript")
    func replies() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"])
            let client = try server.connect()
            for (request, reply) in Self.transcript {
                do {
                    try client.expect(request + "\n", reply)
                } catch {
                    Issue.record("\(request.debugDescription): \(error)")
                    return
                }
            }
        }
    }

    @Test("the same requests sent as one get the same replies as one")
    func pipelined() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"])
            let client = try server.connect()
            try client.expect(
                Self.transcript.map { $0.0 + "\n" }.joined(), Self.transcript.map { $0.1 }.joined())
        }
    }

    @Test("replies that vary have the form of the transcript")
    func forms() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"])
            let client = try server.connect()
            func list(_ request: String) throws -> [Substring] {
                try client.send(request + "\n")
                let reply = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
                return reply.split(separator: "\n").dropLast()
            }
            let time = try list("TIME").compactMap { Int($0) }
            #expect(time.count == 2 && time[0] > 1_700_000_000 && (0..<1_000_000).contains(time[1]))
            let commands = try list("COMMAND")
            #expect(try client.ask("COMMAND COUNT") == String(commands.count))
            #expect(try list("HELP").map { $0.split(separator: " ")[0] } == commands)
            for line in try list("STATS") { #expect(line.split(separator: " ").count == 2, "\(line)") }
            let info = try client.ask("INFO")
            #expect(info.hasPrefix("\"# Server\\r\\nredis_version:7.0.15\\r\\n") && info.hasSuffix("\\r\\n\""))
        }
    }

    @Test("every command and subcommand of the catalog is in one of these tests")
    func complete() throws {
        let tested = Self.transcript.compactMap {
            Catalog.find($0.0.split(separator: " ").map { Array($0.utf8) })?.command
        }
        let elsewhere: Set<Command> = [
            .time, .command, .commandCount, .help, .stats, .quit, .compact, .bgrewriteaof, .bgsave, .lastsave,
            // In ConnectionCommandTests.
            .clientInfo, .clientList, .clientHelp, .commandHelp, .configHelp, .scriptHelp,
            // In StopTests.
            .shutdown,
            // In DebugTests.
            .debugDigest, .debugDigestValue, .debugLoadAOF, .debugLog, .debugProtocol, .debugReload,
            .debugSetActiveExpire, .debugHelp,
            // In the folder Replication.
            .prove, .replicate, .role, .promote, .demote, .follow, .followerAdd, .followerRemove, .handover, .wait,
            .waitaof,
            .after, .seq,
            // In the folder Security.
            .aclWhoAmI, .aclList, .aclUsers, .aclGetUser, .aclSetUser, .aclDelUser, .aclRole, .aclToken, .aclCat,
            .aclDryRun, .aclGenPass, .aclLog, .aclSave, .aclLoad, .aclHelp,
            // In the folder Changes.
            .changes, .unchanges,
            // In MetricsTests.
            .slowlogGet, .slowlogLen, .slowlogReset, .slowlogHelp,
            // In ServerTests.
            .hotkeys,
        ]
        // A command that needs a subcommand is tested by its subcommands.
        let needed = Command.allCases.filter { Catalog.subcommands(of: $0).isEmpty || $0 == .command }
        #expect(
            elsewhere.union(tested).isSuperset(of: needed), "\(Set(needed).subtracting(tested).subtracting(elsewhere))")
        #expect(elsewhere.isDisjoint(with: tested))
    }

    @Test("QUIT is answered, after the replies before it, and no later request runs")
    func quit() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"])
            let client = try server.connect()
            try client.send("SET a 1\nQUIT\nSET b 2\nFROB\n")
            #expect(try client.receiveAll() == "OK\nOK\n")
            let other = try server.connect()
            try other.send(resp("QUIT") + resp("FLUSHALL"))
            #expect(try other.receiveAll() == "+OK\r\n")
            let third = try server.connect()
            try third.expect("GET a\nCOUNT\n", "1\n1\n")
        }
    }
}
