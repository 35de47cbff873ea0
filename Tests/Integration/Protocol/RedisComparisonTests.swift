import Foundation
import TestSupport
import Testing

/// The same requests to Puffin and to Redis. Deliberate differences are not in the table: `*-1`, which Redis ignores,
/// and the cursors `` and `-1`, which it takes for numbers, are errors; text that an error repeats is made safe to
/// print.
struct RedisComparisonTests {
    /// Requests that follow each other on one connection to an empty server.
    static let conversations: [[[String]]] = [
        [
            ["GET", "a"], ["SET", "a", "1"], ["GET", "a"], ["SET", "a", ""], ["GET", "a"], ["get", "a"], ["gEt", "A"],
        ],
        [["SET", "", "empty key"], ["GET", ""], ["SET", "a\r\nb", "c\r\nd"], ["GET", "a\r\nb"], ["DBSIZE"]],
        [
            ["SET", "a", "1"], ["DEL", "a"], ["DEL", "a"], ["DEL", "a", "b", "c"], ["MSET", "a", "1", "b", "2"],
            ["DEL", "a", "b", "a"],
        ],
        [["EXISTS", "a"], ["SET", "a", "1"], ["EXISTS", "a"], ["EXISTS", "a", "a", "b"]],
        [["MSET", "a", "1", "b", "2", "a", "3"], ["MGET", "a", "b", "c", "a"], ["MGET", "x"]],
        [["PING"], ["PING", "text"], ["PING", ""], ["ECHO", "text"], ["ECHO", ""]],
        [["DBSIZE"], ["MSET", "a", "1", "b", "2"], ["DBSIZE"], ["FLUSHALL"], ["DBSIZE"], ["GET", "a"]],
        [
            ["SET", "a", "1"], ["FLUSHALL", "ASYNC"], ["SET", "a", "1"], ["FLUSHALL", "sync"], ["FLUSHDB"],
            ["FLUSHDB", "async"],
        ],
        [["FLUSHALL", "now"], ["FLUSHDB", "now"], ["FLUSHALL", "sync", "async"], ["FLUSHDB", "a", "b", "c"]],
        [
            ["KEYS", "*"], ["SET", "abc", "1"], ["KEYS", "*"], ["KEYS", "a?c"], ["KEYS", "a[a-c]c"],
            ["KEYS", "a[^b]c"],
        ],
        [
            ["SET", "a*c", "1"], ["KEYS", "a\\*c"], ["KEYS", "a[*]c"], ["KEYS", "a[*"], ["KEYS", "*c*"], ["KEYS", ""],
            ["KEYS", "a[z-a]c"],
        ],
        [
            ["SET", "a]c", "1"], ["KEYS", "a[]c"], ["KEYS", "a[\\]]c"], ["KEYS", "a\\"], ["KEYS", "[^]"],
            ["KEYS", "a[]-]c"],
        ],
        [
            ["SELECT", "0"], ["SELECT", "1"], ["SELECT", "-1"], ["SELECT", "x"], ["SELECT", ""],
            ["SELECT", "99999999999"],
        ],
        [
            ["SCAN", "0"], ["SET", "a", "1"], ["SCAN", "0"], ["SCAN", "0", "MATCH", "b*"], ["SCAN", "0", "COUNT", "5"],
        ],
        [
            ["SCAN", "x"], ["SCAN", "1x"], ["SCAN", " 0"],
            ["SCAN", "99999999999999999999"],
        ],
        [
            ["SCAN", "0", "COUNT", "0"], ["SCAN", "0", "COUNT", "x"], ["SCAN", "0", "COUNT"],
            ["SCAN", "0", "FROB", "1"],
        ],
        [
            ["SCAN", "0", "COUNT", "-1"], ["SCAN", "0", "MATCH"],
            ["SCAN", "0", "1", "2", "3", "4", "5", "6", "7", "8"],
        ],
        [
            ["SET", "a", "1"], ["SCAN", "0", "TYPE", "string"], ["SCAN", "0", "TYPE", "list"],
            ["SCAN", "0", "match", "a", "match", "b"],
        ],
        [["FROB"], ["FROB", "a"], ["FROB", "a", "b c"], ["frob", ""], [""], ["GETX", "a"], ["G"]],
        [["FROB", String(repeating: "a", count: 127)], ["FROB", "a", String(repeating: "b", count: 100), "c"]],
        [["GET"], ["GET", "a", "b"], ["SET"], ["SET", "a"], ["DEL"], ["EXISTS"], ["MGET"], ["MSET"], ["MSET", "a"]],
        [
            ["MSET", "a", "1", "b"], ["ECHO"], ["ECHO", "a", "b"], ["PING", "a", "b"], ["DBSIZE", "a"], ["KEYS"],
            ["KEYS", "a", "b"],
        ],
        [["SCAN"], ["SELECT"], ["SELECT", "0", "1"], ["TIME", "x"], ["CLIENT"], ["CONFIG"], ["CONFIG", "GET"]],
        [["SET", "a", "1", "FROB"], ["SET", "a", "1", "EX"], ["SET", "a", "1", "NX", "XX"], ["GET", "a"]],
        [
            ["CLIENT", "FROB"], ["CONFIG", "FROB"], ["CONFIG", "FROB", "a"], ["COMMAND", "FROB"],
            ["CLIENT", "frob", "a"],
        ],
        [
            ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", "me"], ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", ""],
            ["CLIENT", "GETNAME"],
        ],
        [
            ["CLIENT", "SETNAME", "a b"], ["CLIENT", "SETNAME", "a\nb"], ["CLIENT", "SETNAME", "é"],
            ["CLIENT", "GETNAME"],
        ],
        [["CLIENT", "SETNAME"], ["CLIENT", "GETNAME", "x"], ["CLIENT", "ID", "x"], ["COMMAND", "COUNT", "x"]],
        [
            ["CONFIG", "GET", "none"], ["CONFIG", "GET", "maxmemory"], ["CONFIG", "GET", "MaxMem?ry"],
            ["CONFIG", "GET", "save"],
        ],
        [["COMMAND", "INFO", "none"], ["COMMAND", "DOCS", "none"], ["INFO", "none"], ["INFO", "none", "never"]],
        [["HELLO", "4"], ["HELLO", "1"], ["HELLO", "x"], ["HELLO", "2", "FROB"], ["HELLO", "2", "SETNAME"]],
        [
            ["HELLO", "2", "SETNAME", "a b"], ["CLIENT", "GETNAME"], ["HELLO", "99999999999999999999"], ["HELLO", ""],
        ],
        [
            ["SET", "a", "1", "NX", "GET"], ["SET", "a", "2", "NX", "GET"], ["SET", "a", "3", "XX", "GET"],
            ["SET", "a", "1", "NX", "XX"], ["SET", "a", "1", "nx", "nx"], ["SET", "b", "1", "XX"],
            ["SET", "a", "1", "GET", "GET"], ["GETSET", "a", "x"], ["GETSET", "none"], ["GETDEL", "a"],
            ["GETDEL", "a"], ["GETDEL"], ["SETNX", "a", "1"], ["SETNX", "a", "2"], ["APPEND", "a", "xyz"],
            ["APPEND", "n", "xyz"], ["APPEND", "n", ""], ["APPEND", "empty", ""], ["EXISTS", "empty"],
            ["STRLEN", "empty"], ["STRLEN", "none"], ["GETRANGE", "a", "0", "-1"], ["GETRANGE", "a", "-100", "100"],
            ["GETRANGE", "a", "3", "1"], ["GETRANGE", "a", "x", "1"], ["GETRANGE", "a", "1", "x"],
            ["GETRANGE", "none", "0", "-1"], ["GETRANGE", "a", "-1", "-5"], ["GETRANGE", "a", "-2", "-1"],
            ["GETRANGE", "a", "9223372036854775807", "9223372036854775807"],
            ["GETRANGE", "a", "-9223372036854775808", "9223372036854775807"], ["SUBSTR", "a", "0", "1"],
            ["SETRANGE", "a", "1", "ZZ"], ["SETRANGE", "a", "-1", "ZZ"], ["SETRANGE", "a", "x", "ZZ"],
            ["SETRANGE", "none", "5", ""], ["EXISTS", "none"], ["SETRANGE", "none", "5", "x"], ["GET", "none"],
            ["SETRANGE", "a", "536870911", "xx"], ["SETRANGE", "a", "9223372036854775807", "xx"],
            ["SETRANGE", "a", "536870912", ""], ["SETRANGE", "nokey", "9223372036854775807", ""], ["INCR", "i"],
            ["INCR", "i"], ["DECR", "i"], ["INCRBY", "i", "10"], ["DECRBY", "i", "5"], ["INCRBY", "i", "x"],
            ["DECRBY", "i", "x"], ["DECRBY", "i", "-9223372036854775808"], ["SET", "i", "9223372036854775807"],
            ["INCR", "i"], ["INCRBY", "i", "1"], ["DECRBY", "i", "-1"], ["SET", "i", "-9223372036854775808"],
            ["DECR", "i"], ["DECRBY", "i", "9223372036854775807"], ["SET", "i", " 1"], ["INCR", "i"],
            ["SET", "i", "1 "], ["INCR", "i"], ["SET", "i", "01"], ["INCR", "i"], ["SET", "i", ""], ["INCR", "i"],
            ["SET", "i", "99999999999999999999"], ["INCR", "i"], ["SET", "i", "+1"], ["INCR", "i"],
            ["INCRBY", "i", " 1"], ["INCRBYFLOAT", "f", "0.1"], ["INCRBYFLOAT", "f", "0.2"],
            ["INCRBYFLOAT", "f", "1e400"], ["INCRBYFLOAT", "f", "x"], ["INCRBYFLOAT", "f", ""],
            ["INCRBYFLOAT", "f", " 1"], ["INCRBYFLOAT", "f", "1 "], ["INCRBYFLOAT", "f", "inf"],
            ["INCRBYFLOAT", "f", "nan"], ["INCRBYFLOAT", "f", "0x1"], ["SET", "f", "5e3"], ["INCRBYFLOAT", "f", "1"],
            ["SET", "f", "1.7e308"], ["INCRBYFLOAT", "f", "1e4932"], ["INCRBYFLOAT", "f", "1e5000"],
            ["SET", "f", "abc"], ["INCRBYFLOAT", "f", "1"], ["INCRBYFLOAT", "f", "abc"], ["SET", "f", "3.0"],
            ["INCRBYFLOAT", "f", "0"], ["INCRBYFLOAT", "f", "-3"], ["INCRBYFLOAT", "f", "-0.0"],
            ["INCRBYFLOAT", "f", "1.00000000000000000001"], ["SET", "f", "1e4932"], ["INCRBYFLOAT", "f", "1e4932"],
            ["MSETNX", "x", "1", "y", "2"], ["MSETNX", "x", "1", "z", "2"], ["MSETNX", "x"],
            ["MSETNX", "x", "1", "y"], ["MSETNX", "q", "1", "q", "2"], ["GET", "q"], ["SETBIT", "bit", "7", "1"],
            ["SETBIT", "bit", "7", "0"], ["SETBIT", "bit", "7", "2"], ["SETBIT", "bit", "-1", "1"],
            ["SETBIT", "bit", "x", "1"], ["SETBIT", "bit", "7", "x"], ["SETBIT", "bit", "4294967296", "1"],
            ["SETBIT", "bit", "100", "0"], ["STRLEN", "bit"], ["GETBIT", "bit", "100"],
            ["GETBIT", "bit", "4294967296"], ["GETBIT", "none", "4294967295"], ["GETBIT", "none", "x"],
            ["SETBIT", "new", "0", "0"], ["GET", "new"], ["BITCOUNT", "a"], ["BITCOUNT", "a", "0"],
            ["BITCOUNT", "a", "0", "0"], ["BITCOUNT", "a", "0", "-1", "BYTE"], ["BITCOUNT", "a", "0", "-1", "BIT"],
            ["BITCOUNT", "a", "5", "10", "bit"], ["BITCOUNT", "a", "0", "-1", "FROB"], ["BITCOUNT", "a", "x", "1"],
            ["BITCOUNT", "none"], ["BITCOUNT", "none", "0"], ["BITCOUNT", "none", "x", "y"],
            ["BITCOUNT", "none", "0", "1", "FROB"], ["BITCOUNT", "a", "5", "3"], ["BITCOUNT", "a", "-1", "-5"],
            ["BITCOUNT", "a", "-100", "100"], ["BITCOUNT", "a", "1", "1", "BIT", "x"], ["BITCOUNT", "a", "-5", "-7"],
            ["BITCOUNT", "a", "-9223372036854775808", "9223372036854775807"],
        ],
        [
            ["BITCOUNT", "none"], ["BITCOUNT", "none", "x", "y"], ["BITCOUNT", "none", "0", "1", "FROB"],
            ["BITCOUNT", "none", "0"], ["SET", "a", "1"], ["RENAME", "a", "b"], ["RENAME", "a", "b"],
            ["RENAME", "b", "b"], ["RENAME", "no", "no"], ["RENAMENX", "b", "b"], ["RENAMENX", "no", "no"],
            ["SET", "c", "2"], ["RENAMENX", "b", "c"], ["RENAMENX", "b", "d"], ["COPY", "d", "e"],
            ["COPY", "d", "e"], ["COPY", "d", "e", "REPLACE"], ["COPY", "no", "e", "REPLACE"], ["COPY", "d", "d"],
            ["COPY", "d", "d", "REPLACE"], ["COPY", "no", "no"], ["COPY", "d", "f", "DB", "0"],
            ["COPY", "d", "f", "DB", "0", "REPLACE"], ["COPY", "d", "f", "DB", "1"], ["COPY", "d", "f", "DB", "x"],
            ["COPY", "d", "f", "DB"], ["COPY", "d", "f", "FROB"], ["COPY", "d", "f", "DB", "-1"],
            ["COPY", "d", "f", "DB", "99999999999999999999"], ["TOUCH", "a", "d", "e", "d"], ["TOUCH"],
            ["TYPE", "d"], ["TYPE", "no"], ["UNLINK", "d", "no"], ["UNLINK"], ["FLUSHDB"],
        ],
        // Expiry: times that are absolute, so that both say the same of them.
        [
            ["SET", "a", "1", "exat", "4102444800"], ["EXPIRETIME", "a"], ["PEXPIRETIME", "a"],
            ["SET", "a", "2", "keepttl"], ["EXPIRETIME", "a"], ["SET", "a", "3"], ["EXPIRETIME", "a"], ["TTL", "a"],
            ["PTTL", "a"], ["TTL", "b"], ["PTTL", "b"], ["EXPIRETIME", "b"], ["PEXPIRETIME", "b"],
            ["SET", "a", "1", "pxat", "4102444800123"], ["PEXPIRETIME", "a"], ["EXPIRETIME", "a"],
            ["SET", "a", "2", "get", "keepttl"], ["PEXPIRETIME", "a"], ["SET", "a", "3", "nx", "ex", "5"],
            ["SET", "b", "3", "xx", "ex", "5"], ["EXISTS", "b"], ["SET", "a", "4", "xx"], ["TTL", "a"],
        ],
        [
            ["SET", "a", "1", "ex", "0"], ["SET", "a", "1", "ex", "-1"], ["SET", "a", "1", "ex", "x"],
            ["SET", "a", "1", "ex", "9223372036854775807"], ["SET", "a", "1", "ex", "9223372036854775"],
            ["SET", "a", "1", "px", "9223372036854775807"], ["SET", "a", "1", "exat", "9223372036854775"],
            ["SET", "a", "1", "exat", "0"], ["SET", "a", "1", "px", "0"], ["SET", "a", "1", "pxat", "-5"],
            ["SET", "a", "1", "ex"], ["SET", "a", "1", "ex", "1", "px", "1"],
            ["SET", "a", "1", "px", "1", "exat", "1"], ["SET", "a", "1", "ex", "1", "keepttl"],
            ["SET", "a", "1", "keepttl", "ex", "1"], ["SET", "a", "1", "keepttl", "keepttl"],
            ["SET", "a", "1", "ex", "1000", "ex", "2000"], ["SET", "a", "1", "persist"],
            ["SET", "a", "1", "nx", "xx", "ex", "1"], ["EXISTS", "a"], ["GET", "a"], ["SET", "a", "1", "ex", "1.5"],
            ["SET", "a", "1", "EX", "01"],
        ],
        [
            ["SETEX", "a", "0", "v"], ["SETEX", "a", "-1", "v"], ["SETEX", "a", "x", "v"],
            ["SETEX", "a", "9223372036854775807", "v"], ["SETEX", "a", "10"], ["SETEX", "a", "10", "v", "w"],
            ["PSETEX", "a", "0", "v"], ["PSETEX", "a", "-1", "v"], ["PSETEX", "a", "9223372036854775807", "v"],
            ["PSETEX", "a", "10"], ["EXISTS", "a"], ["SETEX", "a", "100000", "v"], ["GET", "a"],
            ["PSETEX", "a", "100000000", "w"], ["GET", "a"], ["PERSIST", "a"], ["PERSIST", "a"], ["TTL", "a"],
            ["PERSIST", "none"], ["PERSIST"], ["TTL"], ["TTL", "a", "b"], ["PTTL"], ["EXPIRETIME"],
            ["PEXPIRETIME", "a", "b"],
        ],
        [
            ["GETEX", "none"], ["GETEX", "none", "ex", "a"], ["GETEX", "none", "ex", "0"],
            ["GETEX", "none", "frob"], ["GETEX", "none", "ex", "1", "px", "1"], ["SET", "a", "v"], ["GETEX", "a"],
            ["TTL", "a"], ["GETEX", "a", "ex", "x"], ["GETEX", "a", "ex", "0"], ["GETEX", "a", "ex", "-1"],
            ["GETEX", "a", "px", "9223372036854775807"], ["GETEX", "a", "keepttl"],
            ["GETEX", "a", "persist", "ex", "1"], ["GETEX", "a", "ex", "1", "persist"], ["GETEX", "a", "ex"],
            ["GETEX", "a", "exat", "4102444800"], ["EXPIRETIME", "a"], ["GETEX", "a", "persist"], ["TTL", "a"],
            ["GETEX", "a", "pxat", "4102444800123", "PXAT", "4102444800123"], ["PEXPIRETIME", "a"], ["GETEX", "a"],
            ["PEXPIRETIME", "a"], ["GETEX", "a", "exat", "1"], ["GET", "a"], ["EXISTS", "a"], ["GETEX"],
            ["SET", "a", "v"], ["GETEX", "a", "pxat", "1"], ["EXISTS", "a"],
        ],
        [
            ["EXPIRE", "none", "10"], ["EXPIRE", "none", "x"], ["EXPIRE", "none", "9223372036854775807"],
            ["EXPIRE", "none", "10", "zz"], ["EXPIRE", "none", "10", "nx", "xx"], ["SET", "a", "v"],
            ["EXPIRE", "a", "x"], ["EXPIRE", "a", "1.5"], ["EXPIRE", "a", "9223372036854775807"],
            ["EXPIRE", "a", "-9223372036854775808"], ["EXPIRE", "a", "9223372036854775"],
            ["PEXPIRE", "a", "9223372036854775807"], ["EXPIRE", "a", "10", "zz"], ["EXPIRE", "a", "10", "nx", "zz"],
            ["EXPIRE", "a", "10", "nx", "xx"], ["EXPIRE", "a", "10", "nx", "gt"], ["EXPIRE", "a", "10", "nx", "lt"],
            ["EXPIRE", "a", "10", "gt", "lt"], ["EXPIRE", "a", "10", "xx", "gt", "lt"], ["EXPIRE", "a"],
            ["EXPIRE", "a", "1", "nx", "nx", "frob"], ["TTL", "a"], ["EXPIREAT", "a", "4102444800", "xx"],
            ["EXPIREAT", "a", "4102444800", "gt"], ["EXPIREAT", "a", "4102444800", "nx"], ["EXPIRETIME", "a"],
            ["EXPIREAT", "a", "4102444800", "nx"], ["EXPIREAT", "a", "4102444700", "gt"],
            ["EXPIREAT", "a", "4102444800", "gt"], ["EXPIREAT", "a", "4102444900", "gt"],
            ["EXPIREAT", "a", "4102444900", "lt"], ["EXPIREAT", "a", "4102444700", "xx", "lt"], ["EXPIRETIME", "a"],
            ["PEXPIREAT", "a", "4102444800123", "xx"], ["PEXPIRETIME", "a"], ["PERSIST", "a"],
            ["EXPIREAT", "a", "4102444800", "lt"], ["EXPIRETIME", "a"],
        ],
        [
            ["SET", "a", "v"], ["EXPIRE", "a", "0"], ["EXISTS", "a"], ["SET", "a", "v"], ["EXPIRE", "a", "-1"],
            ["EXISTS", "a"], ["SET", "a", "v"], ["PEXPIRE", "a", "-1000"], ["EXISTS", "a"], ["SET", "a", "v"],
            ["EXPIREAT", "a", "1"], ["EXISTS", "a"], ["SET", "a", "v"], ["PEXPIREAT", "a", "1"], ["EXISTS", "a"],
            ["SET", "a", "v"], ["PEXPIREAT", "a", "-9223372036854775808"], ["EXISTS", "a"], ["SET", "a", "v"],
            ["EXPIRE", "a", "-9223372036854775"], ["EXISTS", "a"], ["SET", "a", "v"], ["EXPIRE", "a", "10", "xx"],
            ["EXPIRE", "a", "-1", "gt"], ["EXISTS", "a"], ["EXPIRE", "a", "-1", "lt"], ["EXISTS", "a"],
            ["SET", "a", "v"], ["EXPIREAT", "a", "0", "nx"], ["EXISTS", "a"], ["DBSIZE"],
        ],
        [
            ["SET", "a", "1", "exat", "4102444800"], ["INCR", "a"], ["EXPIRETIME", "a"], ["INCRBY", "a", "5"],
            ["INCRBYFLOAT", "a", "0.5"], ["APPEND", "a", "1"], ["SETRANGE", "a", "1", "x"],
            ["SETBIT", "a", "1", "1"], ["EXPIRETIME", "a"], ["RENAME", "a", "b"], ["EXPIRETIME", "b"],
            ["EXISTS", "a"], ["COPY", "b", "c"], ["EXPIRETIME", "c"], ["SET", "d", "1"],
            ["COPY", "d", "c", "replace"], ["TTL", "c"], ["SET", "d", "1", "exat", "4102444800"],
            ["RENAME", "c", "d"], ["TTL", "d"], ["GETSET", "b", "new"], ["TTL", "b"],
            ["SET", "b", "1", "exat", "4102444800"], ["MSET", "b", "2"], ["TTL", "b"],
            ["SET", "b", "1", "exat", "4102444800"], ["SETNX", "b", "3"], ["EXPIRETIME", "b"],
            ["MSETNX", "b", "1", "e", "2"], ["EXPIRETIME", "b"], ["GETDEL", "b"], ["SET", "b", "1"], ["TTL", "b"],
            ["DBSIZE"], ["SET", "b", "1", "exat", "4102444800"], ["GETRANGE", "b", "0", "-1"], ["TOUCH", "b"],
            ["TYPE", "b"], ["OBJECT", "encoding", "b"], ["EXPIRETIME", "b"], ["RENAMENX", "b", "bb"],
            ["EXPIRETIME", "bb"],
        ],
        [
            ["OBJECT", "ENCODING", "i"], ["SET", "i", "12"], ["SET", "s", "abc"],
            ["SET", "l", "012345678901234567890123456789012345678901234567890"], ["OBJECT", "ENCODING", "i"],
            ["OBJECT", "ENCODING", "s"], ["OBJECT", "ENCODING", "l"], ["OBJECT", "ENCODING", "no"],
            ["OBJECT", "REFCOUNT", "s"], ["OBJECT", "REFCOUNT", "no"], ["OBJECT", "FROB"], ["OBJECT", "FROB", "x"],
            ["OBJECT"], ["OBJECT", "ENCODING"], ["MEMORY"], ["MEMORY", "USAGE", "no"],
            ["MEMORY", "USAGE", "i", "SAMPLES", "-1"], ["MEMORY", "USAGE", "i", "SAMPLES", "x"],
            ["MEMORY", "USAGE", "i", "FROB"], ["MEMORY", "USAGE"], ["MEMORY", "FROB"], ["RANDOMKEY", "x"],
        ],
        [
            ["CLIENT", "NO-EVICT", "on"], ["CLIENT", "NO-EVICT", "frob"], ["CLIENT", "NO-EVICT"],
            ["CLIENT", "INFO", "x"],
            ["CLIENT", "LIST", "TYPE", "frob"], ["CLIENT", "LIST", "TYPE", "pubsub"],
            ["CLIENT", "LIST", "ID", "99999"],
            ["CLIENT", "LIST", "ID", "x"], ["CLIENT", "LIST", "ID"], ["CLIENT", "LIST", "FROB"],
            ["CLIENT", "LIST", "FROB", "x"],
            ["CLIENT", "KILL"], ["CLIENT", "KILL", "1.2.3.4:5"], ["CLIENT", "KILL", "ID", "99999"],
            ["CLIENT", "KILL", "ID", "x"],
            ["CLIENT", "KILL", "ID", "0"], ["CLIENT", "KILL", "ADDR", "1.2.3.4:5"], ["CLIENT", "KILL", "TYPE", "frob"],
            ["CLIENT", "KILL", "TYPE", "pubsub"], ["CLIENT", "KILL", "SKIPME", "maybe"],
            ["CLIENT", "KILL", "USER", "frob"],
            ["CLIENT", "KILL", "USER", "default", "ID", "99999"], ["CLIENT", "KILL", "ID"],
            ["CLIENT", "KILL", "ID", "9", "FROB"],
            ["CLIENT", "KILL", "ID", "9", "FROB", "x"], ["CLIENT", "REPLY", "frob"], ["CLIENT", "REPLY", "on"],
            ["CLIENT", "REPLY"],
        ],
        [
            ["COMMAND", "LIST", "FILTERBY", "PATTERN", "getr*"], ["COMMAND", "LIST", "FILTERBY", "MODULE", "x"],
            ["COMMAND", "LIST", "FILTERBY", "ACLCAT", "frob"], ["COMMAND", "LIST", "FILTERBY", "FROB", "x"],
            ["COMMAND", "LIST", "FROB"], ["COMMAND", "LIST", "FILTERBY"], ["COMMAND", "LIST", "FILTERBY", "PATTERN"],
            ["COMMAND", "GETKEYS", "get", "a"], ["COMMAND", "GETKEYS", "mset", "a", "1", "b", "2"],
            ["COMMAND", "GETKEYS", "get"],
            ["COMMAND", "GETKEYS", "frob", "a"], ["COMMAND", "GETKEYS"], ["COMMAND", "GETKEYS", "mset", "a", "1", "b"],
            ["COMMAND", "GETKEYS", "config", "get", "x"], ["COMMAND", "GETKEYS", "get", "a", "b"],
        ],
        [
            ["CONFIG", "SET"], ["CONFIG", "SET", "maxmemory"], ["CONFIG", "SET", "frob", "x"],
            ["CONFIG", "SET", "maxmemory", "x"],
            ["CONFIG", "SET", "maxmemory", "100mb"], ["CONFIG", "GET", "maxmemory"],
            ["CONFIG", "SET", "maxmemory", "100M"],
            ["CONFIG", "GET", "maxmemory"], ["CONFIG", "SET", "maxmemory", "1g", "maxmemory", "2g"],
            ["CONFIG", "SET", "maxmemory", "0", "maxmemory-policy"], ["CONFIG", "SET", "MaxMemory", "0"],
            ["CONFIG", "GET", "maxmemory"], ["CONFIG", "RESETSTAT"], ["CONFIG", "RESETSTAT", "x"],
            ["FUNCTION", "FLUSH"],
            ["FUNCTION", "FLUSH", "ASYNC"],
            ["FUNCTION", "FLUSH", "FROB"], ["FUNCTION", "FLUSH", "SYNC", "SYNC"], ["FUNCTION"], ["FUNCTION", "FROB"],
            ["AUTH"],
            ["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH", "frob", "x"], ["AUTH", "default", "x", "y"],
            ["SAVE", "x"], ["RESET", "x"],
        ],
        [["QUIT", "x"], ["PING"]],
    ]

    /// Bytes that are not requests, and how many bytes of the replies are the same: Puffin says more.
    static let malformed = [
        "*x\r\n", "*99999999999999999999\r\n", "*3\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n:1\r\n", "*1\r\n+PING\r\n",
        "*1\r\n$99999999999999\r\n", "*1\r\nPING\r\n",
    ]

    @Test(
        "requests get the replies that Redis gives, byte for byte", .enabled(if: PeerProgram.areThere("redis-server")),
        arguments: [false, true])
    func replies(isRESP3: Bool) throws {
        try withBoth { puffin, redis in
            for conversation in Self.conversations {
                let requests = conversation.map { words in
                    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
                }
                try puffin.connect().expect(resp("FLUSHALL"), "+OK\r\n")
                try WireConnection(port: redis).expect(resp("FLUSHALL"), "+OK\r\n")
                let found = try answers(requests, port: puffin.port, isRESP3: isRESP3)
                let expected = try answers(requests, port: redis, isRESP3: isRESP3)
                #expect(found == expected, "\(conversation)")
            }
        }
    }

    @Test(
        "invalid bytes get an error that begins as Redis' does", .enabled(if: PeerProgram.areThere("redis-server"))
    )
    func protocolErrors() throws {
        try withBoth { puffin, redis in
            for bytes in Self.malformed {
                let found = try end(of: bytes, port: puffin.port)
                let expected = try end(of: bytes, port: redis)
                let words = expected.dropLast(2)
                #expect(
                    expected.hasPrefix("-ERR Protocol error: ") && found.hasPrefix(words), "\(bytes.debugDescription)")
            }
        }
    }

    private func withBoth(_ body: (ServerProcess, UInt16) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            try body(ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"]), redis.port)
            withExtendedLifetime(redis) {}
        }
    }

    /// One reply per request; the rest of them if the connection ends.
    private func answers(_ requests: [String], port: UInt16, isRESP3: Bool) throws -> [String] {
        let connection = try WireConnection(port: port)
        if isRESP3 {
            try connection.send(resp("HELLO", "3"))
            _ = try connection.receive(through: "$7\r\nmodules\r\n*0\r\n")
        }
        var replies: [String] = []
        for request in requests {
            // A server that has disconnected takes nothing more.
            try? connection.send(request + resp("ECHO", "end of reply"))
            let reply = String(decoding: try connection.receive(through: "$12\r\nend of reply\r\n"), as: UTF8.self)
            replies.append(reply)
        }
        return replies
    }

    private func end(of bytes: String, port: UInt16) throws -> String {
        let connection = try WireConnection(port: port)
        try connection.send(bytes)
        return try connection.receiveAll()
    }
}
