// Commands on values.

extension Catalog {
    static let strings: [CommandSpec] = [
        CommandSpec(
            .get, "GET", "<key>", 1...1, needs: "a key", "Returns the value of a key.", .strings,
            keys: .one.used(.read),
            traits: .data,
            categories: [.read, .string, .fast],
            answer: .value, replyBound: .value,
            replies: "The value; null (a line: `ERROR: Key not found`) if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .set, "SET",
            "<key> <value> [NX|XX|IFEQ <value>|IFNE <value>|IFDEQ <digest>|IFDNE <digest>] [GET] "
                + "[EX <seconds>|PX <milliseconds>|EXAT <unix seconds>|PXAT <unix milliseconds>|KEEPTTL]",
            2...CommandSpec.any, needs: "a key and a value",
            "Sets a key to a value; in a line, options follow a value in quotes.", .strings,
            form: .restOrOptions(afterWords: 1), lineArguments: "<key> <value>", keys: .one.used(.write, options: 3),
            traits: [.data, .change, .storesValues], categories: [.write, .string, .slow], valueOption: "GET",

            replies:
                "`OK`. If the condition is not met, null (a line: `ERROR: Not set: …`, with the reason). With `GET`, the old value, or null if there was none, whether the key was set or not.",
            errors:
                "A syntax error for options that contradict each other; `ERR digest must be exactly 16 hexadecimal characters`; `ERR invalid expire time in 'set' command`.",
            since: "0.1.0"),
        CommandSpec(
            .mget, "MGET", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Returns the values of several keys.",
            .strings, keys: .all.used(.read), traits: .data, categories: [.read, .string, .fast], replyBound: .data,
            complexity: "O(N) for N keys",
            replies: "A list: each value, null (a line: `ERROR: Key not found`) in place of a missing one.",
            since: "0.1.0"),
        CommandSpec(
            .mset, "MSET", "<key> <value> …", 2...CommandSpec.any, needs: "keys and values, one after the other",
            "Sets several keys in one atomic change.", .strings, keys: .everySecond.used(.write),
            traits: [.data, .change, .storesValues], categories: [.write, .string, .slow],
            complexity: "O(N) for N keys", replies: "`OK`.",
            errors: "An odd number of arguments is a wrong number of arguments.",
            since: "0.1.0"),
        CommandSpec(
            .msetnx, "MSETNX", "<key> <value> …", 2...CommandSpec.any, needs: "keys and values, one after the other",
            "Sets several keys in one atomic change if none of them exists.", .strings, keys: .everySecond.used(.write),
            traits: [.data, .change, .storesValues], categories: [.write, .string, .slow],
            complexity: "O(N) for N keys",
            replies:
                "1 if the keys were set, 0 if one of them exists (a line: `OK`, `ERROR: Not set: one of the keys exists`).",
            errors: "An odd number of arguments is a wrong number of arguments.",
            since: "0.1.0"),
        CommandSpec(
            .getset, "GETSET", "<key> <value>", 2...2, needs: "a key and a value",
            "Sets a key to a value and returns the old value.", .strings, form: .rest(afterWords: 1),
            keys: .one.used(.both), traits: [.data, .change, .storesValues], categories: [.write, .string, .fast],
            answer: .value,
            replyBound: .value,
            replies:
                "The old value; null (a line: `ERROR: Key not found`) if there was none. The key is set in any case.",
            since: "0.1.0"),
        CommandSpec(
            .getdel, "GETDEL", "<key>", 1...1, needs: "a key", "Removes a key and returns its value.", .strings,
            keys: .one.used(.both), traits: [.data, .change, .shrink], categories: [.write, .string, .fast],
            answer: .value,
            replyBound: .value,

            replies: "The value; null (a line: `ERROR: Key not found`) if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .setnx, "SETNX", "<key> <value>", 2...2, needs: "a key and a value",
            "Sets a key to a value if the key does not exist.", .strings, form: .rest(afterWords: 1),
            keys: .one.used(.write),
            traits: [.data, .change, .storesValues], categories: [.write, .string, .fast],
            replies: "1 if the key was set, otherwise 0 (a line: `OK`, `ERROR: Not set: the key exists`).",
            since: "0.1.0"),
        CommandSpec(
            .append, "APPEND", "<key> <value>", 2...2, needs: "a key and a value",
            "Appends to the value of a key and returns its new size in bytes.", .strings, form: .rest(afterWords: 1),
            keys: .one.used(.write),
            traits: [.data, .change], categories: [.write, .string, .fast],
            complexity: "O(N) for N bytes of the new value", replies: "The new size in bytes.",
            errors: "A value longer than `limits.edit_size`.",
            since: "0.1.0"),
        CommandSpec(
            .strlen, "STRLEN", "<key>", 1...1, needs: "a key", "Returns the size of the value of a key in bytes.",
            .strings,
            keys: .one.used(.read), traits: .data, categories: [.read, .string, .fast],
            replies: "The size in bytes; 0 if the key does not exist.",
            since: "0.1.0"),
        CommandSpec(
            .getrange, "GETRANGE", "<key> <start> <end>", 3...3, needs: "a key, the first byte and the last",
            "Returns a part of the value of a key; negative places count from the end.", .strings,
            keys: .one.used(.read),
            traits: .data,
            categories: [.read, .string, .slow], answer: .value, replyBound: .value,
            complexity: "O(N) for N bytes returned",
            replies: "The bytes; an empty value if there are none in that range.",
            errors: "`ERR value is not an integer or out of range`.",
            since: "0.1.0"),
        CommandSpec(
            .substr, "SUBSTR", "<key> <start> <end>", 3...3, needs: "a key, the first byte and the last",
            "Is GETRANGE, for Redis clients.", .strings, keys: .one.used(.read), traits: [.data, .hidden],
            categories: [.read, .string, .slow],
            answer: .value, replyBound: .value,
            complexity: "O(N) for N bytes returned", replies: "As `GETRANGE`.",
            since: "0.1.0"),
        CommandSpec(
            .setrange, "SETRANGE", "<key> <offset> <value>", 3...3, needs: "a key, an offset and a value",
            "Overwrites a part of the value of a key and returns its new size in bytes.", .strings,
            form: .rest(afterWords: 2),
            keys: .one.used(.write), traits: [.data, .change], categories: [.write, .string, .slow],
            complexity: "O(N) for N bytes of the new value",
            replies:
                "The new size in bytes. A value that is too short is extended with zeros first; an empty value changes nothing.",
            errors: "`ERR offset is out of range`; a value longer than `limits.edit_size`.",
            since: "0.1.0"),
        CommandSpec(
            .incr, "INCR", "<key>", 1...1, needs: "a key", "Adds 1 to the number that a key holds.", .strings,
            keys: .one.used(.both), traits: [.data, .change], categories: [.write, .string, .fast],
            replies: "The new number; a missing key holds 0.",
            errors:
                "`ERR value is not an integer or out of range`; `ERR increment or decrement would overflow`. The value is then unchanged.",
            since: "0.1.0"),
        CommandSpec(
            .decr, "DECR", "<key>", 1...1, needs: "a key", "Subtracts 1 from the number that a key holds.", .strings,
            keys: .one.used(.both), traits: [.data, .change], categories: [.write, .string, .fast],
            replies: "The new number; a missing key holds 0.", errors: "As `INCR`.",
            since: "0.1.0"),
        CommandSpec(
            .incrby, "INCRBY", "<key> <increment>", 2...2, needs: "a key and a number",
            "Adds to the number that a key holds.", .strings, keys: .one.used(.both), traits: [.data, .change],
            categories: [.write, .string, .fast],
            replies: "The new number; a missing key holds 0.", errors: "As `INCR`.",
            since: "0.1.0"),
        CommandSpec(
            .decrby, "DECRBY", "<key> <decrement>", 2...2, needs: "a key and a number",
            "Subtracts from the number that a key holds.", .strings, keys: .one.used(.both), traits: [.data, .change],
            categories: [.write, .string, .fast],
            replies: "The new number; a missing key holds 0.",
            errors: "As `INCR`; `ERR decrement would overflow` for -2^63.",
            since: "0.1.0"),
        CommandSpec(
            .incrbyfloat, "INCRBYFLOAT", "<key> <increment>", 2...2, needs: "a key and a number",
            "Adds to the number that a key holds, which may have decimals.", .strings, keys: .one.used(.both),
            traits: [.data, .change], categories: [.write, .string, .fast], replyBound: .bytes(6 << 10),
            replies: "The new number as a text with at most 17 decimals; a missing key holds 0.",
            errors: "`ERR value is not a valid float`; `ERR increment would produce NaN or Infinity`.",
            since: "0.1.0"),
        CommandSpec(
            .setbit, "SETBIT", "<key> <offset> <0|1>", 3...3, needs: "a key, the place of a bit, and 0 or 1",
            "Sets a bit of the value of a key and returns the old bit.", .strings, keys: .one.used(.both),
            traits: [.data, .change],
            categories: [.write, .bitmap, .slow],
            complexity: "O(N) for N bytes of the new value",
            replies:
                "The old bit, 0 or 1. Bit 0 is the highest of the first byte. A value that is too short is extended with zeros first.",
            errors:
                "`ERR bit offset is not an integer or out of range`; `ERR bit is not an integer or out of range`; a value longer than `limits.edit_size`.",
            since: "0.1.0"),
        CommandSpec(
            .getbit, "GETBIT", "<key> <offset>", 2...2, needs: "a key and the place of a bit",
            "Returns a bit of the value of a key.", .strings, keys: .one.used(.read), traits: .data,
            categories: [.read, .bitmap, .fast],

            replies: "The bit, 0 or 1; 0 beyond the value's end.",
            errors: "`ERR bit offset is not an integer or out of range`.",
            since: "0.1.0"),
        CommandSpec(
            .bitcount, "BITCOUNT", "<key> [<start> <end> [BYTE|BIT]]", 1...CommandSpec.any,
            needs: "a key, or a key, a start and an end",
            "Counts the bits that are 1 in the value of a key, or in a part of it.",
            .strings, lineArity: 1...4, keys: .one.used(.read), traits: .data, categories: [.read, .bitmap, .slow],
            complexity: "O(N) for N bytes counted", replies: "The number of bits; 0 if the key does not exist.",
            errors: "A syntax error for a start without an end.",
            since: "0.1.0"),
        CommandSpec(
            .delex, "DELEX", "<key> [IFEQ <value>|IFNE <value>|IFDEQ <digest>|IFDNE <digest>]", 1...CommandSpec.any,
            needs: "a key, or a key and a condition", "Removes a key if its value meets a condition.",
            .strings, lineArity: 1...3, keys: .one.used(.write, options: 2), traits: [.data, .change, .shrink],
            categories: [.write, .string, .fast],
            answer: .deleted,
            complexity: "O(1), O(N) for N bytes with IFDEQ or IFDNE",
            replies:
                "1 if the key was removed, otherwise 0 (a line: `OK`, `ERROR: Not deleted: …`, `ERROR: Key not found`).",
            errors: "`ERR digest must be exactly 16 hexadecimal characters`.",
            since: "0.1.0"),
        CommandSpec(
            .digest, "DIGEST", "<key>", 1...1, needs: "a key",
            "Returns the XXH3 digest of the value of a key, for IFDEQ and IFDNE.", .strings, keys: .one.used(.read),
            traits: .data,
            categories: [.read, .string, .fast], answer: .value,
            complexity: "O(N) for N bytes of the value",
            replies: "16 hexadecimal digits; null (a line: `ERROR: Key not found`) if the key does not exist.",
            since: "0.1.0"),
    ]
}
