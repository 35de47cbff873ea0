// Users and roles as a server's replies to ACL show them.

import Access
import Bytes
import Wire

/// The fields of ACL GETUSER.
package struct UserFields: Equatable, Sendable {
    /// `on` or `off`, and `nopass`.
    package let flags: [String]
    /// `p1:scrypt`, `t2:token,until=…`.
    package let secrets: [String]
    package let roles: [String]
    package let certificates: [String]
    /// The user's own rules; empty if there are none.
    package let rules: String
    package let needs: String
    /// When the user ends; `none` for never.
    package let until: String

    /// - Returns: nil for a reply without these fields, such as that of another server than Puffin.
    package init?(_ reply: Reply) {
        guard let fields = UserFields.fields(of: reply), let flags = fields["flags"], let secrets = fields["passwords"],
            let commands = fields["commands"], let keys = fields["keys"], let channels = fields["channels"],
            let roles = fields["roles"], let certificates = fields["certs"], let needs = fields["needs"],
            let until = fields["until"]
        else { return nil }
        (self.flags, self.secrets, self.roles) = (flags, secrets, roles)
        (self.certificates, self.needs, self.until) = (certificates, needs.joined(), until.joined())
        // Redis' form begins with -@all where the rules do not begin with +@all.
        let own = commands.joined().split(separator: " ").map(String.init)
        rules = (own.drop { $0 == "-@all" } + keys + channels).filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func fields(of reply: Reply) -> [String: [String]]? {
        var fields: [String: [String]] = [:]
        switch reply {
        case .map(let entries): for entry in entries { fields[entry.key.word] = texts(entry.value) }
        case .array(let items) where items.count.isMultiple(of: 2):
            for index in stride(from: 0, to: items.count, by: 2) { fields[items[index].word] = texts(items[index + 1]) }
        default: return nil
        }
        return fields
    }

    private static func texts(_ reply: Reply) -> [String] {
        guard case .array(let items) = reply else { return [reply.word] }
        return items.map(\.word)
    }

    package var isOn: Bool { flags.contains("on") }
    package var hasNoPassword: Bool { flags.contains("nopass") }

    /// The ids of the user's secrets: `p1`.
    package var secretIDs: [String] { secrets.map { String($0.prefix { $0 != ":" }) } }
    /// The ids of those that are passwords, not tokens.
    package var passwordIDs: [String] { secretIDs.filter { $0.hasPrefix("p") } }

    /// In words, by what the user logs in: `password, 2 tokens`.
    package var login: String {
        if hasNoPassword { return "any password" }
        let tokens = secretIDs.count - passwordIDs.count
        let ways = [(passwordIDs.count, "password"), (tokens, "token"), (certificates.count, "certificate")]
        let texts = ways.filter { $0.0 > 0 }.map { $0.0 == 1 ? $0.1 : counted($0.0, $0.1) }
        return texts.isEmpty ? "nothing" : texts.joined(separator: needs == "both" ? " and " : ", ")
    }

    /// The user without secrets.
    /// - Throws: the rule or name that this program does not know.
    package func user() throws(UnknownWord) -> User {
        var user = User()
        (user.isOn, user.hasNoPassword) = (isOn, hasNoPassword)
        user.rules = try UnknownWord.rules(rules)
        for text in roles {
            guard let role = UserName(text) else { throw UnknownWord(text: "role:\(text)") }
            user.roles.append(role)
        }
        for text in certificates {
            guard let name = CertificateName(text) else { throw UnknownWord(text: "cert:\(text)") }
            user.certificates.append(name)
        }
        guard let needs = User.Needs(rawValue: needs) else { throw UnknownWord(text: "needs:\(needs)") }
        user.needs = needs
        guard until == "none" || Timestamp(parsing: until) != nil else { throw UnknownWord(text: "until:\(until)") }
        user.until = Timestamp(parsing: until)?.milliseconds
        return user
    }
}

/// A word of a server's reply that this program does not know.
package struct UnknownWord: Error, Equatable, CustomStringConvertible {
    package let text: String

    package var description: String { "\"\(text)\" is not known here; use the puffin-cli of the server's version" }

    /// The rules of a text.
    package static func rules(_ text: String) throws(UnknownWord) -> Rules {
        do throws(RuleError) {
            return try Rules(parsing: text)
        } catch {
            throw UnknownWord(text: error.word)
        }
    }
}

/// The users and roles of a server.
package struct KnownUsers: Sendable {
    /// Those that were made; the built-in ones are not among them.
    package var roles: [UserName: Rules] = [:]
    package var users: [UserName: (user: User, passwordIDs: [String])] = [:]
    /// As whom the connection is logged in.
    package var acting = UserName.default

    package init() {}

    /// Whether the server has no users, and so shows one that is not in its log: `default` with all rights.
    package var hasNoUsers: Bool { users.count == 1 && users[.default]?.user == .everything }
}
