// The library's thread: one event loop for all clients of the process. Tasks put messages into the inbox and ring; each
// turn takes the whole inbox, so requests made at about the same time leave in one write.

import Dispatch
import Reactor
import Synchronization

/// An event loop on a thread of its own. It runs from `init` to `stop`.
final class Engine: Sendable {
    /// A client's number.
    typealias ClientID = UInt64

    private enum Message: Sendable {
        case open(ClientID, Client.Options, LinkSecurity?, leader: ServerAddress, followers: [ServerAddress])
        case submit(ClientID, Call)
        case follow(ClientID, ChangeBuffer)
        case close(ClientID)
    }

    private struct Inbox {
        var messages: [Message] = []
        var isPruning = false
        var isStopping = false
        /// nil before the loop exists.
        var bell: Wakeup.Bell?
        /// Why it never will.
        var failure: PuffinError?
        var hasEnded = false
    }

    private let inbox = Mutex(Inbox())

    init() {
        DispatchQueue(label: "puffin.client", qos: .userInitiated).async { Signal.withoutBrokenPipes(self.run) }
    }

    /// Whether the thread still runs.
    var isRunning: Bool { inbox.withLock { !$0.hasEnded } }

    // MARK: What any thread may do

    func open(
        _ id: ClientID, _ options: Client.Options, _ security: LinkSecurity?, leader: ServerAddress,
        followers: [ServerAddress]
    ) {
        post(.open(id, options, security, leader: leader, followers: followers))
    }

    /// Submits a call; it gets its result in any case.
    func submit(_ call: Call, for id: ClientID) {
        if let error = post(.submit(id, call)) { call.fail(error) }
    }

    /// Begins a feed of changes; its buffer gets an error in any case.
    func follow(_ buffer: ChangeBuffer, for id: ClientID) {
        if let error = post(.follow(id, buffer)) { buffer.end(error) }
    }

    /// Makes it look for cancelled tasks, and for feeds whose tasks have taken changes.
    func prune() {
        inbox.withLock { inbox in
            inbox.isPruning = true
            return inbox.bell
        }?.ring()
    }

    /// Ends all requests of a client, and its connections.
    func close(_ id: ClientID) { post(.close(id)) }

    /// Ends the thread.
    func stop() {
        inbox.withLock { inbox in
            inbox.isStopping = true
            return inbox.bell
        }?.ring()
    }

    /// - Returns: why the message will not be read.
    @discardableResult
    private func post(_ message: Message) -> PuffinError? {
        let (bell, error) = inbox.withLock { inbox -> (Wakeup.Bell?, PuffinError?) in
            if let failure = inbox.failure { return (nil, failure) }
            if inbox.hasEnded { return (nil, .closed) }
            inbox.messages.append(message)
            return (inbox.messages.count == 1 ? inbox.bell : nil, nil)
        }
        bell?.ring()
        return error
    }

    // MARK: The thread

    private func run() {
        do throws(ReactorError) {
            let loop = try EventLoop()
            let wakeup = try Wakeup(loop)
            let alarm = try Alarm(loop) {}
            inbox.withLock { $0.bell = wakeup.bell }
            turn(loop, wakeup, alarm)
        } catch {
            end(because: .outOfResources(reason: "cannot \(error.operation): \(error.reason)"))
        }
    }

    private func turn(_ loop: EventLoop, _ wakeup: Wakeup, _ alarm: Alarm) {
        var routers: [ClientID: Router] = [:]
        var alarmTime = Int.max
        while true {
            let (messages, isPruning, isStopping) = take()
            for message in messages {
                switch message {
                case .open(let id, let options, let security, let leader, let followers):
                    routers[id] = Router(
                        options, security, leader: leader, followers: followers, loop, wakeup.bell)
                case .submit(let id, let call):
                    if let router = routers[id] { router.submit(call) } else { call.fail(.closed) }
                case .follow(let id, let buffer):
                    if let router = routers[id] { router.follow(buffer) } else { buffer.end(.closed) }
                case .close(let id): routers.removeValue(forKey: id)?.close()
                }
            }
            if isStopping && routers.isEmpty { break }
            let now = MonotonicClock.nanoseconds
            for router in routers.values { router.advance(now: now, isPruning: isPruning) }
            let next = routers.values.reduce(Int.max) { min($0, $1.nextMoment) }
            if next != .max && (next != alarmTime || next <= now) { alarm.set(at: next) }
            alarmTime = next
            loop.turn(waiting: true)
        }
        end(because: .closed)
    }

    private func take() -> (messages: [Message], isPruning: Bool, isStopping: Bool) {
        inbox.withLock { inbox in
            defer { (inbox.messages, inbox.isPruning) = ([], false) }
            return (inbox.messages, inbox.isPruning, inbox.isStopping)
        }
    }

    /// From here on nothing is accepted; the last messages are returned.
    private func end(because error: PuffinError) {
        let messages = inbox.withLock { inbox in
            inbox.hasEnded = true
            if error != .closed { inbox.failure = error }
            inbox.bell = nil
            defer { inbox.messages = [] }
            return inbox.messages
        }
        for case .submit(_, let call) in messages { call.fail(error) }
        for case .follow(_, let buffer) in messages { buffer.end(error) }
    }
}
