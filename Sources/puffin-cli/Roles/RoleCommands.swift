// The commands about leaders and followers. Each addresses one server and prints its answer.

import ArgumentParser
import Bytes
import Shell
import Wire

struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Prints whether a server leads or follows, whom, and up to which change.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions

    func run() async throws {
        let format = try format.value()
        let reply = try await server.ask("ROLE")
        let printer = ReplyPrinter(format: format, style: .command)
        let output = printer.output
        switch format {
        case .text: for line in try lines(of: reply) { try output.write { $0.append(text: line + "\n") } }
        case .json: _ = try printer.print(.success(try named(reply)), spec: nil, ReplyContext())
        default: _ = try printer.print(.success(reply), spec: nil, ReplyContext())
        }
        try output.flush()
    }

    /// The reply with named parts, for JSON.
    private func named(_ reply: Reply) throws -> Reply {
        guard case .array(let parts) = reply, parts.count >= 3 else { throw unexpected(reply, to: "ROLE") }
        func entry(_ name: String, _ value: Reply) -> Reply.Entry { Reply.Entry(key: .simple(name), value: value) }
        if case .array(let followers) = parts[2] {
            let list = followers.map { follower -> Reply in
                guard case .array(let parts) = follower, parts.count == 3 else { return follower }
                return .map([
                    entry("address", .simple(address(parts.map(\.word)[0...1]))),
                    entry("acknowledged", Int(parts[2].word).map(Reply.integer) ?? parts[2]),
                ])
            }
            return .map([entry("role", .simple("leader")), entry("seq", parts[1]), entry("followers", .array(list))])
        }
        guard parts.count == 5 else { throw unexpected(reply, to: "ROLE") }
        let leader = parts[1].word.isEmpty ? Reply.null : .simple(address(parts.map(\.word)[1...2]))
        return .map([
            entry("role", .simple("follower")), entry("leader", leader), entry("link", parts[3]),
            entry("seq", parts[4]),
        ])
    }

    private func lines(of reply: Reply) throws -> [String] {
        guard case .array(let parts) = reply else { throw unexpected(reply, to: "ROLE") }
        let words = parts.map(\.word)
        if words.first == "slave", words.count == 5 {
            let leader = words[1].isEmpty ? "a leader that has not connected yet" : address(words[1...2])
            return ["follower of \(leader), \(words[3]), change \(words[4])"]
        }
        guard words.first == "master", case .array(let followers)? = parts.last else {
            throw unexpected(reply, to: "ROLE")
        }
        return ["leader, change \(words[1])"]
            + followers.map { follower in
                guard case .array(let parts) = follower, parts.count == 3 else { return "follower \(follower)" }
                return "follower \(address(parts.map(\.word)[0...1])), acknowledged change \(parts[2].word)"
            }
    }

    private func address(_ parts: ArraySlice<String>) -> String {
        Endpoint(host: parts.first ?? "", port: parts.last.flatMap { UInt16($0) } ?? 0).description
    }
}

struct HandoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover",
        abstract: "Makes a follower the leader, and the leader (--addr) its follower; loses nothing.",
        discussion: """
            The leader refuses changes until the follower has everything. If the time runs out, it stays the leader.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(
        name: "-within --within", help: "How long the handover may take, such as 500ms or 10s.",
        transform: timeSpan)
    var within = TimeSpan(seconds: 10)
    @Argument(
        help: "The follower's host:port, as the leader knows it (see role).", transform: { try Endpoint(parsing: $0) })
    var follower: Endpoint

    func run() async throws {
        let milliseconds = within.nanoseconds / 1_000_000
        try await tell(["HANDOVER", "\(follower)", "\(milliseconds)"], server, format)
    }
}

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Makes a follower (--addr) the leader, because its leader is gone.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Flag(
        name: [.customLong("force", withSingleDash: true), .customLong("force")],
        help: "Promote the follower even if it lacks changes that its leader had, or if there still is a leader.")
    var force = false

    func run() async throws {
        try await tell(["PROMOTE"] + (force ? ["FORCE"] : []), server, format)
    }
}

struct FollowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Makes a server (--addr) a follower of the leader at an address, and asks that leader to connect.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The leader's host:port.", transform: { try Endpoint(parsing: $0) })
    var leader: Endpoint

    func run() async throws {
        try await tell(["FOLLOW", "\(leader)"], server, format)
    }
}

struct DemoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demote", abstract: "Makes a server (--addr) a follower of any leader that connects to it.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions

    func run() async throws {
        try await tell(["DEMOTE"], server, format)
    }
}

/// Sends a command whose answer is OK, and prints that.
private func tell(_ words: [String], _ server: ServerOptions, _ format: FormatOptions) async throws {
    try await SingleRequest(arguments: words.map { Array($0.utf8) }, server: server, format: format.value()).run()
}

/// Reports a reply that the command does not have.
/// - Returns: the error to end with.
private func unexpected(_ reply: Reply, to command: String) -> ExitCode {
    failed("the server answered \(command) with \(reply), which is not a valid reply")
}
