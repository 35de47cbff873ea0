// The scripts that the server knows: those by which libraries release locks. It runs no Lua: a script with the tokens of one of these has
// the effect that it has in Redis, made natively in one step, and every other one is refused.

import Bytes

/// What a known script does. Its key is the first key, and its arguments are counted from 1, as in the script.
package enum KnownScript: Hashable, Sendable {
    /// Deletes the key if its value is argument 1. Returns 1, or 0 if it was not; -1 for a missing key where that is told apart.
    case deleteIfEqual(missing: Int)

    /// The numbers of keys and arguments that it reads.
    package var needs: (keys: Int, arguments: Int) {
        switch self {
        case .deleteIfEqual: (1, 1)
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

    /// The forms of each.
    package static let forms: [(text: String, script: KnownScript)] = [
        // The documentation of Redis, Laravel, redsync before 4.9, and many programs.
        (#"if \#(equal) then return redis.call("DEL", KEYS[1]) else return 0 end"#, .deleteIfEqual(missing: 0)),
        // bsm/redislock.
        (#"if \#(equal) then return redis.call("DEL", KEYS[1]) end return 0"#, .deleteIfEqual(missing: 0)),
        // redis-py.
        (#"\#(checkToken) redis.call("DEL", KEYS[1]) return 1"#, .deleteIfEqual(missing: 0)),
        // redsync.
        (
            #"""
            local value = redis.call("GET", KEYS[1])
            if value == ARGV[1] then return redis.call("DEL", KEYS[1])
            elseif value == false then return -1
            else return 0 end
            """#, .deleteIfEqual(missing: -1)
        ),
    ]

    private static let equal = #"redis.call("GET", KEYS[1]) == ARGV[1]"#
    private static let checkToken = #"""
        local token = redis.call("GET", KEYS[1])
        if not token or token ~= ARGV[1] then return 0 end
        """#
}
