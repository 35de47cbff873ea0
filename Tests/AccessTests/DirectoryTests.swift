import Access
import Bytes
import Commands
import TestSupport
import Testing

/// All users and roles.
struct DirectoryTests {
    private func name(_ text: String) throws -> UserName { try #require(UserName(text)) }

    private func apply(_ directory: inout Directory, _ kind: String, _ name: String, _ value: String?) -> NoteError? {
        let bytes = Array((value ?? "").utf8)
        return directory.apply(kind: kind, name: name, value: value == nil ? nil : bytes.span)
    }

    private func check(
        _ directory: Directory, _ kind: NoteKind, _ name: String, _ value: String?, hasLocalAdmin: Bool = false
    ) throws {
        let bytes = Array((value ?? "").utf8)
        try directory.check(
            kind, try self.name(name), value == nil ? nil : bytes.span, at: 1000, hasLocalAdmin: hasLocalAdmin)
    }

    private let admin = #"{"on":true,"roles":["admin"],"certs":["cn:root"]}"#

    private func directory() -> Directory {
        var directory = Directory()
        _ = apply(&directory, "user", "root", admin)
        _ = apply(&directory, "role", "orders", #"{"rules":"+@read ~orders:*"}"#)
        _ = apply(
            &directory, "user", "alice", #"{"on":true,"roles":["orders"],"rules":"+ping","certs":["cn:alice","dns:a"]}"#
        )
        return directory
    }

    @Test("without users the mode decides; with them, only a default user without password is logged in at once")
    func beforeLogin() throws {
        var directory = Directory()
        #expect(
            !directory.hasUsers
                && directory.rightsBeforeLogin(.open, at: 0).free == AccessRights.everything.free)
        #expect(directory.rightsBeforeLogin(.required, at: 0).user == nil)
        // A role alone makes no users.
        #expect(apply(&directory, "role", "r", #"{"rules":"+get"}"#) == nil)
        #expect(directory.rightsBeforeLogin(.open, at: 0).user == .default)
        #expect(apply(&directory, "user", "root", admin) == nil)
        #expect(directory.rightsBeforeLogin(.open, at: 0).user == nil)
        #expect(apply(&directory, "user", "default", #"{"on":true,"rules":"+ping","nopass":true}"#) == nil)
        let rights = directory.rightsBeforeLogin(.required, at: 0)
        #expect(rights.user == .default && rights.may(.ping) && !rights.may(.get))
        for other in [#"{"on":false,"nopass":true}"#, #"{"on":true}"#, #"{"on":true,"nopass":true,"until":5}"#] {
            #expect(apply(&directory, "user", "default", other) == nil)
            #expect(directory.rightsBeforeLogin(.open, at: 5).user == nil)
        }
    }

    @Test("who has everything needs no look, and who has not logged in may only log in or leave")
    func extremes() {
        for spec in Catalog.rows {
            let isAlways = ["AUTH", "HELLO", "QUIT", "RESET"].contains(spec.fullName)
            #expect(AccessRights.everything.free.contains(spec.command.index), "\(spec.fullName)")
            #expect(AccessRights.nobody.free.contains(spec.command.index) == isAlways, "\(spec.fullName)")
            #expect(AccessRights.nobody.allowed.contains(spec.command.index) == isAlways)
            let request = CatalogRequests.request(spec, keys: [Array("k".utf8)])
            let verdict = CatalogRequests.lend(request) { AccessRights.nobody.verdict(spec.command.index, $0) }
            #expect(verdict == (isAlways ? .allowed : .notLoggedIn), "\(spec.fullName)")
        }
        #expect(AccessRights.everything.mayReadAll && AccessRights.nobody.readableKeys.isEmpty)
        #expect(MemoryLayout<RowSet>.size * 8 == CommandNames.rowLimit)
    }

    @Test("the default user of a server without users begins with all rights")
    func defaultUser() throws {
        let first = Directory().userToChange(.default)
        #expect(first == .everything && first.line(.default) == "user default on nopass ~* &* +@all")
        #expect(try Directory().userToChange(name("alice")) == User() && directory().userToChange(.default) == User())
        let secured = try UserChangeTests.apply(">secret", to: first)
        #expect(!secured.hasNoPassword)
        try check(Directory(), .user, "default", String(decoding: secured.note, as: UTF8.self))
        #expect(try directory().userToChange(name("alice")).certificates.count == 2)
    }

    @Test("notes make users and roles, and null removes them")
    func notes() throws {
        var directory = directory()
        let alice = try name("alice")
        #expect(
            directory.userNames.map(\.text) == ["alice", "root"] && directory.count == 3 && directory.revision == 3)
        #expect(directory.roleNames.map(\.text).suffix(2) == ["auditor", "orders"])
        let rights = directory.rights(of: alice)
        #expect(
            rights.user == alice && rights.may(.get) && rights.may(.ping) && !rights.may(.set)
                && !rights.free.contains(Command.get.index))
        #expect(apply(&directory, "role", "orders", #"{"rules":"+@write ~orders:*"}"#) == nil)
        #expect(directory.rights(of: alice).may(.set) && !directory.rights(of: alice).may(.get))
        let orders = try name("orders")
        #expect(apply(&directory, "role", "orders", nil) == nil && directory.role(orders) == nil)
        #expect(!directory.rights(of: alice).may(.set) && directory.rights(of: alice).may(.ping))
        #expect(apply(&directory, "user", "alice", nil) == nil && directory.user(alice) == nil)
        #expect(directory.rights(of: alice).user == nil)
    }

    @Test("a note that cannot be read takes the user away instead of a restriction")
    func unreadable() throws {
        var directory = directory()
        let alice = try name("alice")
        #expect(apply(&directory, "user", "alice", #"{"on":true,"hours":"9-17"}"#) == .unknownField("hours"))
        #expect(
            directory.user(alice) == nil && directory.rights(of: alice).user == nil
                && directory.userNames.contains(alice))
        #expect(directory.unreadable[.user]?[alice] == .unknownField("hours") && directory.count == 3)
        #expect(apply(&directory, "role", "admin", #"{"rules":""}"#) == .builtIn("admin"))
        #expect(
            apply(&directory, "user", "a b", "{}") == .wrongName
                && apply(&directory, "team", "a", "{}") == .unknownKind("team"))
        #expect(apply(&directory, "user", "alice", #"{"on":true}"#) == nil && directory.user(alice) != nil)
    }

    @Test("one user for a certificate; two are nobody")
    func certificates() throws {
        var directory = directory()
        let names = ["cn:alice", "dns:a", "cn:other"].compactMap { CertificateName($0) }
        #expect(directory.user(forCertificate: names) == .user(try name("alice")))
        #expect(directory.user(forCertificate: [names[2]]) == .none && directory.user(forCertificate: []) == .none)
        #expect(apply(&directory, "user", "bob", #"{"on":false,"certs":["dns:a"]}"#) == nil)
        #expect(directory.user(forCertificate: names) == .several([try name("alice"), try name("bob")]))
        #expect(directory.user(forCertificate: [names[0]]) == .user(try name("alice")))
        // A certificate that is taken away, or whose user is, logs in nobody.
        #expect(apply(&directory, "user", "alice", #"{"on":true,"certs":["cn:alice"]}"#) == nil)
        #expect(directory.user(forCertificate: [names[1]]) == .user(try name("bob")))
        #expect(apply(&directory, "user", "bob", nil) == nil)
        #expect(directory.user(forCertificate: [names[1]]) == .none)
        #expect(apply(&directory, "user", "alice", #"{"x":1}"#) != nil)
        #expect(directory.user(forCertificate: names) == .none)
    }

    @Test("a change that is wrong, or breaks something, is refused")
    func checks() throws {
        let directory = directory()
        try check(directory, .user, "bob", #"{"on":true,"roles":["orders","reader"]}"#)
        #expect(throws: DirectoryError.unknownRole(try name("frob"))) {
            try check(directory, .user, "bob", #"{"on":true,"roles":["frob"]}"#)
        }
        #expect(throws: DirectoryError.roleInUse(try name("orders"), by: try name("alice"))) {
            try check(directory, .role, "orders", nil)
        }
        #expect(throws: DirectoryError.note(.builtIn("reader"))) { try check(directory, .role, "reader", nil) }
        #expect(throws: DirectoryError.note(.unknownField("x"))) {
            try check(directory, .user, "bob", #"{"on":true,"x":1}"#)
        }
        try check(directory, .role, "orders", #"{"rules":""}"#)
        try check(directory, .role, "more", #"{"rules":""}"#)
        try check(Directory(), .role, "more", #"{"rules":""}"#)
        for error in [
            DirectoryError.leavesNobody, .unknownRole(.default), .roleInUse(.default, by: .default), .note(.tooMany),
        ] {
            #expect(!error.text.isEmpty && !error.text.hasSuffix("."))
        }
    }

    @Test("there are at most 10,000 users and roles")
    func limit() throws {
        var directory = directory()
        for index in directory.count..<NoteLimits.count { _ = apply(&directory, "role", "r\(index)", #"{"rules":""}"#) }
        #expect(directory.count == NoteLimits.count)
        #expect(throws: DirectoryError.note(.tooMany)) { try check(directory, .user, "bob", #"{"on":true}"#) }
        try check(directory, .user, "alice", #"{"on":true}"#)
        try check(directory, .role, "r100", nil)
    }

    @Test("the built-in roles allow what their summary says")
    func builtIn() throws {
        func rights(_ role: String) throws -> AccessRights {
            AccessRights(user: .default, [try #require(Role.builtIn(try name(role))).rules])
        }
        let allowed: [(String, [Command], [Command])] = [
            ("admin", Command.allCases, []),
            (
                "operator", [.compact, .promote, .configSet, .stats, .count, .shutdown, .followerAdd, .ping],
                [.get, .set, .keys, .debug, .replicate]
            ),
            (
                "monitor", [.stats, .info, .slowlogGet, .clientList, .count, .configGet, .role],
                [.clientKill, .configSet, .get, .keys, .shutdown]
            ),
            (
                "reader", [.get, .keys, .changes, .multi, .watch, .command, .ping],
                [.set, .flushall, .clientList, .stats, .eval, .randomkey].filter { $0 != .randomkey }
            ),
            (
                "writer", [.get, .set, .del, .eval, .exec, .scriptLoad, .expire],
                [.flushall, .flushdb, .configGet, .shutdown, .replicate]
            ),
            ("replica", [.replicate, .followerAdd, .ping], [.get, .set, .promote, .clientKill]),
            ("auditor", [.stats, .ping], [.get, .configSet, .keys]),
        ]
        #expect(allowed.map(\.0) == Role.builtIn.map(\.name))
        for (role, may, mayNot) in allowed {
            let rights = try rights(role)
            for command in may {
                #expect(rights.may(command) && rights.free.contains(command.index), "\(role): \(command)")
            }
            for command in mayNot { #expect(!rights.may(command), "\(role): \(command)") }
        }
    }

    @Test("a change that leaves nobody who may change users is refused")
    func somebody() throws {
        let directory = directory()
        let changes: [(NoteKind, String, String?)] = [
            (.user, "root", nil), (.user, "root", #"{"on":false,"roles":["admin"],"certs":["cn:root"]}"#),
            (.user, "root", #"{"on":true,"roles":["admin"]}"#),
            (.user, "root", #"{"on":true,"roles":["writer"],"certs":["cn:root"]}"#),
            (.user, "root", #"{"on":true,"roles":["admin"],"rules":"","certs":["cn:root"],"until":1000}"#),
            (.user, "root", #"{"on":true,"roles":["admin"],"certs":["cn:root"],"needs":"both"}"#),
        ]
        for (kind, name, value) in changes {
            #expect(throws: DirectoryError.leavesNobody) { try check(directory, kind, name, value) }
            try check(directory, kind, name, value, hasLocalAdmin: true)
        }
        try check(directory, .user, "root", #"{"on":true,"roles":["admin"],"nopass":true,"until":1001}"#)
        try check(directory, .user, "root", #"{"on":true,"rules":"+acl|setuser","certs":["cn:root"]}"#)
        // The first user of a server must be one who may change users, except where its settings have a password.
        #expect(throws: DirectoryError.leavesNobody) {
            try check(Directory(), .user, "bob", #"{"on":true,"nopass":true}"#)
        }
        try check(Directory(), .user, "bob", admin)
        try check(Directory(), .user, "bob", #"{"on":true}"#, hasLocalAdmin: true)
        // A role that makes the only manager, too. Where no users are needed, the last one may go.
        var other = directory
        #expect(apply(&other, "role", "boss", #"{"rules":"+@users"}"#) == nil)
        #expect(apply(&other, "user", "root", #"{"on":true,"roles":["boss"],"nopass":true}"#) == nil)
        #expect(throws: DirectoryError.leavesNobody) {
            try check(other, .role, "boss", #"{"rules":"+@users -acl|setuser"}"#)
        }
        try check(other, .role, "boss", #"{"rules":"+acl"}"#)
        #expect(apply(&other, "user", "alice", nil) == nil)
        #expect(throws: DirectoryError.leavesNobody) { try check(other, .user, "root", nil) }
        try other.check(.user, try name("root"), nil, at: 1000, mode: .open)
    }
}
