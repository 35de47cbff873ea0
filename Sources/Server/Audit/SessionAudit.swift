// What a session records in the audit, and how it waits for that.

import Access
import Audit
import Bytes
import Commands
import LogFormat
import Wire

extension Session {
    // MARK: Events

    /// An event of this client now.
    private func event(_ kind: AuditEvent.Kind) -> AuditEvent {
        var event = AuditEvent(kind, at: store.now)
        event.user = rights.user?.text
        event.client = UInt64(id)
        event.from = "\(stream.peer)"
        event.tls = stream.security.map { String($0.version.trimmingPrefix("TLSv")) }
        return event
    }

    /// The name under which its changes are in the log: with its number, by which the audit has its address.
    func authorName(of user: UserName) -> String { server.audit == nil ? user.text : "\(user)#\(id)" }

    /// Records a change of users that was made.
    /// - Parameters:
    ///   - change: without secrets.
    ///   - seq: its number in the log.
    func recordUsers(_ command: Command, _ target: String, _ change: String, seq: UInt64) {
        guard let audit = server.audit else { return }
        var event = event(.users)
        (event.command, event.target, event.change) = (command.spec.fullName, target, change)
        (event.seq, event.result) = (seq, "ok")
        wait(for: audit.record(event))
    }

    /// Records a request that the user may not make.
    func recordDenied(_ verdict: AccessVerdict, _ arguments: Arguments) {
        guard let audit = server.audit else { return }
        var event = event(.denied)
        switch verdict {
        case .key(let command, let position):
            event.command = command.spec.fullName
            event.key = audit.shown(arguments[position])
            event.result = "key"
        case .command(let command):
            (event.command, event.result) = (command.spec.fullName, "command")
        case .reach(let command):
            (event.command, event.result) = (command.spec.fullName, "reach")
        case .allowed, .notLoggedIn: return
        }
        audit.record(event)
    }

    /// Records a request over HTTP that the user may not make.
    func recordDenied(_ path: String, of user: UserName?) {
        guard let audit = server.audit else { return }
        var event = event(.denied)
        (event.user, event.command, event.target, event.result) = (user?.text, "HTTP", path, "command")
        audit.record(event)
    }

    /// Records a request of a client that has not logged in.
    /// - Parameter command: nil if it is unknown.
    func recordRefused(_ reason: ErrorCode, _ command: Command?) {
        guard let audit = server.audit else { return }
        var event = event(.refused)
        (event.command, event.result) = (command?.spec.fullName, reason.rawValue)
        audit.record(event)
    }

    // MARK: Logins

    /// Records a login that needed no request.
    /// - Parameter how: `certificate`, or `link` for another server.
    func record(_ login: Login, how: String) {
        guard let audit = server.audit else { return }
        var event = event(.login)
        (event.user, event.how, event.result) = (login.rights.user?.text, how, "ok")
        if how == "certificate", let names = stream.peerNames { event.target = names.all.joined(separator: " ") }
        audit.record(event)
    }

    /// Records that another server has proved that it knows the secret, or has not.
    func recordLink(_ failure: LinkProofError?) {
        guard let audit = server.audit else { return }
        var event = event(failure == nil ? .login : .refused)
        (event.user, event.how, event.result) = (nil, "link", failure.map { "\($0)" } ?? "ok")
        audit.record(event)
    }

    /// Records an attempt to log in once its outcome is known.
    /// - Returns: whether it can be answered.
    func isRecorded(_ attempt: LoginAttempt, _ name: String) -> Bool {
        guard let audit = server.audit else { return true }
        if !attempt.isRecorded {
            attempt.isRecorded = true
            guard !isRepeated(attempt, name) else { return true }
            attempt.receipt = audit.record(event(of: attempt, name))
        }
        guard audit.isWaitedFor, let receipt = attempt.receipt else { return true }
        return receipt.isDurable != nil
    }

    /// Whether it is that of a further request of an HTTP connection, each of which has a login.
    private func isRepeated(_ attempt: LoginAttempt, _ name: String) -> Bool {
        guard let http, case .accepted? = attempt.outcome else { return false }
        defer { http.recordedUser = name }
        return http.recordedUser == name
    }

    private func event(of attempt: LoginAttempt, _ name: String) -> AuditEvent {
        var event = event(.login)
        event.user = nil
        switch attempt.outcome {
        case .accepted(let login)?:
            event.user = login.rights.user?.text
            event.how = login.isLocal ? "auth.password" : authentication.secretID(of: login) ?? "none"
            event.result = "ok"
        case .failed?: event.result = "busy"
        case .loading?: event.result = "loading"
        case .refused?, nil:
            // What is no user's name may be a mistyped password.
            if authentication.isKnown(name) { event.user = name }
            event.result = event.user == nil ? "unknown user" : "wrong secret"
        }
        return event
    }

    /// Records the end of a login.
    func recordLogout() {
        guard let audit = server.audit, let login, !state.isClosed else { return }
        var event = event(.logout)
        // Its rights may be gone already.
        event.user = login.rights.user?.text
        event.count = UInt64(max(0, times.requestCount))
        audit.record(event)
    }

    // MARK: Requests

    /// Whether requests of a command are recorded.
    func isWatched(_ index: Int) -> Bool { server.audit?.watched.contains(index) == true }

    /// Runs a request, and records it with its result.
    @inline(never)
    func performWatched(_ index: Int, _ arguments: Arguments, _ replies: inout ReplyQueue) {
        performWatched(index, arguments, &replies) { commands.rows[index].perform(arguments, self, gate, &$0) }
    }

    /// The same for a request that `perform` runs.
    func performWatched(
        _ index: Int, _ arguments: Arguments, _ replies: inout ReplyQueue, perform: (inout ReplyQueue) -> Void
    ) {
        guard let audit = server.audit else { preconditionFailure("a request is recorded without an audit") }
        let events = events(of: commands.spec(index), arguments, audit)
        guard !events.isEmpty else { return perform(&replies) }
        if let obstacle = audit.obstacle(toRecord: events.count) { return replies.fail(.notAudited(obstacle)) }
        replies.lastFailure = nil
        perform(&replies)
        guard let request = deferredRequest else { return record(events, &replies) }
        deferredRequest = request.followed { [unowned self] replies in
            record(events, &replies)
        } orIfAbandoned: { [unowned self] in
            recordUnanswered(events)
        }
    }

    /// Records a request that has begun, and whose client is gone before its end: hanging up hides nothing.
    private func recordUnanswered(_ events: [AuditEvent]) {
        for var event in events {
            event.result = "unanswered"
            server.audit?.record(event)
        }
    }

    private func record(_ events: [AuditEvent], _ replies: inout ReplyQueue) {
        guard let audit = server.audit else { return }
        let (failure, seq) = (replies.lastFailure, replies.currentDependency)
        for var event in events {
            event.result = failure ?? "ok"
            if failure == nil, event.kind == .clear || event.kind == .write, seq > 0 { event.seq = seq }
            let receipt = audit.record(event)
            // Reads and changes of pairs do not wait.
            if event.kind == .admin || event.kind == .clear { wait(for: receipt) }
        }
    }

    private func events(of spec: CommandSpec, _ arguments: Arguments, _ audit: AuditTrail) -> [AuditEvent] {
        if let kind = AuditTrail.kind(of: spec) {
            var event = event(kind)
            (event.command, event.target) = (spec.fullName, AuditTrail.target(of: spec, arguments))
            return [event]
        }
        switch spec.reach {
        case .counted: return []
        case .listed, .whole:
            guard audit.recordsListings else { return [] }
            var event = event(.read)
            (event.command, event.target) = (spec.fullName, AuditTrail.target(of: spec, arguments))
            return [event]
        case .named: return keyEvents(of: spec, arguments, audit)
        }
    }

    private func keyEvents(of spec: CommandSpec, _ arguments: Arguments, _ audit: AuditTrail) -> [AuditEvent] {
        guard let places = spec.keys.indices(in: arguments) else { return [] }
        let readsToo = spec.keys.readsByOption(in: arguments)
        var events: [AuditEvent] = []
        for place in places {
            let key = arguments[place]
            guard let kind = audit.kind(of: spec.keys.access(at: place, readsToo: readsToo), to: key) else { continue }
            var event = event(kind)
            (event.command, event.key) = (spec.fullName, audit.shown(key))
            events.append(event)
        }
        return events
    }

    // MARK: Waiting

    private func wait(for receipt: AuditReceipt?) {
        if let receipt, server.audit?.isWaitedFor == true { awaitedReceipt = receipt }
    }

    /// Gives the current reply only once its line of the audit is on the disk. A part of EXEC leaves that to EXEC.
    @inline(__always)
    func holdForAudit(_ replies: inout ReplyQueue) {
        if awaitedReceipt != nil { hold(&replies) }
    }

    @inline(never)
    private func hold(_ replies: inout ReplyQueue) {
        guard !isInExec, !isBusy, let receipt = awaitedReceipt else { return }
        awaitedReceipt = nil
        guard replies.currentSize > 0 else { return }
        let taken = replies.takeOut()
        deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) {
                receipt.isDurable != nil
            } answer: { [unowned self] replies, _ in
                if receipt.isDurable == false, let obstacle = server.audit?.obstacle {
                    replies.fail(.doneUnaudited(obstacle))
                } else {
                    replies.putBack(taken)
                }
            })
    }
}

extension AuditTrail {
    /// The largest part of a request that an event shows, in bytes.
    private static let targetSize = 256

    /// What a request concerns, as its arguments say it; nil if it has none. Of settings only the names.
    static func target(of spec: CommandSpec, _ arguments: Arguments) -> String? {
        var words: [String] = []
        let step = spec.command == .configSet ? 2 : 1
        for index in stride(from: spec.parent == nil ? 1 : 2, to: arguments.count, by: step) {
            let argument = arguments[index]
            words.append(String(argument.extracting(0..<min(argument.count, targetSize))))
        }
        let text = words.joined(separator: " ")
        return text.isEmpty ? nil : String(text.prefix(targetSize))
    }
}

extension ReplyError {
    /// A request that must be recorded, and cannot be.
    static func notAudited(_ error: AuditError) -> ReplyError {
        ReplyError("Nothing was changed, because the audit cannot be written: \(error)", code: .audit)
    }

    /// A request that has run, and whose line is lost.
    static func doneUnaudited(_ error: AuditError) -> ReplyError {
        ReplyError("It was done, but its line of the audit may be lost: \(error)", code: .audit)
    }
}
