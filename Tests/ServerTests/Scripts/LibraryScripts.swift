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
            name: "redsync 4.8, deleteScript",
            text: """

                \tif redis.call("GET", KEYS[1]) == ARGV[1] then
                \t\treturn redis.call("DEL", KEYS[1])
                \telse
                \t\treturn 0
                \tend

                """, script: .deleteIfEqual(missing: 0)),
        LibraryScript(
            name: "redsync 4.13, deleteScript",
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
    ]
}
