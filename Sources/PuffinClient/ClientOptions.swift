// How a client behaves. Every limit of the library is here.

extension Client {
    /// How a client behaves; the defaults suit a program that is on the same network as its server.
    public struct Options: Sendable {
        /// Connections to each server, at most. More than one is opened only where those that are open have
        /// ``pipelineLimit`` requests under way, or a request that waits by itself (`WAIT`, `HANDOVER`). 1 or more.
        public var poolSize = 4

        /// Requests that are under way on one connection, at most; others wait. 1 or more.
        public var pipelineLimit = 256

        /// Requests of this client that wait or are under way, at most. One more is refused
        /// (``PuffinError/overloaded(limit:)``). 1 or more.
        public var waitingLimit = 100_000

        /// How long a name may take to be resolved and a connection to be made, all addresses together.
        public var connectTimeout = Duration.seconds(5)

        /// How long a request may take from the call to the reply, waiting for a connection included. nil: as long as it
        /// takes.
        public var requestTimeout: Duration? = .seconds(5)

        /// Whether requests wait, until their own time is over, for a server that cannot be reached; otherwise they fail
        /// with the attempt to connect that follows them.
        public var waitsForServer = false

        /// Whether reads are sent again, on another connection or to another server, where theirs was lost. Anything else is
        /// never sent twice.
        public var repeatsReads = true

        /// The pause after the first attempt to connect that fails; it doubles up to ``longestPause``. A random part of up to
        /// half is taken off, so that many clients do not come back together.
        public var firstPause = Duration.milliseconds(100)

        /// The longest pause between two attempts to connect.
        public var longestPause = Duration.seconds(5)

        /// How often a follower is asked whether it still has its leader. One that has not is not read from.
        public var followerCheckInterval = Duration.seconds(1)

        /// Whether a follower's answer has to have in it what this client has changed before. Costs a `SEQ` behind each
        /// change; a follower that is not that far within a second is passed over for the leader.
        public var readsYourWrites = true

        /// The defaults.
        public init() {}
    }
}
