// A connection that has sent its share of requests (`--reconnect`) is closed, and another takes its place: dialing, TLS
// handshake and login, which are timed together.

import BlockingClient
import Reactor

/// One connection on its way.
final class Reconnection {
    /// What gets the new stream.
    let connection: LoadConnection
    /// When the old one was closed, in nanoseconds of `MonotonicClock`.
    let start: Int
    private let plan: WorkerPlan
    private var dialer: Dialer?
    private var dialed: Result<Stream, ReactorError>?
    private var setup: ConnectionSetup?

    /// Closes the connection, and begins to dial. Not to be called from a callback of the connection's stream.
    init(_ connection: LoadConnection, _ plan: WorkerPlan, _ loop: EventLoop) throws(ReactorError) {
        (self.connection, self.plan, start) = (connection, plan, MonotonicClock.nanoseconds)
        connection.stream.close()
        dialer = try Dialer(loop, to: plan.address) { [unowned self] result in dialed = result }
    }

    /// Makes what progress it can without blocking. To be called each turn, outside of the loop's callbacks.
    /// - Returns: the new stream, or why there is none; nil while it goes on.
    func advance() -> Result<Stream, LoadError>? {
        if let dialed {
            (self.dialed, dialer) = (nil, nil)
            switch dialed {
            case .success(let stream): setup = ConnectionSetup(stream, plan.security, plan.user)
            case .failure(let error): return .failure(LoadError(error))
            }
        }
        setup?.advance()
        guard let result = setup?.result else { return nil }
        if case .failure = result { setup?.close() }
        return result
    }

    /// Gives it up.
    func close() {
        if case .success(let stream)? = dialed { stream.close() }
        setup?.close()
    }
}

/// The connections that were opened anew during the measurement.
package struct ReconnectFigures: Equatable, Sendable {
    package private(set) var count = 0
    /// From the close to the end of the login, in nanoseconds: together, and the longest.
    package private(set) var nanoseconds = 0
    package private(set) var longest = 0

    package init() {}

    package mutating func note(nanoseconds: Int) {
        count += 1
        self.nanoseconds += nanoseconds
        longest = max(longest, nanoseconds)
    }

    package mutating func add(_ other: ReconnectFigures) {
        count += other.count
        nanoseconds += other.nanoseconds
        longest = max(longest, other.longest)
    }

    /// In nanoseconds; 0 if there were none.
    package var mean: Double { count == 0 ? 0 : Double(nanoseconds) / Double(count) }
}
