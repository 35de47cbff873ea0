// The inputs and the outputs of a server's role.

import Bytes
import LogFormat
import Store

extension Roles {
    package enum Role: Equatable, Sendable {
        /// Until the data set is loaded.
        case unknown
        case leading
        /// Leads and takes no more changes: a follower gets what it lacks.
        case draining(Handover)
        /// Follows a server that was told to lead, and waits for its word that it does.
        case told(Handover)
        case following
    }

    /// A handover under way.
    package struct Handover: Equatable, Sendable {
        let follower: Int
        /// Where the follower is.
        package let endpoint: Endpoint
        /// When it is given up.
        package let deadline: Int
        /// The request for it.
        let request: Int
        /// Where this server's log ends; known once the follower has all of it.
        var position: ChainPosition?
    }

    /// The connection of this server's leader.
    package struct Leader: Equatable, Sendable {
        /// Where clients reach it.
        package let address: String
        /// Its newest change, as it last said.
        package internal(set) var seq: UInt64
        /// Whether it leads, or has everything that its own leader has, as it last said.
        package internal(set) var isFresh = true
        var phase = LeaderPhase.starting
    }

    /// What a follower's link to its leader is doing.
    package enum LeaderPhase: String, Sendable {
        case starting, following
        case receiving = "receiving_snapshot"
    }

    /// What is known of the log when something happens.
    package struct LogView: Equatable, Sendable {
        package var history = ""
        package var position = ChainPosition.start
        /// Whether the data set can be used.
        package var isLoaded = false
        /// Whether nothing waits to be written.
        package var isIdle = false
        /// What was damaged at the start and quarantined.
        package var damage: String?

        package init() {}
    }

    /// What a client asks for.
    package enum Request: Equatable, Sendable {
        case promote(isForced: Bool)
        /// nil: whatever leader connects.
        case follow(Endpoint?)
        /// - Parameter milliseconds: how long it may take as a whole.
        case handOver(Endpoint, within: Int)
        /// - Parameter id: the follower's, if it asks for itself.
        case add(Endpoint, id: ServerID?)
        case remove(Endpoint)
    }

    /// What a request comes to.
    package enum Answer: Equatable, Sendable {
        case done
        case refused(String)
        /// The address leads back to this server.
        case itself(Endpoint)
        case loading
    }

    /// Followers and requests are named by numbers, which are not used twice.
    package enum Event: Sendable {
        /// The data set is loaded for the first time.
        case started(followers: [Endpoint], note: RoleNote?)
        /// The configuration was read again.
        case configured(old: [Endpoint], new: [Endpoint])
        case asked(Request, number: Int)
        /// What `probe` has found.
        case probed(Int, isItself: Bool)
        /// A join request of this server's own has come.
        case reachedItself

        /// A connection to a follower has been made, to this address.
        case connected(Int, address: String)
        /// The follower has answered the greeting.
        case answered(Int, FollowerHello)
        case acknowledged(Int, durable: UInt64, applied: UInt64)
        /// The follower says that it leads.
        case confirmed(Int)
        /// The connection to a follower has ended, or could not be made.
        case lost(Int)

        /// A leader's greeting was accepted; see `refusal`.
        case followed(LeaderHello, address: String)
        /// A leader's heartbeat.
        case leaderSaid(seq: UInt64, isFresh: Bool)
        case leaderReached(LeaderPhase)
        case leaderLost
        /// The leader hands over.
        case toldToLead(ChainPosition, followers: [String])
        /// Everything that the leader has is here.
        case wasFresh

        /// The data set was replaced by a leader's.
        case replaced
        case written(RoleNote)
        case notWritten(RoleNote, String)
        /// Some time has passed. To be told each second, and each turn while `needsTicks`.
        case tick
    }

    package enum Level: Sendable { case info, warning, error }

    package enum Effect: Equatable, Sendable {
        /// Begin to connect to a follower, and go on until it is dropped.
        case dial(Int, Endpoint)
        /// Make the next attempt now: the follower is known to be there.
        case hurry(Int)
        case greet(Int)
        /// Send the follower the log.
        case feed(Int, FollowerHello)
        /// End the connection, and try again later.
        case retry(Int, reason: String)
        /// End the connection, and make no other.
        case drop(Int)
        /// Tell a follower that has everything to lead.
        case tellToLead(Int, ChainPosition, followers: [String])
        /// Tell all followers at once what a heartbeat tells.
        case heartbeat

        case closeLeader
        /// Tell the former leader that this server leads, and end its connection.
        case confirmLeading
        /// End the leader's connection and say why.
        case endLeader(reason: String)
        /// Ask the server there to connect as this server's leader.
        case join(Endpoint)
        case stopJoining
        /// Find out whether an address leads back to this server.
        case probe(Endpoint, request: Int)

        /// Write a note to the disk; `written` or `notWritten` has to follow.
        case write(RoleNote)
        /// Replies that wait for followers become errors: none of them will acknowledge to this server any more.
        case failUnacknowledged
        case answer(request: Int, Answer)
        case say(Level, String)
    }
}
