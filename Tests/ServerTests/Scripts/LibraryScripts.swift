// Scripts as libraries send them, byte for byte. A library whose script changes gets another entry: programs keep old versions.

import Server
import Testing

/// A script of a library.
struct LibraryScript: CustomTestStringConvertible {
    let name: String
    let text: String
    let script: KnownScript
    var testDescription: String { name }

    static let all = [
        LibraryScript(
            name: "redis-py 8.1, Lock.release",
            text: """

                        local token = redis.call('get', KEYS[1])
                        if not token or token ~= ARGV[1] then
                            return 0
                        end
                        redis.call('del', KEYS[1])
                        return 1
                    \u{20}
                """, script: .deleteIfEqual(missing: 0)),
        LibraryScript(
            name: "Laravel 11, LuaScripts::releaseLock",
            text: """
                if redis.call("get",KEYS[1]) == ARGV[1] then
                    return redis.call("del",KEYS[1])
                else
                    return 0
                end
                """, script: .deleteIfEqual(missing: 0)),
        LibraryScript(
            name: "redsync, deleteScript",
            text: """

                \tif redis.call("GET", KEYS[1]) == ARGV[1] then
                \t\treturn redis.call("DEL", KEYS[1])
                \telse
                \t\treturn 0
                \tend

                """, script: .deleteIfEqual(missing: 0)),
        LibraryScript(
            name: "redsync, deleteScript that tells a missing key apart",
            text: """

                \tlocal val = redis.call("GET", KEYS[1])
                \tif val == ARGV[1] then
                \t\treturn redis.call("DEL", KEYS[1])
                \telseif val == false then
                \t\treturn -1
                \telse
                \t\treturn 0
                \tend

                """, script: .deleteIfEqual(missing: -1)),
        LibraryScript(
            name: "redis-py 8.1, Lock.extend",
            text: """

                        local token = redis.call('get', KEYS[1])
                        if not token or token ~= ARGV[1] then
                            return 0
                        end
                        local expiration = redis.call('pttl', KEYS[1])
                        if not expiration then
                            expiration = 0
                        end
                        if expiration < 0 then
                            return 0
                        end

                        local newttl = ARGV[2]
                        if ARGV[3] == "0" then
                            newttl = ARGV[2] + expiration
                        end
                        redis.call('pexpire', KEYS[1], newttl)
                        return 1
                    \u{20}
                """, script: .extendIfEqual),
        LibraryScript(
            name: "redis-py 8.1, Lock.reacquire",
            text: """

                        local token = redis.call('get', KEYS[1])
                        if not token or token ~= ARGV[1] then
                            return 0
                        end
                        redis.call('pexpire', KEYS[1], ARGV[2])
                        return 1
                    \u{20}
                """, script: .expireIfEqual(isSeconds: false)),
        LibraryScript(
            name: "redsync, touchScript",
            text: """

                \tif redis.call("GET", KEYS[1]) == ARGV[1] then
                \t\treturn redis.call("PEXPIRE", KEYS[1], ARGV[2])
                \telse
                \t\treturn 0
                \tend

                """, script: .expireIfEqual(isSeconds: false)),
        LibraryScript(
            name: "redsync, touchWithSetNXScript",
            text: """

                \tif redis.call("GET", KEYS[1]) == ARGV[1] then
                \t\treturn redis.call("PEXPIRE", KEYS[1], ARGV[2])
                \telseif redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2], "NX") then
                \t\treturn 1
                \telse
                \t\treturn 0
                \tend

                """, script: .expireIfEqualOrSet),
        LibraryScript(
            name: "limits 5.8, incr_expire.lua",
            text: """
                local current
                local amount = tonumber(ARGV[2])
                current = redis.call("incrby", KEYS[1], amount)

                if tonumber(current) == amount then
                    redis.call("expire", KEYS[1], ARGV[1])
                end

                return current

                """, script: .count(byArgument: true, isSeconds: true)),
        LibraryScript(
            name: "limits 2, incr_expire.lua",
            text: """
                local current
                current = redis.call("incr",KEYS[1])

                if tonumber(current) == 1 then
                    redis.call("expire",KEYS[1],ARGV[1])
                end

                return current

                """, script: .count(byArgument: false, isSeconds: true)),
    ]
}
