// The scripts that the server knows: those of libraries for locks and counters. It runs no Lua: a script with the tokens of one of these
// has the effect that it has in Redis, made natively as one change, and every other one is refused.

import Bytes

/// What a known script does. Its key is the first key; its arguments are numbered from 1, as in the script.
package enum KnownScript: Hashable, Sendable {
    /// Deletes the key if its value is argument 1. Returns 1, or 0 if it was not; `missing` if there is no such key.
    case deleteIfEqual(missing: Int)
    /// Makes the key expire after argument 2, if its value is argument 1. Returns 1, or 0 if it is not.
    case expireIfEqual(isSeconds: Bool)
    /// As `expireIfEqual` with milliseconds, and takes the key if there is no such one: its value is then argument 1.
    case expireIfEqualOrSet
    /// Makes the key, if it expires at all and its value is argument 1, expire argument 2 milliseconds after now; after the time at which
    /// it would have, if argument 3 is 0. Returns 1, or 0 if it does not.
    case extendIfEqual
    /// Adds 1, or argument 2, to the key. If the sum is just that, the key expires after argument 1. Returns the sum.
    case count(byArgument: Bool, isSeconds: Bool)
    /// Sets the key to argument 1, expiring after argument 2 milliseconds, if there is no such key. Returns 1, or 0 if there is one; `OK`
    /// or null if `isStatus`.
    case setNew(isStatus: Bool)

    /// The numbers of keys and arguments that it reads.
    package var needs: (keys: Int, arguments: Int) {
        switch self {
        case .deleteIfEqual, .count(byArgument: false, _): (1, 1)
        case .expireIfEqual, .expireIfEqualOrSet, .count(byArgument: true, _), .setNew: (1, 2)
        case .extendIfEqual: (1, 3)
        }
    }

    /// The script with this text; nil if it is not known.
    package init?(_ text: Span<UInt8>) {
        guard let tokens = ScriptLexer.tokens(of: text), let script = KnownScript.scripts[tokens] else { return nil }
        self = script
    }

    private static let scripts: [[ScriptLexer.Token]: KnownScript] = {
        var scripts: [[ScriptLexer.Token]: KnownScript] = [:]
        for (text, script) in forms {
            let bytes = Array(text.utf8)
            guard let tokens = ScriptLexer.tokens(of: bytes.span) else {
                preconditionFailure("a script is no Lua: \(text)")
            }
            precondition(scripts.updateValue(script, forKey: tokens) == nil, "a script is listed twice: \(text)")
        }
        return scripts
    }()

    // MARK: Forms

    /// The forms of each, found in libraries and programs. docs/locks.md lists them.
    package static let forms: [(text: String, script: KnownScript)] =
        releasing + extending + counting + taking

    private static let equal = #"redis.call("GET", KEYS[1]) == ARGV[1]"#
    private static let setNew = #"redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2], "NX")"#
    private static let setNew2 = #"redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2])"#
    /// How each of redis-py's scripts begins.
    private static let checkToken = #"""
        local token = redis.call("GET", KEYS[1])
        if not token or token ~= ARGV[1] then return 0 end
        """#

    private static let releasing: [(String, KnownScript)] = [
        (#"if \#(equal) then return redis.call("DEL", KEYS[1]) else return 0 end"#, .deleteIfEqual(missing: 0)),
        (#"if \#(equal) then return redis.call("DEL", KEYS[1]) end return 0"#, .deleteIfEqual(missing: 0)),
        (#"\#(checkToken) redis.call("DEL", KEYS[1]) return 1"#, .deleteIfEqual(missing: 0)),
        (
            #"""
            local value = redis.call("GET", KEYS[1])
            if value == ARGV[1] then return redis.call("DEL", KEYS[1])
            elseif value == false then return -1
            else return 0 end
            """#, .deleteIfEqual(missing: -1)
        ),
    ]

    private static let extending: [(String, KnownScript)] =
        [("PEXPIRE", false), ("EXPIRE", true)].flatMap { (name, isSeconds) -> [(String, KnownScript)] in
            let expire = #"redis.call("\#(name)", KEYS[1], ARGV[2])"#
            return [
                ("if \(equal) then return \(expire) else return 0 end", .expireIfEqual(isSeconds: isSeconds)),
                ("if \(equal) then return \(expire) end return 0", .expireIfEqual(isSeconds: isSeconds)),
            ]
        } + [
            (#"\#(checkToken) redis.call("PEXPIRE", KEYS[1], ARGV[2]) return 1"#, .expireIfEqual(isSeconds: false)),
            (
                #"""
                \#(checkToken)
                local expiration = redis.call("PTTL", KEYS[1])
                if not expiration then expiration = 0 end
                if expiration < 0 then return 0 end
                local newttl = ARGV[2]
                if ARGV[3] == "0" then newttl = ARGV[2] + expiration end
                redis.call("PEXPIRE", KEYS[1], newttl)
                return 1
                """#, .extendIfEqual
            ),
            (
                #"""
                if \#(equal) then return redis.call("PEXPIRE", KEYS[1], ARGV[2])
                elseif \#(setNew) then return 1
                else return 0 end
                """#, .expireIfEqualOrSet
            ),
        ]

    private static let counting: [(String, KnownScript)] =
        [("PEXPIRE", false), ("EXPIRE", true)].flatMap { (name, isSeconds) -> [(String, KnownScript)] in
            let expire = #"redis.call("\#(name)", KEYS[1], ARGV[1])"#
            return [
                (
                    #"local count = redis.call("INCR", KEYS[1]) if count == 1 then \#(expire) end return count"#,
                    .count(byArgument: false, isSeconds: isSeconds)
                ),
                (
                    #"""
                    local count
                    count = redis.call("INCR", KEYS[1])
                    if tonumber(count) == 1 then \#(expire) end
                    return count
                    """#, .count(byArgument: false, isSeconds: isSeconds)
                ),
                (
                    #"""
                    local count
                    local amount = tonumber(ARGV[2])
                    count = redis.call("INCRBY", KEYS[1], amount)
                    if tonumber(count) == amount then \#(expire) end
                    return count
                    """#, .count(byArgument: true, isSeconds: isSeconds)
                ),
            ]
        }

    private static let taking: [(String, KnownScript)] = [setNew, setNew2].flatMap {
        call -> [(String, KnownScript)] in
        [
            ("if \(call) then return 1 else return 0 end", .setNew(isStatus: false)),
            ("if \(call) then return 1 end return 0", .setNew(isStatus: false)),
            ("return \(call)", .setNew(isStatus: true)),
        ]
    }
}
