import Foundation
import TestSupport
import Testing

/// Every command of the RESP dialect, reply by reply.
struct RESPReplyTests {
    /// A request, its reply in RESP2, and in RESP3 where that differs.
    struct Row {
        let request: [String]
        let resp2: String
        let resp3: String

        init(_ request: String..., reply resp2: String, resp3: String? = nil) {
            self.request = request
            self.resp2 = resp2
            self.resp3 = resp3 ?? resp2
        }

        var bytes: String {
            "*\(request.count)\r\n" + request.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        }
    }

    /// In order, on one connection to an empty server.
    static let transcript = [
        Row("PING", reply: "+PONG\r\n"), Row("ping", "a b", reply: "$3\r\na b\r\n"),
        Row("PING", "", reply: "$0\r\n\r\n"),
        Row("ECHO", "ERROR\r\n", reply: "$7\r\nERROR\r\n\r\n"), Row("SET", "a", "1", reply: "+OK\r\n"),
        Row("SET", "two words", "line one\r\nline two", reply: "+OK\r\n"), Row("SET", "", "", reply: "+OK\r\n"),
        Row("GET", "a", reply: "$1\r\n1\r\n"), Row("GET", "", reply: "$0\r\n\r\n"),
        Row("GET", "two words", reply: "$18\r\nline one\r\nline two\r\n"),
        Row("GET", "missing", reply: "$-1\r\n", resp3: "_\r\n"), Row("GET", "A", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("SET", "a", "\"1\"", reply: "+OK\r\n"), Row("GET", "a", reply: "$3\r\n\"1\"\r\n"),
        Row("EXISTS", "a", "a", "missing", reply: ":2\r\n"), Row("DBSIZE", reply: ":3\r\n"),
        Row("COUNT", reply: ":3\r\n"),
        Row("DEL", "a", "missing", "", "a", reply: ":2\r\n"), Row("DEL", "a", reply: ":0\r\n"),
        Row("DELETE", "two words", reply: ":1\r\n"), Row("DBSIZE", reply: ":0\r\n"),
        Row("KEYS", "*", reply: "*0\r\n"), Row("SCAN", "0", reply: "*2\r\n$1\r\n0\r\n*0\r\n"),
        Row("MSET", "a", "1", "b", "2", "a", "3", reply: "+OK\r\n"),
        Row(
            "MGET", "a", "missing", "b", reply: "*3\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n",
            resp3: "*3\r\n$1\r\n3\r\n_\r\n$1\r\n2\r\n"),
        Row("KEYS", "a", reply: "*1\r\n$1\r\na\r\n"), Row("KEYS", "x*", reply: "*0\r\n"),
        Row("SCAN", "0", "MATCH", "b", "COUNT", "100", reply: "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n"),
        Row("SCAN", "0", "TYPE", "list", reply: "*2\r\n$1\r\n0\r\n*0\r\n"), Row("FLUSHALL", reply: "+OK\r\n"),
        Row("FLUSHALL", "sync", reply: "+OK\r\n"), Row("FLUSHDB", "ASYNC", reply: "+OK\r\n"),
        Row("DBSIZE", reply: ":0\r\n"),
        Row("CONFIG", "SET", "storage.index", "ordered", reply: "+OK\r\n"),
        Row("MSET", "b", "1", "c", "2", "a", "3", reply: "+OK\r\n"),
        Row("RANGE", "FROM", "b", "VALUES", reply: "*4\r\n$1\r\nb\r\n$1\r\n1\r\n$1\r\nc\r\n$1\r\n2\r\n"),
        Row("RANGE", "FROM", "b", "TO", "c", "TO", "d", reply: "-ERR TO is given twice\r\n"),
        Row("CONFIG", "SET", "storage.index", "none", reply: "+OK\r\n"),
        Row("RANGE", "FROM", "b", reply: "-ERR RANGE needs the ordered index: set storage.index to ordered\r\n"),
        Row("SCAN", "0", "PREFIX", "b", reply: "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n"), Row("FLUSHALL", reply: "+OK\r\n"),
        // What Redis 7.0 does not have, and what its replies in RESP3 differ in; the rest is in RedisWorkloadTests.
        Row("SET", "k", "a", "IFEQ", "b", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("SET", "k", "a", "IFNE", "b", reply: "+OK\r\n"),
        Row("SET", "k", "c", "ifeq", "a", "GET", reply: "$1\r\na\r\n"),
        Row("SET", "k", "d", "IFDEQ", "0000000000000000", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("SET", "k", "Hello world", "IFDNE", "0000000000000000", reply: "+OK\r\n"),
        Row("DIGEST", "k", reply: "$16\r\nb6acb9d84a38ff74\r\n"),
        Row("DIGEST", "none", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("SET", "k", "e", "IFEQ", "Hello world", "NX", reply: "-ERR syntax error\r\n"),
        Row("SET", "k", "e", "IFDEQ", "x", reply: "-ERR digest must be exactly 16 hexadecimal characters\r\n"),
        Row("DELEX", "k", "IFEQ", "x", reply: ":0\r\n"), Row("DELEX", "none", reply: ":0\r\n"),
        Row("DELEX", "k", "IFDEQ", "b6acb9d84a38ff74", reply: ":1\r\n"),
        Row("MSETEX", "2", "m", "1", "n", "2", "EXAT", "4102444800", reply: ":1\r\n"),
        Row("EXPIRETIME", "n", reply: ":4102444800\r\n"), Row("MSETEX", "1", "m", "3", "NX", reply: ":0\r\n"),
        Row("MSETEX", "1", "o", "3", "XX", reply: ":0\r\n"), Row("MSETEX", "1", "m", "3", "XX", reply: ":1\r\n"),
        Row("TTL", "m", reply: ":-1\r\n"), Row("MSETEX", "2", "n", "3", "m", "3", "keepttl", "xx", reply: ":1\r\n"),
        Row("PEXPIRETIME", "n", reply: ":4102444800000\r\n"),
        Row("MSETEX", "0", "m", "3", reply: "-ERR invalid numkeys value\r\n"),
        Row("MSETEX", "x", "m", "3", reply: "-ERR invalid numkeys value\r\n"),
        Row("MSETEX", "2", "m", "3", reply: "-ERR wrong number of key-value pairs\r\n"),
        Row("MSETEX", "1", "m", "3", "NX", "XX", reply: "-ERR syntax error\r\n"),
        Row("MSETEX", "1", "m", "3", "EX", "1", "PX", "1", reply: "-ERR syntax error\r\n"),
        Row("MSETEX", "1", "m", "3", "EX", "0", reply: "-ERR invalid expire time in 'msetex' command\r\n"),
        Row("MSETEX", "1", "m", reply: "-ERR wrong number of arguments for 'msetex' command\r\n"),
        Row("SET", "m", "4", "IFEQ", "3", "EXAT", "4102444800", reply: "+OK\r\n"),
        Row("EXPIRETIME", "m", reply: ":4102444800\r\n"),
        Row("PEXPIREAT", "m", "9223372036854775807", reply: ":1\r\n"),
        Row("PEXPIRETIME", "m", reply: ":9007199254740991\r\n"), Row("DEL", "m", "n", reply: ":2\r\n"),
        Row("GETSET", "k", "1", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("INCRBYFLOAT", "k", "0.5", reply: "$3\r\n1.5\r\n"), Row("DELEX", "k", reply: ":1\r\n"),
        Row("RANDOMKEY", reply: "$-1\r\n", resp3: "_\r\n"), Row("SET", "one", "1", reply: "+OK\r\n"),
        Row("RANDOMKEY", reply: "$3\r\none\r\n"), Row("MEMORY", "USAGE", "one", reply: ":44\r\n"),
        Row("MEMORY", "USAGE", "one", "SAMPLES", "0", reply: ":44\r\n"),
        Row("MEMORY", "USAGE", "none", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("OBJECT", "ENCODING", "one", reply: "$3\r\nint\r\n"), Row("OBJECT", "REFCOUNT", "one", reply: ":1\r\n"),
        Row("AFTER", "1", "OBJECT", "ENCODING", "one", reply: "$3\r\nint\r\n"), Row("UNLINK", "one", reply: ":1\r\n"),
        Row("SELECT", "0", reply: "+OK\r\n"), Row("CLIENT", "ID", reply: ":1\r\n"),
        Row("CLIENT", "GETNAME", reply: "$-1\r\n", resp3: "_\r\n"),
        Row("CLIENT", "SETNAME", "tester", reply: "+OK\r\n"),
        Row("CLIENT", "getname", reply: "$6\r\ntester\r\n"), Row("CLIENT", "SETINFO", "LIB-VER", "1", reply: "+OK\r\n"),
        Row("CLIENT", "SETNAME", "", reply: "+OK\r\n"),
        Row(
            "CONFIG", "GET", "maxmemory", reply: "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n",
            resp3: "%1\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"),
        Row("CONFIG", "GET", "none", reply: "*0\r\n", resp3: "%0\r\n"),
        Row(
            "COMMAND", "DOCS", "get", "frob",
            reply:
                "*2\r\n$3\r\nget\r\n*10\r\n$7\r\nsummary\r\n$27\r\nReturns the value of a key.\r\n$5\r\nsince\r\n$5\r\n0.1.0\r\n"
                + "$5\r\ngroup\r\n$6\r\nstring\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n$9\r\narguments\r\n*1\r\n*4\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n",
            resp3:
                "%1\r\n$3\r\nget\r\n%5\r\n$7\r\nsummary\r\n$27\r\nReturns the value of a key.\r\n$5\r\nsince\r\n$5\r\n0.1.0\r\n"
                + "$5\r\ngroup\r\n$6\r\nstring\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n$9\r\narguments\r\n*1\r\n%2\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n"
        ),
        Row("CLIENT", "REPLY", "OFF", reply: ""), Row("GET", "a", reply: ""), Row("FROB", reply: ""),
        Row("KEYS", "*", reply: ""),
        Row("CLIENT", "REPLY", "SKIP", reply: ""), Row("PING", reply: ""),
        Row("CLIENT", "REPLY", "ON", reply: "+OK\r\n"),
        Row("CLIENT", "REPLY", "SKIP", reply: ""), Row("PING", reply: ""), Row("PING", reply: "+PONG\r\n"),
        // Transactions: where Redis differs, or has no such limit; the rest is in RedisWorkloadTests and RedisComparisonTests.
        Row("WATCH", "t", reply: "+OK\r\n"), Row("SET", "t", "1", reply: "+OK\r\n"), Row("MULTI", reply: "+OK\r\n"),
        Row("EXEC", reply: "*-1\r\n", resp3: "_\r\n"), Row("MULTI", reply: "+OK\r\n"),
        Row("MGET", "t", "none", reply: "+QUEUED\r\n"), Row("DELEX", "t", "IFEQ", "1", reply: "+QUEUED\r\n"),
        Row(
            "EXEC", reply: "*2\r\n*2\r\n$1\r\n1\r\n$-1\r\n:1\r\n", resp3: "*2\r\n*2\r\n$1\r\n1\r\n_\r\n:1\r\n"),
        Row("MULTI", reply: "+OK\r\n"), Row("COMPACT", reply: "-ERR Command not allowed inside a transaction\r\n"),
        Row("EXEC", reply: "-EXECABORT Transaction discarded because of previous errors.\r\n"),
        Row("CONFIG", "RESETSTAT", reply: "+OK\r\n"), Row("SAVE", reply: "+OK\r\n"),
        Row(
            "COMMAND", "INFO", "get",
            reply:
                "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*1\r\n$8\r\nreadonly\r\n:1\r\n:1\r\n:1\r\n*3\r\n$5\r\n@read\r\n$7\r\n@string\r\n$5\r\n@fast\r\n*0\r\n*0\r\n*0\r\n"
        ),
        Row(
            "INFO", "keyspace", reply: "$12\r\n# Keyspace\r\n\r\n", resp3: "=16\r\ntxt:# Keyspace\r\n\r\n"),
    ]

    private func check(_ server: ServerProcess, hello: String?, reply: (Row) -> String) throws {
        let client = try server.connect()
        if let hello {
            try client.send(resp("HELLO", hello))
            _ = try client.receive(through: "$7\r\nmodules\r\n*0\r\n")
        }
        for row in Self.transcript {
            do {
                try client.expect(row.bytes, reply(row))
            } catch {
                Issue.record("\(row.request): \(error)")
                return
            }
        }
        try client.expect("FLUSHALL\n", "OK\n")
        try client.expect(Self.transcript.map { $0.bytes }.joined(), Self.transcript.map(reply).joined())
        client.endSending()
        #expect(try client.receiveAll() == "")
    }

    @Test("every request gets its RESP2 reply of the transcript, alone and pipelined")
    func resp2() throws {
        try withTemporaryFolder { folder in
            try check(ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"]), hello: nil) { $0.resp2 }
        }
    }

    @Test("after HELLO 3 every request gets its RESP3 reply of the transcript")
    func resp3() throws {
        try withTemporaryFolder { folder in
            try check(ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"]), hello: "3") { $0.resp3 }
        }
    }

    @Test("HELLO says who answers, in the version that it asks for, and changes nothing where it is refused")
    func hello() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            func answer(_ header: String, _ version: Int) -> String {
                header
                    + "$6\r\nserver\r\n$6\r\npuffin\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:\(version)\r\n"
                    + "$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
            }
            try client.expect(resp("HELLO"), answer("*14\r\n", 2))
            try client.expect(resp("HELLO", "3", "SETNAME", "me"), answer("%7\r\n", 3))
            try client.expect(resp("CLIENT", "GETNAME"), "$2\r\nme\r\n")
            try client.expect(resp("HELLO", "4") + resp("GET", "x"), "-NOPROTO unsupported protocol version\r\n_\r\n")
            try client.expect(
                resp("HELLO", "2", "SETNAME", "a b") + resp("GET", "x"),
                "-ERR Client names cannot contain spaces, newlines or special characters.\r\n_\r\n")
            try client.expect(resp("HELLO"), answer("%7\r\n", 3))
            try client.expect(resp("HELLO", "2"), answer("*14\r\n", 2))
            try client.expect(resp("GET", "x"), "$-1\r\n")
        }
    }

    @Test("one connection may mix the dialects; each request is answered in its own")
    func mixed() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect(
                "SET a line one\n" + resp("GET", "a") + "\r\n" + resp("SET", "a", "x\ny") + "GET a\n" + resp("GET")
                    + "GET\n" + resp("KEYS", "*") + "KEYS *\n" + "GET b\n" + resp("GET", "b"),
                "OK\n$8\r\nline one\r\n+OK\r\n\"x\\ny\"\n-ERR wrong number of arguments for 'get' command\r\n"
                    + "ERROR: GET needs a key: GET <key>\n*1\r\n$1\r\na\r\na\nEND\nERROR: Key not found\n$-1\r\n")
        }
    }
}
