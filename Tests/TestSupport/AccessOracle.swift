// What users may do, worked out a second time: tests compare the server with it.

import Commands

/// An independent, naive evaluator of rules: texts, linear searches, and lists of commands of its own.
package struct AccessOracle {
    /// Each set of rules as words.
    let sets: [[String]]
    /// The command that all of these sets allow; nil if that is not known.
    private var command: Command?

    package init(sets: [String]) { self.sets = sets.map { $0.split(separator: " ").map(String.init) } }

    private init(_ sets: [[String]], _ command: Command) { (self.sets, self.command) = (sets, command) }

    /// The sets of rules that allow a command: asking them for it is fast.
    package func narrowed(to spec: CommandSpec) -> AccessOracle {
        AccessOracle(sets.filter { allows($0, spec) }, spec.command)
    }

    private static let always = ["AUTH", "HELLO", "QUIT", "RESET"]
    private static let changes = [
        "SET", "MSET", "MSETNX", "MSETEX", "SETEX", "PSETEX", "SETNX", "SETRANGE", "APPEND", "DEL", "DELETE", "UNLINK",
        "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "PERSIST", "DELEX",
    ]
    private static let changesAndShows = [
        "GETSET", "GETDEL", "GETEX", "INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT", "SETBIT", "EVAL", "EVALSHA",
    ]

    private func allows(_ set: [String], _ spec: CommandSpec) -> Bool {
        if spec.command == command { return true }
        var isAllowed = false
        let names = [spec.redisName, spec.parent?.spec.redisName ?? spec.redisName]
        for word in set where word.hasPrefix("+") || word.hasPrefix("-") {
            let name = String(word.dropFirst())
            if name == "@all" || names.contains(name) || spec.categories.names.contains(name) {
                isAllowed = word.hasPrefix("+")
            }
        }
        return isAllowed
    }

    private func letters(_ set: [String], _ key: [UInt8]) -> Set<Character> {
        var letters: Set<Character> = []
        for word in set where word.hasPrefix("~") || word.hasPrefix("%") {
            let parts = word.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
            let pattern = Array(parts[1].utf8)
            let isPrefix = pattern.last == UInt8(ascii: "*")
            guard isPrefix ? key.starts(with: pattern.dropLast()) : key == pattern else { continue }
            letters.formUnion(parts[0] == "" ? "RW" : parts[0].dropFirst())
        }
        return letters
    }

    private func needed(_ name: String, _ position: Int, option: String?) -> Set<Character> {
        switch name {
        case "RENAME", "RENAMENX": return position == 0 ? ["R", "W"] : ["W"]
        case "COPY": return position == 0 ? ["R"] : ["W"]
        case "SET" where option == "GET", "DELEX" where option == "IFEQ": return ["R", "W"]
        default: break
        }
        if AccessOracle.changes.contains(name) { return ["W"] }
        return AccessOracle.changesAndShows.contains(name) ? ["R", "W"] : ["R"]
    }

    private func everywhere(_ set: [String]) -> Set<Character> {
        Set(set.filter { $0.hasSuffix("~*") }.flatMap { $0 == "~*" ? "RW" : String($0.dropFirst().dropLast(2)) })
    }

    /// Whether a request may run.
    package func may(_ spec: CommandSpec, keys: [[UInt8]], option: String? = nil) -> Bool {
        if AccessOracle.always.contains(spec.fullName) { return true }
        return sets.contains { set in
            guard allows(set, spec) else { return false }
            let all = everywhere(set)
            switch spec.fullName {
            case "FLUSHALL", "FLUSHDB": return all.contains("W")
            case "RANDOMKEY", "DEBUG DIGEST": return all.contains("R")
            case "REPLICATE": return all.count == 2
            case "DBSIZE", "COUNT": return all.contains("R") || allows(set, Command.stats.spec)
            default: break
            }
            if spec.keys == .none { return true }
            return keys.enumerated().allSatisfy {
                needed(spec.fullName, $0.offset, option: option).isSubset(of: letters(set, $0.element))
            }
        }
    }

    /// Whether a listing shows a key.
    package func shows(_ spec: CommandSpec, _ key: [UInt8]) -> Bool {
        sets.contains { allows($0, spec) && letters($0, key).contains("R") }
    }

    /// Whether a feed may show every key with a prefix.
    package func showsAll(_ spec: CommandSpec, withPrefix prefix: [UInt8]) -> Bool {
        sets.contains { set in
            allows(set, spec)
                && set.contains { word in
                    guard word.hasPrefix("~") || word.hasPrefix("%R"), word.hasSuffix("*") else { return false }
                    let pattern = word.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)[1]
                    return prefix.starts(with: pattern.utf8.dropLast())
                }
        }
    }

    /// Whether any of the rules allow a key to be read, for replies that show keys in passing.
    package func mayRead(_ key: [UInt8]) -> Bool { sets.contains { letters($0, key).contains("R") } }
}
