// Options about leaders and followers.

import ArgumentParser
import Bytes
import Server

/// A server's part in replication.
struct ReplicationOptions: ParsableArguments {
    @Option(
        name: "-mode --mode",
        help: "leader: takes changes from clients; follower: takes them from its leader, and clients only read.")
    var mode: Mode = .leader

    @Option(
        name: "-follower --follower",
        help: "A follower's host:port, to send the log to; may be given more than once.",
        transform: { try Endpoint(parsing: $0) })
    var follower: [Endpoint] = []

    @Option(
        name: "-ack --ack",
        help: """
            What a reply to a change waits for beside this server's log: local = nothing; one, all or a number = the disks of \
            so many followers.
            """)
    var ack: AckPolicy = .local

    @Option(
        name: "-ack-timeout --ack-timeout",
        help: "After this time without the followers, the reply is an error that says so. A number alone is seconds.")
    var ackTimeout = TimeSpan(seconds: 1)

    @Option(
        name: "-replication-timeout --replication-timeout",
        help: "After so much silence a connection between leader and follower counts as lost.")
    var replicationTimeout = TimeSpan(seconds: 10)

    @Flag(
        name: [.customLong("adopt-history", withSingleDash: true), .customLong("adopt-history")],
        help: """
            A follower's data may be replaced by that of a leader with another history, or with fewer changes. It is set aside, \
            not deleted.
            """)
    var adoptHistory = false

    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case leader, follower
    }

    func validate() throws {
        let least = TimeSpan(milliseconds: 1)
        if ackTimeout.nanoseconds < least.nanoseconds
            || replicationTimeout.nanoseconds < TimeSpan(seconds: 2).nanoseconds
        {
            throw ValidationError("--ack-timeout is 1ms or more, --replication-timeout 2s or more")
        }
    }

    func apply(to configuration: inout Configuration) {
        configuration.replication.isFollower = mode == .follower
        configuration.replication.followers = follower
        configuration.replication.acks = ack
        configuration.replication.ackTimeout = ackTimeout.nanoseconds / 1_000_000
        configuration.replication.timeout = replicationTimeout.nanoseconds / 1_000_000
        configuration.replication.adoptsHistory = adoptHistory
        // What is damaged on a follower, its leader has.
        if mode == .follower { configuration.store.damage = .setAside }
    }
}

extension AckPolicy: ExpressibleByArgument {
    /// `local`, `one`, `all` or a number.
    public init?(argument: String) { self.init(argument) }
}

extension TimeSpan: ExpressibleByArgument {
    /// `500ms`, `10s`; a number alone is seconds.
    public init?(argument: String) { self.init(argument) }
}
