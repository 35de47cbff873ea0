// ACL: users and roles. Each is a note of the log, so a change is durable, replicated and in backups, as one of a pair is.

import Access
import Bytes
import Commands
import OpenSSL
import Store
import Wire

enum UserHandlers {
    // MARK: Showing

    static func whoAmI(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.text(session.rights.user?.text ?? "default")
    }

    static func list(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let directory = known(session, &replies)
        let lines = directory.userNames.compactMap { name in directory.user(name).map { $0.line(name) } }
        write(directory.hasUsers ? lines : [User.everything.line(.default)], &replies)
    }

    static func names(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let directory = known(session, &replies)
        write(directory.hasUsers ? directory.userNames.map(\.text) : ["default"], &replies)
    }

    static func show(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let directory = known(session, &replies)
        let name = UserName(arguments[2])
        let found = name.flatMap { directory.user($0) ?? (directory.hasUsers || $0 != .default ? nil : .everything) }
        guard let user = found else {
            return replies.writer.isLine ? replies.fail(.noSuchUser) : replies.writer.missing()
        }
        let logins = session.server.connections.all.lazy.filter { $0.state.isOpen }.compactMap(\.login)
        let uses = name.map { session.server.authentication.uses(of: $0, by: logins) } ?? []
        let fields = user.fields() + [("uses", .list(uses))]
        replies.writer.map(fields.count)
        for (name, value) in fields {
            replies.writer.text(name)
            switch value {
            case .text(let text): replies.writer.text(text)
            case .list(let texts):
                // A line's lists do not nest.
                if replies.writer.isLine {
                    replies.writer.text(texts.joined(separator: " "))
                } else {
                    write(texts, &replies)
                }
            }
        }
        replies.writer.endList()
    }

    static func categories(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count > 2 else {
            return write(Categories.allNames.map { String($0.drop { $0 == "@" }) }, &replies)
        }
        let name = String(arguments[2].extracting(0..<min(arguments[2].count, 64)))
        guard let category = Categories(named: name) else { return replies.fail(.unknownCategory(name)) }
        write(Catalog.rows(in: category).map(\.redisName), &replies)
    }

    static func dryRun(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        do throws(ReplyError) {
            replies.writer.text(try DryRun.answer(arguments, in: known(session, &replies)))
        } catch {
            replies.fail(error)
        }
    }

    static func generate(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let bits = arguments.count > 2 ? arguments[2].decimal : 256
        guard let bits, let password = GeneratedPassword.make(bits: bits) else { return replies.fail(.wrongBits) }
        password.withBytes { replies.writer.value($0) }
    }

    static func refusals(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let authentication = session.server.authentication
        var count = 10
        if arguments.count > 2 {
            if arguments[2].equalsIgnoringCase("RESET") {
                authentication.forgetRefusals()
                return replies.writer.ok()
            }
            guard let wanted = arguments[2].decimal else { return replies.fail(.notAnInteger) }
            count = wanted
        }
        let entries = authentication.refusals.entries.prefix(count)
        let now = session.server.clock.milliseconds
        replies.writer.list(entries.count)
        for (entry, count, first, _) in entries {
            let age = Double(now - first) / 1000
            guard !replies.writer.isLine else {
                replies.writer.text(
                    "\(age) s ago, \(count) times: \(entry.reason) \(entry.object) by \(entry.user) from \(entry.client)"
                )
                continue
            }
            replies.writer.map(7)
            replies.writer.pair("count", count)
            replies.writer.pair("reason", entry.reason)
            replies.writer.pair("context", "toplevel")
            replies.writer.pair("object", entry.object)
            replies.writer.pair("username", entry.user)
            replies.writer.pair("age-seconds", "\(age)")
            replies.writer.pair("client-info", "addr=\(entry.client)")
            replies.writer.endList()
        }
        replies.writer.endList()
    }

    static func save(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) { replies.writer.ok() }

    static func load(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.fail(.noUserFile)
    }

    /// The users, of which a reply may not show any that could still be lost.
    private static func known(_ session: Session, _ replies: inout ReplyQueue) -> Directory {
        replies.depends(on: session.store.notesSeq)
        return session.server.authentication.directory
    }

    private static func write(_ texts: [String], _ replies: inout ReplyQueue) {
        replies.writer.list(texts.count)
        for text in texts { replies.writer.text(text) }
        replies.writer.endList()
    }

    // MARK: Changing users

    static func set(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let name = UserName(arguments[2]) else { return replies.fail(.wrongUserName) }
        let change: UserChange
        do throws(RuleError) {
            change = try UserChange(arguments, from: 3)
        } catch {
            return replies.fail(.wrongRule(error))
        }
        guard !change.passwords.isEmpty else { return set(name, change, [], session, &replies) }
        guard !session.isInExec else { return replies.fail(.hashingInTransaction) }
        let user = session.server.authentication.directory.userToChange(name)
        let result = session.server.authentication.thread.find {
            [passwords = change.passwords, secrets = user.secrets] in
            passwords.map { try? PasswordOutcome(of: $0.plain, isAdded: $0.isAdded, among: secrets) }
        }
        guard let result else { return replies.fail(.tooManyLogins) }
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited, until: { result.value != nil }) {
                [unowned session] replies, _ in
                // The hashing takes some 300 ms, in which the user may have lost the right to change users.
                if let error = session.lostRight(to: .aclSetUser) { return replies.fail(error) }
                let outcomes = (result.value ?? []).compactMap { $0 }
                guard outcomes.count == change.passwords.count else { return replies.fail(.noMemoryForPassword) }
                set(name, change, outcomes, session, &replies)
            })
    }

    private static func set(
        _ name: UserName, _ change: UserChange, _ outcomes: [PasswordOutcome], _ session: Session,
        _ replies: inout ReplyQueue
    ) {
        do throws(RuleError) {
            let user = try session.server.authentication.directory.userToChange(name)
                .applying(change, outcomes: outcomes)
            if put(.user, name, user.note, .aclSetUser, change.shownText, session, &replies) { replies.writer.ok() }
        } catch {
            replies.fail(.wrongRule(error))
        }
    }

    static func remove(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var count = 0
        for index in 2..<arguments.count {
            guard let name = UserName(arguments[index]) else { continue }
            guard name != .default else { return replies.fail(.defaultStays) }
            guard session.server.authentication.directory.user(name) != nil else { continue }
            guard put(.user, name, nil, .aclDelUser, "removed", session, &replies) else { return }
            count += 1
        }
        replies.writer.integer(count)
    }

    static func token(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var until: UInt64?
        if arguments.count > 3 {
            guard let seconds = arguments[3].decimal, (1...315_360_000).contains(seconds) else {
                return replies.fail(ReplyError("A token is good for 1 to 315360000 seconds"))
            }
            until = session.store.now + UInt64(seconds) * 1000
        }
        guard let name = UserName(arguments[2]), let user = session.server.authentication.directory.user(name) else {
            return replies.fail(.noSuchUser)
        }
        let (token, text) = Token.make(for: name)
        guard let (changed, id) = user.adding(token, until: until) else {
            return replies.fail(ReplyError("\(name) has \(User.secretLimit) secrets, the most that a user may have"))
        }
        guard put(.user, name, changed.note, .aclToken, "+\(id)", session, &replies) else { return }
        text.withBytes { replies.writer.value($0) }
    }

    // MARK: Roles

    static func role(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let directory = session.server.authentication.directory
        if arguments[2].equalsIgnoringCase("LIST"), arguments.count == 3 {
            replies.depends(on: session.store.notesSeq)
            return write(directory.roleNames.map(\.text), &replies)
        }
        guard arguments.count > 3, let name = UserName(arguments[3]) else { return replies.fail(.misused(.aclRole)) }
        if arguments[2].equalsIgnoringCase("SET") {
            setRole(name, arguments, session, &replies)
        } else if arguments[2].equalsIgnoringCase("DEL"), arguments.count == 4 {
            guard directory.role(name) != nil else { return replies.fail(.noSuchRole) }
            if put(.role, name, nil, .aclRole, "removed", session, &replies) { replies.writer.ok() }
        } else if arguments[2].equalsIgnoringCase("GET"), arguments.count == 4 {
            guard let role = directory.role(name) else { return replies.fail(.noSuchRole) }
            replies.depends(on: session.store.notesSeq)
            replies.writer.text(role.rules.text)
        } else {
            replies.fail(.misused(.aclRole))
        }
    }

    private static func setRole(
        _ name: UserName, _ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue
    ) {
        do throws(RuleError) {
            let rules = try (session.server.authentication.directory.role(name)?.rules ?? Rules())
                .applying(arguments, from: 4)
            if put(.role, name, Role(rules: rules).note, .aclRole, rules.text, session, &replies) {
                replies.writer.ok()
            }
        } catch {
            replies.fail(.wrongRule(error))
        }
    }

    // MARK: Notes

    /// Makes a note of the log, and has everybody follow it.
    /// - Parameter change: what is changed, for the audit: without secrets.
    /// - Returns: false after an error reply.
    private static func put(
        _ kind: NoteKind, _ name: UserName, _ value: [UInt8]?, _ command: Command, _ change: String,
        _ session: Session, _ replies: inout ReplyQueue
    ) -> Bool {
        let (server, authentication) = (session.server, session.server.authentication)
        if let obstacle = server.audit?.obstacle(to: .users) {
            replies.fail(.notAudited(obstacle))
            return false
        }
        // With the first user, servers must prove who they are, too.
        if kind == .user, !authentication.isRequired,
            authentication.lacksProof(
                server.replication.settings, hasFollowers: !server.replication.followers.isEmpty)
        {
            replies.fail(.usersNeedProof)
            return false
        }
        if !session.store.needs.contains(.notes), let follower = server.replication.followerLacking(.notes) {
            replies.fail(.tooOld(follower, for: "users and roles"))
            return false
        }
        do throws(DirectoryError) {
            try authentication.directory.check(
                kind, name, value?.span, at: session.store.now,
                mode: authentication.settings.mode == .open ? .open : .required,
                hasLocalAdmin: authentication.settings.password != nil)
        } catch {
            replies.fail(.refusedUsers(error))
            return false
        }
        let path = Array("\(kind.rawValue)/\(name)".utf8)
        do throws(ReplyError) {
            let permit = try server.gate.admitEffect(on: path.span, valueSize: value?.count ?? 0)
            let seq = try note(kind, name, value, session, permit)
            replies.depends(on: seq)
            session.recordUsers(command, "\(kind.rawValue) \(name)", change, seq: seq)
        } catch {
            replies.fail(error)
            return false
        }
        server.followUsers()
        return true
    }

    private static func note(
        _ kind: NoteKind, _ name: UserName, _ value: [UInt8]?, _ session: Session, _ permit: borrowing Permit
    ) throws(ReplyError) -> UInt64 {
        do {
            return try session.store.setNote(kind: kind.rawValue, name: name.text, to: value?.span, permit)
        } catch {
            throw ReplyError("\(error)")
        }
    }
}

extension ReplyError {
    static let noSuchUser = ReplyError("User not found")
    static let usersNeedProof = ReplyError(
        "Once there are users, servers must prove who they are: set the same replication.secret on this server and its followers first"
    )
    static let noSuchRole = ReplyError("Role not found")
    static let hashingInTransaction = ReplyError(
        "A password is not hashed in a transaction; send ACL SETUSER outside of it")
    static let noMemoryForPassword = ReplyError("There is no memory to hash the password; try again")
}
