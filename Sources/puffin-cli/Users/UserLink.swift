// A connection for requests of ACL.

import Access
import ArgumentParser
import BlockingClient
import Shell
import Wire

/// Asks a server about users and roles, and changes them.
struct UserLink {
    private let link: ServerLink

    /// Connects.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    init(_ server: ServerOptions) throws { link = try server.connect() }

    /// Connects, and logs in as a user other than that of the options.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    init(_ server: ServerOptions, as user: LoginCredentials) throws {
        let (endpoint, access) = (try server.endpoint(), try server.access())
        link = try orExit { () throws(ClientError) in
            try ServerLink(to: endpoint, within: server.limit, ServerAccess(user: user, security: access.security))
        }
    }

    /// Sends a request.
    /// - Returns: its reply, which is not an error.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func ask(_ words: [String]) throws -> Reply {
        let request = words.map { Array($0.utf8) }
        let reply = try answer(request)
        guard let text = Outcome(reply, spec: nil, arguments: request).errorText, reply != .null else { return reply }
        throw serverError(text.trimmed)
    }

    /// Sends a request.
    /// - Returns: its reply, which may be an error.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func answer(_ request: [[UInt8]]) throws -> Reply {
        try orExit { () throws(ClientError) in try link.execute(request) }
    }

    private func texts(_ words: String...) throws -> [String] {
        guard case .array(let items) = try ask(words) else {
            throw failed(
                "\(words.joined(separator: " ")) was not answered with a list; is \(link.endpoint) a Puffin server?")
        }
        return items.map(\.word)
    }

    /// The fields of a user; nil if there is no such user.
    func user(_ name: String) throws -> UserFields? {
        let reply = try ask(["ACL", "GETUSER", name])
        if reply == .null { return nil }
        guard let fields = UserFields(reply) else {
            throw failed("ACL GETUSER was answered without Puffin's fields; is \(link.endpoint) a Puffin server?")
        }
        return fields
    }

    /// All users, by name.
    func users() throws -> [(name: String, fields: UserFields)] {
        // One that is removed meanwhile is not listed.
        try texts("ACL", "USERS").compactMap { name in try user(name).map { (name, $0) } }
    }

    /// All roles, those that are always there first.
    func roles() throws -> [(name: String, rules: String)] {
        try texts("ACL", "ROLE", "LIST").map { name in (name, try ask(["ACL", "ROLE", "GET", name]).word) }
    }

    /// Users and roles as `users apply` compares them.
    func known() throws -> KnownUsers {
        var known = KnownUsers()
        known.acting = UserName(try ask(["ACL", "WHOAMI"]).word) ?? .default
        let (roles, users) = (try roles(), try users())
        do throws(UnknownWord) {
            for (name, rules) in roles {
                guard let name = UserName(name), Role.builtIn(name) == nil else { continue }
                known.roles[name] = try UnknownWord.rules(rules)
            }
            for (name, fields) in users {
                guard let name = UserName(name) else { continue }
                known.users[name] = (try fields.user(), fields.passwordIDs)
            }
        } catch {
            throw failed("\(link.endpoint): \(error)")
        }
        return known
    }
}
