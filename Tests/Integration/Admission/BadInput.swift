// Clients' mistakes, and the errors they get.

import Commands
import TestSupport

/// A row of the table.
struct BadInput {
    let name: String
    let bytes: [UInt8]
    let reply: String

    init(_ name: String, _ bytes: [UInt8], _ reply: String) {
        self.name = name
        self.bytes = bytes
        self.reply = reply
    }

    init(_ text: String, _ reply: String) {
        self.init(text.debugDescription, Array(text.utf8), reply)
    }

    private static let spaces = "; write an argument that has spaces as \"a JSON string\""

    private static let setUsage = Command.set.spec.usage

    /// Lines that are read and refused.
    static let lines = [
        BadInput("FROB x\n", "ERROR: Unknown command \"FROB\" (try HELP)\n"),
        BadInput("\"FROB\"\n", "ERROR: Unknown command \"\\\"FROB\\\"\" (try HELP)\n"),
        BadInput("SET\n", "ERROR: SET needs a key and a value: SET <key> <value>\n"),
        BadInput("SET key\n", "ERROR: SET needs a key and a value: SET <key> <value>\n"),
        BadInput("GET\n", "ERROR: GET needs a key: GET <key>\n"),
        BadInput("GET a b\n", "ERROR: GET needs a key: GET <key>\(spaces)\n"),
        BadInput("DEL\n", "ERROR: DEL needs a key: DEL <key>\n"),
        BadInput("DELETE a b\n", "ERROR: DELETE needs a key: DELETE <key>\(spaces)\n"),
        BadInput("EXISTS\n", "ERROR: EXISTS needs one or more keys: EXISTS <key> …\n"),
        BadInput("ECHO\n", "ERROR: ECHO needs a text: ECHO <text>\n"),
        BadInput("MGET\n", "ERROR: MGET needs one or more keys: MGET <key> …\n"),
        BadInput("MSET a\n", "ERROR: MSET needs keys and values, one after the other: MSET <key> <value> …\n"),
        BadInput("MSET a 1 b\n", "ERROR: MSET needs keys and values, one after the other: MSET <key> <value> …\n"),
        BadInput("KEYS a b\n", "ERROR: KEYS needs a pattern or nothing: KEYS [<pattern>]\(spaces)\n"),
        BadInput("COUNT all\n", "ERROR: COUNT needs no arguments: COUNT\n"),
        BadInput("DBSIZE 0\n", "ERROR: DBSIZE needs no arguments: DBSIZE\n"),
        BadInput("STATS all\n", "ERROR: STATS needs no arguments: STATS\n"),
        BadInput("FLUSHALL NOW\n", "ERROR: Wrong options: FLUSHALL [ASYNC|SYNC]\n"),
        BadInput(resp("FLUSHALL", "NOW"), "-ERR syntax error\r\n"),
        BadInput("BGSAVE NOW\n", "ERROR: Wrong options: BGSAVE [SCHEDULE]\n"),
        BadInput(resp("BGSAVE", "NOW"), "-ERR syntax error\r\n"),
        BadInput("SCAN here\n", "ERROR: invalid cursor\n"),
        BadInput(
            "SCAN 0 COUNT\n",
            "ERROR: Wrong options: SCAN <cursor> [MATCH <pattern>|PREFIX <prefix>] [COUNT <count>] [TYPE <type>]\n"),
        BadInput(resp("SCAN", "0", "COUNT"), "-ERR syntax error\r\n"),
        BadInput("SELECT 1\n", "ERROR: DB index is out of range\n"),
        BadInput("SET \"key value\n", "ERROR: A JSON string without its closing quote\n"),
        BadInput("SET \"key\"value\n", "ERROR: Expected a space after the closing quote of a JSON string\n"),
        BadInput(
            "APPEND key \"a\" b\n",
            "ERROR: A value that begins with a quote is a JSON string up to the end of the line; "
                + "escape quotes inside it as \\\"\n"),
        BadInput("SET key \"a\" b\n", "ERROR: Wrong options: \(setUsage)\n"),
        BadInput("SET key \"a\" NX XX\n", "ERROR: Wrong options: \(setUsage)\n"),
        BadInput("SET key \"a\" IFEQ\n", "ERROR: Wrong options: \(setUsage)\n"),
        BadInput("SET key \"a\" IFDEQ 12\n", "ERROR: digest must be exactly 16 hexadecimal characters\n"),
        BadInput("SETNX key\n", "ERROR: SETNX needs a key and a value: SETNX <key> <value>\n"),
        BadInput(
            "SETRANGE key 5\n", "ERROR: SETRANGE needs a key, an offset and a value: SETRANGE <key> <offset> <value>\n"),
        BadInput("SETRANGE key -1 x\n", "ERROR: offset is out of range\n"),
        BadInput(
            "SETRANGE key 1048576 x\n",
            "ERROR: Value too long: 1048577 bytes, the limit of SETRANGE is 1048576 (limits.edit_size)\n"),
        BadInput("INCR\n", "ERROR: INCR needs a key: INCR <key>\n"),
        BadInput("INCRBY key x\n", "ERROR: value is not an integer or out of range\n"),
        BadInput(
            "SET key \"\\x41\"\n",
            "ERROR: A JSON string with an unknown escape (known: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)\n"),
        BadInput(
            "a verb that is not UTF-8", [0xff, 0xfe, 0x0a], "ERROR: Unknown command \"\u{fffd}\u{fffd}\" (try HELP)\n"),
        BadInput("a verb of NUL bytes", [0, 0, 0x0a], "ERROR: Unknown command \"\\u0000\\u0000\" (try HELP)\n"),
        BadInput("a key with a NUL byte", Array("GET a".utf8) + [0, 0x0a], "ERROR: Key not found\n"),
        BadInput("a key that is not UTF-8", Array("GET ".utf8) + [0xc3, 0x28, 0x0a], "ERROR: Key not found\n"),
        BadInput(
            "a verb of 1,000 bytes", Array(String(repeating: "x", count: 1000).utf8) + [0x0a],
            "ERROR: Unknown command \"\(String(repeating: "x", count: 128))…\" (try HELP)\n"),
        BadInput("\n\r\n  \n", ""),
    ]

    /// RESP requests that are read and refused.
    static let requests = [
        BadInput(resp("FROB"), "-ERR unknown command 'FROB', with args beginning with: \r\n"),
        BadInput(resp("FROB", "a", "b"), "-ERR unknown command 'FROB', with args beginning with: 'a' 'b' \r\n"),
        BadInput(resp("", ""), "-ERR unknown command '', with args beginning with: '' \r\n"),
        BadInput(resp("GET"), "-ERR wrong number of arguments for 'get' command\r\n"),
        BadInput(resp("GET", "a", "b"), "-ERR wrong number of arguments for 'get' command\r\n"),
        BadInput(resp("SET", "key"), "-ERR wrong number of arguments for 'set' command\r\n"),
        BadInput(resp("SET", "key", "value", "FROB"), "-ERR syntax error\r\n"),
        BadInput(resp("SET", "key", "value", "EX", "10", "PX", "10"), "-ERR syntax error\r\n"),
        BadInput(resp("SET", "key", "value", "EX", "ten"), "-ERR value is not an integer or out of range\r\n"),
        BadInput(resp("SET", "key", "value", "EX", "0"), "-ERR invalid expire time in 'set' command\r\n"),
        BadInput(
            resp("SETRANGE", "key", "1048576", "x"), "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
        ),
        BadInput(
            resp("SETBIT", "key", "8388608", "1"), "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"),
        BadInput(resp("DELEX", "key", "IFEQ"), "-ERR wrong number of arguments for 'delex' command\r\n"),
        BadInput(resp("DELEX", "key", "IF", "x"), "-ERR syntax error\r\n"),
        BadInput(resp("MSET", "a", "1", "b"), "-ERR wrong number of arguments for 'mset' command\r\n"),
        BadInput(resp("SCAN", "-1"), "-ERR invalid cursor\r\n"),
        BadInput(resp("SELECT", "1"), "-ERR DB index is out of range\r\n"),
        BadInput(resp("SELECT", "zero"), "-ERR value is not an integer or out of range\r\n"),
        BadInput(resp("HELLO", "4"), "-NOPROTO unsupported protocol version\r\n"),
        BadInput(
            resp("CONFIG", "SET", "a", "b"), "-ERR Unknown option or number of arguments for CONFIG SET - 'a'\r\n"),
        BadInput(resp("GET", "a\0b"), "$-1\r\n"),
        BadInput("*0\r\n", ""),
    ]

    /// Bytes after which nothing can be understood.
    static let protocolErrors = [
        array("*-\r\n"), array("*x\r\n"), array("*\r\n"), array("*65537\r\n"), array("*99999999999999999999\r\n"),
        array("*1\n$4\r\nPING\r\n"), array("*1\rx"), array("*+1\r\n"), array("* 1\r\n"),
        bulk("*1\r\n$-1\r\n"), bulk("*1\r\n$x\r\n"), bulk("*1\r\n$\r\n"), bulk("*1\r\n$67108865\r\n"),
        bulk("*1\r\n$99999999999999999999\r\n"), bulk("*2\r\n$3\r\nGET\r\n$1\nk\r\n"),
        type("*1\r\n:1\r\n", ":"), type("*1\r\n+PING\r\n", "+"), type("*1\r\n*1\r\n$4\r\nPING\r\n", "*"),
        type("*1\r\n\0", "\\x00"), type("*2\r\n$3\r\nGET\r\nkey\r\n", "k"),
        end("*1\r\n$4\r\nPINGPING\r\n"), end("*1\r\n$4\r\nPING\n\n"), end("*1\r\n$2\r\nPING\r\n"),
    ]

    private static func array(_ text: String) -> BadInput {
        BadInput(text, "-ERR Protocol error: invalid multibulk length: expected a number from 0 to 65536\r\n")
    }

    private static func bulk(_ text: String) -> BadInput {
        BadInput(text, "-ERR Protocol error: invalid bulk length: expected a number from 0 to 67108864\r\n")
    }

    private static func type(_ text: String, _ found: String) -> BadInput {
        BadInput(text, "-ERR Protocol error: expected '$', got '\(found)'\r\n")
    }

    private static func end(_ text: String) -> BadInput {
        BadInput(text, "-ERR Protocol error: expected CR LF after the bytes of a bulk string\r\n")
    }
}
