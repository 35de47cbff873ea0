// One connection that sends a PING at each beat of a schedule, whatever happened to those before: a server that stands
// still for ten milliseconds is seen by ten pings, and not by the one that was under way (no coordinated omission).

import Bytes
import Glibc
import PuffinClient
import Reactor

/// Pings one server.
package struct PauseMeter {
    private let interval: Duration
    private let request: [UInt8]
    private let answer: [UInt8]
    private let connection: RawConnection

    package private(set) var record = PauseRecord()
    /// The time of day at which the schedule began.
    package private(set) var start = Timestamp(milliseconds: 0)

    /// Connects, and makes the machine prefer this process where it is allowed to: a meter that is not woken measures
    /// itself.
    /// - Parameters:
    ///   - interval: the time from one ping to the next.
    ///   - inRESP: whether the pings are RESP arrays, or lines.
    /// - Throws: `ClientError.cannotConnect`.
    package init(of server: Endpoint, every interval: Duration, inRESP: Bool) throws(ClientError) {
        self.interval = interval
        request = Array((inRESP ? "*1\r\n$4\r\nPING\r\n" : "PING\n").utf8)
        answer = Array((inRESP ? "+PONG\r" : "PONG").utf8)
        connection = try RawConnection(to: server, timeLimit: .seconds(600))
        _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, -20)
    }

    /// Pings until `isOver` says so; what was measured is in `record`, also where an error ends it.
    /// - Throws: `ClientError` where the server goes away, `UnexpectedAnswer` where it answers something else.
    package mutating func run(until isOver: (_ elapsed: Duration) -> Bool) throws {
        let clock = ContinuousClock()
        start = Timestamp(milliseconds: WallClock.milliseconds)
        let first = clock.now
        var intended = Duration.zero
        while true {
            var now = clock.now - first
            let isQueued = now > intended && intended > .zero
            while now < intended {
                usleep(UInt32((intended - now).nanoseconds / 1000 + 1))
                now = clock.now - first
            }
            if isOver(now) { return }
            try connection.send(request)
            let line = try connection.nextLine()
            let answered = clock.now - first
            guard let line else {
                throw ClientError.connectionLost(to: connection.endpoint, reason: "the server closed it")
            }
            guard line == answer else { throw UnexpectedAnswer(line: line) }
            record.add(
                Ping(
                    intended: intended.nanoseconds, sent: now.nanoseconds, answered: answered.nanoseconds,
                    isQueued: isQueued))
            intended += interval
        }
    }
}

/// A PING that was answered with something else than PONG.
package struct UnexpectedAnswer: Error, CustomStringConvertible {
    package let line: [UInt8]

    package var description: String {
        "PING was answered \"\(String(decoding: line.prefix(100), as: UTF8.self))\", expected PONG; is it the right server, "
            + "and the right --dialect?"
    }
}

extension Duration {
    /// Whole nanoseconds.
    package var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}
