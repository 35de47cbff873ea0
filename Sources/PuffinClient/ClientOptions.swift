// The client's options: every limit of the library.

extension Client {
    /// A client's options; the defaults suit a program on the same network as its server.
    public struct Options: Sendable {
        /// The largest number of connections to each server. Another one is opened only if the open ones have
        /// ``pipelineLimit`` requests in flight, or a request that waits on the server (`WAIT`, `HANDOVER`). 1 or more.
        public var poolSize = 4

        /// The largest number of requests in flight on one connection; others wait. 1 or more.
        public var pipelineLimit = 256

        /// The largest number of this client's requests that wait or are in flight. One more is refused
        /// (``PuffinError/overloaded(limit:)``). 1 or more.
        public var waitingLimit = 100_000

        /// The time limit for resolving a name and connecting, all addresses together.
        public var connectTimeout = Duration.seconds(5)

        /// The time limit of a request from the call to the reply, including the wait for a connection. nil: no limit.
        public var requestTimeout: Duration? = .seconds(5)

        /// Whether requests wait, within their own time limit, for a server that cannot be reached; otherwise they fail
        /// with the next attempt to connect.
        public var waitsForServer = false

        /// Whether reads are sent again, on another connection or to another server, if theirs was lost. Nothing else
        /// is ever sent twice.
        public var repeatsReads = true

        /// The pause after the first failed attempt to connect; it doubles up to ``longestPause``. A random part of up
        /// to half is subtracted, so that many clients do not return together.
        public var firstPause = Duration.milliseconds(100)

        /// The longest pause between two attempts to connect.
        public var longestPause = Duration.seconds(5)

        /// How often a follower is asked whether it still has its leader. A follower without one is not read from.
        public var followerCheckInterval = Duration.seconds(1)

        /// Whether a follower's answer must reflect this client's earlier changes. Costs a `SEQ` after each change; a
        /// follower that does not catch up within a second is skipped in favour of the leader.
        public var readsYourWrites = true

        /// Who the client is; nil where the server asks for no login. Each connection logs in before its first request.
        public var credentials: Credentials?

        /// How connections get TLS; nil for plain ones.
        public var security: ClientSecurity?

        /// The defaults.
        public init() {}
    }
}
