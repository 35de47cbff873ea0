// What the tests of rights ask with: users, keys, and a request of every row of the catalog, in both dialects.

import Commands
import Foundation
import OpenSSL
import TestSupport
import Testing
import Wire

/// The users, keys and requests of the matrix.
enum AccessMatrix {
    /// A user: the user's own rules first, each further set that of a role.
    struct User: Sendable, CustomTestStringConvertible {
        let name: String
        let sets: [String]

        var testDescription: String { name }
        var oracle: AccessOracle { AccessOracle(sets: sets) }
        /// A password that nothing but a digest is kept of, so that a login does not wait for scrypt.
        var password: String { "password of \(name)" }

        /// The requests that make the user.
        var making: [[String]] {
            let roles = sets.dropFirst().enumerated().map { ("\(name)-\($0.offset)", $0.element) }
            let own = sets[0].split(separator: " ").map(String.init)
            return roles.map { ["ACL", "ROLE", "SET", $0.0, "RESET"] + $0.1.split(separator: " ").map(String.init) }
                + [
                    ["ACL", "SETUSER", name, "reset", "on", "#" + Digests.hexadecimal(password), "-@all"] + own
                        + roles.map { "role:" + $0.0 }
                ]
        }
    }

    /// Each door is open to some of them and closed to others.
    static let users = [
        User(name: "all", sets: ["+@all ~*"]),
        User(name: "reader", sets: ["+@read ~*"]),
        User(name: "writer", sets: ["+@write +@transaction +after ~own:*"]),
        User(name: "owner", sets: ["+@read +@write +@connection +@transaction +after ~own:* %R~exact"]),
        User(name: "split", sets: ["+@all -@dangerous +multi +exec +after %R~own:* %W~own:in:*"]),
        User(name: "monitor", sets: ["+@monitor +after +@transaction"]),
        User(
            name: "sum",
            sets: [
                "+@connection +@transaction +@monitor", "+@read +@scripting +after -strlen ~foreign:* ~exact",
                "+set +mset +del +copy +rename +scan +range +changes %W~own:* %R~own:in:*",
            ]),
    ]

    /// Own, nested, foreign, exact, empty and binary keys, and those that nearly are.
    static let keys: [[UInt8]] =
        ["own:1", "own:", "own", "own:in:1", "own:in:", "foreign:1", "exact", "exact2", "exac", ""]
        .map { Array($0.utf8) } + [[0xff, 0, 0x80], Array("own:".utf8) + [0xff, 0]]

    /// How a row is asked for. None is left out: what would end the server or change it gets arguments that its command
    /// refuses, once the right to it has been checked.
    enum Way {
        /// By arguments that fit the row.
        case plain
        /// By these arguments instead.
        case words(String)
        /// By these arguments, on a connection of its own, which it takes, ends or changes.
        case alone(String)
        /// By its subcommands, which have rows of their own.
        case subcommands
    }

    /// A command that is added does not compile here until it is said how the matrix asks for it.
    static func way(_ command: Command) -> Way {
        switch command {
        case .get, .set, .mget, .mset, .msetnx, .msetex, .getset, .getdel, .getex, .setnx, .setex, .psetex, .append,
            .strlen, .getrange, .substr, .setrange, .incr, .decr, .incrby, .decrby, .incrbyfloat, .setbit, .getbit,
            .bitcount, .delex, .digest, .del, .delete, .unlink, .exists, .touch, .type, .keys, .scan, .range,
            .randomkey, .rename, .renamenx, .copy, .expire, .pexpire, .expireat, .pexpireat, .persist, .ttl, .pttl,
            .expiretime, .pexpiretime, .dbsize, .count, .flushall, .flushdb:
            .plain
        case .objectEncoding, .objectRefcount, .objectHelp, .memoryUsage, .memoryHelp: .plain
        case .ping, .echo, .select, .watch, .unwatch, .exec, .discard, .help, .stats, .time, .info: .plain
        case .aclWhoAmI, .aclList, .aclUsers, .aclGetUser, .aclCat, .aclDryRun, .aclGenPass, .aclLog, .aclSave,
            .aclLoad, .aclHelp:
            .plain
        case .clientID, .clientGetName, .clientSetName, .clientSetInfo, .clientInfo, .clientList, .clientReply,
            .clientNoEvict, .clientHelp:
            .plain
        case .configGet, .configResetStat, .configHelp, .commandCount, .commandInfo, .commandDocs, .commandList,
            .commandGetKeys, .commandHelp:
            .plain
        case .eval, .evalsha, .scriptLoad, .scriptExists, .scriptFlush, .scriptHelp, .functionFlush: .plain
        case .compact, .bgrewriteaof, .bgsave, .save, .lastsave, .role, .wait, .waitaof, .after, .seq, .unchanges,
            .hotkeys, .slowlogGet, .slowlogLen, .slowlogReset, .slowlogHelp:
            .plain
        case .debugDigest, .debugDigestValue, .debugLog, .debugProtocol, .debugHelp: .plain
        case .hello: .plain
        case .command: .plain
        case .acl, .object, .memory, .client, .config, .script, .function, .debug, .follower, .slowlog: .subcommands
        case .auth: .alone("nobody wrong")
        case .quit, .reset, .multi: .alone("")
        case .prove, .replicate: .alone("1")
        case .shutdown: .words("NONSENSE")
        case .promote: .words("NONSENSE")
        case .demote: .words("NONSENSE")
        case .follow: .words("127.0.0.1:nonsense")
        case .followerAdd, .followerRemove: .words("127.0.0.1:nonsense")
        case .handover: .words("127.0.0.1:nonsense")
        case .clientKill: .words("ID 0")
        case .configSet: .words("nonsense 1")
        case .aclSetUser: .words("no/name")
        case .aclDelUser: .words("no/name")
        case .aclRole: .words("LIST")
        case .aclToken: .words("no/name")
        // They load the users again, which ends their sessions.
        case .debugLoadAOF: .words("NONSENSE")
        case .debugReload: .words("NONSENSE")
        case .debugSetActiveExpire: .words("NONSENSE")
        case .debugSleep: .words("NONSENSE")
        case .changes: .words("own: LIMIT 1")
        }
    }

    /// One request.
    struct Request {
        let spec: CommandSpec
        let words: [[UInt8]]
        let keys: [[UInt8]]
        var option: String?
        /// Whether it needs a connection of its own.
        var isAlone = false

        /// As an array of bulk strings, behind other words.
        func array(behind first: String...) -> [UInt8] {
            let words = first.map { Array($0.utf8) } + words
            return words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
                bytes += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8)
            }
        }

        /// As a line, without its line feed; nil if a line cannot say it.
        var line: [UInt8]? {
            guard spec.lineArity.contains(words.count - spec.nameCount) else { return nil }
            var bytes: [UInt8] = []
            for (index, word) in words.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: " ")) }
                let isText =
                    switch spec.lineForm {
                    case .words, .rest: false
                    case .restOrOptions(let words): index == words + 1
                    }
                bytes += word.isEmpty || isText ? [UInt8(ascii: "\"")] + word + [UInt8(ascii: "\"")] : word
            }
            return bytes
        }

        /// Whether the oracle lets it through.
        func isAllowed(_ oracle: AccessOracle) -> Bool {
            guard oracle.may(spec, keys: keys, option: option) else { return false }
            return spec.command != .changes || oracle.showsAll(spec, withPrefix: words[1])
        }

        var description: String {
            words.map { String(decoding: $0, as: UTF8.self).debugDescription }.joined(separator: " ")
        }
    }

    /// The requests of a row: with each key, or each pair of keys.
    static func requests(_ spec: CommandSpec) -> [Request] {
        let names = spec.fullName.split(separator: " ").map { Array($0.utf8) }
        func fixed(_ words: String) -> Request {
            Request(spec: spec, words: names + words.split(separator: " ").map { Array($0.utf8) }, keys: [])
        }
        switch way(spec.command) {
        case .subcommands: return []
        case .words(let words): return [fixed(words)]
        case .alone(let words):
            var request = fixed(words)
            request.isAlone = true
            return [request]
        case .plain: break
        }
        let sets: [[[UInt8]]] =
            spec.keys == .none
            ? [[keys[0]]]
            : CatalogRequests.takesSeveral(spec) ? keys.flatMap { one in keys.map { [one, $0] } } : keys.map { [$0] }
        let options: [String?] = spec.keys.options > 0 ? [nil, spec.command == .delex ? "IFEQ" : "GET"] : [nil]
        return sets.flatMap { keys in
            options.map { option in
                Request(
                    spec: spec, words: CatalogRequests.request(spec, keys: keys, option: option), keys: keys,
                    option: option)
            }
        }
    }
}

extension Digests {
    static func hexadecimal(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return hexadecimal(sha256(bytes.span))
    }
}
