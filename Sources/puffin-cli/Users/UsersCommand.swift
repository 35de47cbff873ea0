// `puffin-cli users`: users and roles, by requests of ACL. This file has what only looks.

import ArgumentParser
import Bytes
import Shell
import Wire

struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users",
        abstract: "Lists, adds, changes and removes users, or makes them what a file says (apply).",
        subcommands: [
            UserListCommand.self, UserShowCommand.self, UserAddCommand.self, UserRemoveCommand.self,
            UserPasswordCommand.self, UserTokenCommand.self, UserRolesCommand.self, UsersApplyCommand.self,
        ])
}

struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Prints each user: on or off, the roles, and by what the user logs in.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions

    func run() async throws {
        let format = try format.value()
        let users = try UserLink(server).users()
        let output = BufferedOutput(isRaw: format == .raw)
        if format == .json {
            for user in users { try output.write { $0.append(json: user) } }
        } else {
            let rows = users.map { name, user in
                [
                    name, user.isOn ? "on" : "off",
                    (user.roles + (user.rules.isEmpty ? [] : ["own rules"])).joined(separator: ", "), user.login,
                    user.until == "none" ? "" : "until \(user.until)",
                ]
            }
            for line in table(rows) { try output.write { $0.append(text: line + "\n") } }
        }
        try output.flush()
    }
}

struct UserShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints all that is known of a user, but for secrets.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The user's name.") var name: String

    func run() async throws {
        let format = try format.value()
        guard let user = try UserLink(server).user(name) else { throw noSuchUser(name) }
        let output = BufferedOutput(isRaw: format == .raw)
        if format == .json {
            try output.write { $0.append(json: (name, user)) }
        } else {
            func shown(_ texts: [String]) -> String { texts.isEmpty ? "none" : texts.joined(separator: " ") }
            let rows = [
                ["state", user.isOn ? "on" : "off"], ["roles", shown(user.roles)],
                ["rules", user.rules.isEmpty ? "none" : user.rules],
                ["secrets", user.hasNoPassword ? "any password will do" : shown(user.secrets)],
                ["certificates", shown(user.certificates)], ["needs", user.needs], ["until", user.until],
            ]
            for line in table(rows) { try output.write { $0.append(text: line + "\n") } }
        }
        try output.flush()
    }
}

struct UserRolesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roles", abstract: "Prints the roles with their rules, those first that are always there.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions

    func run() async throws {
        let format = try format.value()
        let roles = try UserLink(server).roles()
        let output = BufferedOutput(isRaw: format == .raw)
        if format == .json {
            for role in roles {
                try output.write { buffer in
                    buffer.append(json: .compact) { json in
                        json.object {
                            $0.member("name", role.name)
                            $0.member("rules", role.rules)
                        }
                    }
                    buffer.append("\n")
                }
            }
        } else {
            for line in table(roles.map { [$0.name, $0.rules] }) { try output.write { $0.append(text: line + "\n") } }
        }
        try output.flush()
    }
}

/// Reports that a user is not there.
/// - Returns: the error to end with.
func noSuchUser(_ name: String) -> ExitCode { serverError("there is no user \(name); see puffin-cli users list") }

/// Rows in columns.
private func table(_ rows: [[String]]) -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        zip(row, widths).map { padded($0, $1, left: true) }.joined(separator: "  ").trimmed
    }
}

extension ByteBuffer {
    fileprivate mutating func append(json user: (name: String, fields: UserFields)) {
        append(json: .compact) { json in
            json.object { json in
                json.member("name", user.name)
                json.member("enabled", user.fields.isOn)
                json.member("roles", user.fields.roles)
                json.member("rules", user.fields.rules)
                json.member("secrets", user.fields.secrets)
                json.member("nopass", user.fields.hasNoPassword)
                json.member("certs", user.fields.certificates)
                json.member("needs", user.fields.needs)
                json.member("until", user.fields.until)
            }
        }
        append("\n")
    }
}
