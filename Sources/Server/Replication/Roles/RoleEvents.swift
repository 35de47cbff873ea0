// The inputs and the outputs of a server's role.

import Bytes
import LogFormat
import Store

extension Roles {
    package enum Role: Equatable, Sendable {
        /// Before the data set is loaded.
        case unknown
        case leading
        /// The leader of a handover: accepts no changes while a follower receives what it lacks.
        case draining(Handover)
        /// Follows a server that was promoted, and waits for its confirmation.
        case told(Handover)
        case following
    }

    /// A handover in progress.
    package struct Handover: Equatable, Sendable {
        let follower: Int
        /// The follower's address.
        package let endpoint: Endpoint
        /// The deadline.
        package let deadline: Int
        /// The number of its request.
        let request: Int
        /// The end of this server's log, set once the follower has all of it.
        var position: ChainPosition?
    }

    /// The connection from this server's leader.
    package struct Leader: Equatable, Sendable {
        /// Its address for clients.
        package let address: String
        /// Its newest change by its last heartbeat.
        package internal(set) var seq: UInt64
        /// Whether it leads, or is in sync with its own leader, by its last heartbeat.
        package internal(set) var isFresh = true
        var phase = LeaderPhase.starting
    }

    /// The state of a follower's link to its leader.
    package enum LeaderPhase: String, Sendable {
        case starting, following
        case receiving = "receiving_snapshot"
    }

    /// The state of the log at an event.
    package struct LogView: Equatable, Sendable {
        package var history = ""
        package var position = ChainPosition.start
        /// Whether the data set is loaded.
        package var isLoaded = false
        /// Whether the log writer is idle.
        package var isIdle = false
        /// The damaged data that was quarantined at the start.
        package var damage: String?

        package init() {}
    }

    /// A client's request.
    package enum Request: Equatable, Sendable {
        case promote(isForced: Bool)
        /// nil means any leader that connects.
        case follow(Endpoint?)
        /// - Parameter milliseconds: the time limit.
        case handOver(Endpoint, within: Int)
        /// - Parameter id: the follower's id, if it asks for itself.
        case add(Endpoint, id: ServerID?)
        case remove(Endpoint)
    }

    /// The outcome of a request.
    package enum Answer: Equatable, Sendable {
        case done
        case refused(String)
        /// The address leads back to this server.
        case itself(Endpoint)
        case loading
    }

    /// Events. Followers and requests are identified by numbers, which are never reused.
    package enum Event: Sendable {
        /// The data set is loaded for the first time.
        case started(followers: [Endpoint], note: RoleNote?)
        /// The configuration was read again.
        case configured(old: [Endpoint], new: [Endpoint])
        case asked(Request, number: Int)
        /// The result of `probe`.
        case probed(Int, isItself: Bool)
        /// A join request from this server itself was received.
        case reachedItself

        /// A connection to a follower has been made, to this address.
        case connected(Int, address: String)
        /// The follower answered the greeting.
        case answered(Int, FollowerHello)
        case acknowledged(Int, durable: UInt64, applied: UInt64)
        /// The follower confirms that it leads.
        case confirmed(Int)
        /// The connection to a follower has ended, or could not be made.
        case lost(Int)

        /// A leader's greeting was accepted. See `refusal`.
        case followed(LeaderHello, address: String)
        /// A leader's heartbeat.
        case leaderSaid(seq: UInt64, isFresh: Bool)
        case leaderReached(LeaderPhase)
        case leaderLost
        /// The leader hands over to this server.
        case toldToLead(ChainPosition, followers: [String])
        /// This server has every change of its leader.
        case wasFresh

        /// A leader's snapshot replaced the data set.
        case replaced
        case written(RoleNote)
        case notWritten(RoleNote, String)
        /// Time has passed. Pass it each second, and each turn while `needsTicks`.
        case tick
    }

    package enum Level: Sendable { case info, warning, error }

    package enum Effect: Equatable, Sendable {
        /// Connect to a follower, and reconnect until it is dropped.
        case dial(Int, Endpoint)
        /// Connect now instead of after the pause: the follower is known to be up.
        case hurry(Int)
        case greet(Int)
        /// Send the follower the log.
        case feed(Int, FollowerHello)
        /// End the connection, and reconnect later.
        case retry(Int, reason: String)
        /// End the connection for good.
        case drop(Int)
        /// Promote a follower that has every change.
        case tellToLead(Int, ChainPosition, followers: [String])
        /// Send a heartbeat to all followers now.
        case heartbeat

        case closeLeader
        /// Tell the former leader that this server leads, and end its connection.
        case confirmLeading
        /// End the leader's connection with a reason.
        case endLeader(reason: String)
        /// Send a join request to the server at an address.
        case join(Endpoint)
        case stopJoining
        /// Find out whether an address leads back to this server.
        case probe(Endpoint, request: Int)

        /// Write a note to the disk. `written` or `notWritten` must follow.
        case write(RoleNote)
        /// Fail the replies that wait for followers, which will no longer acknowledge to this server.
        case failUnacknowledged
        case answer(request: Int, Answer)
        case say(Level, String)
    }
}
