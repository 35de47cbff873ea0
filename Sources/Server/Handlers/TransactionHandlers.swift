// MULTI, EXEC, DISCARD, WATCH, UNWATCH. All changes of an EXEC are one record of the log, so a crash and a follower see
// all of them or none. As in Redis, a request that fails inside EXEC undoes nothing.

import Bytes
import Commands
import Store
import Wire

enum TransactionHandlers {
    /// The largest number of pairs that KEYS searches inside EXEC, where all clients wait for it.
    static let keyLimit = 10_000
    /// The largest number of keys that one connection watches.
    static let watchLimit = 10_000

    static func begin(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard session.transaction == nil else { return replies.fail(ReplyError("MULTI calls can not be nested")) }
        session.transaction = Transaction(sizeLimit: session.server.limits.requestSize)
        replies.writer.ok()
    }

    static func discard(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard session.transaction != nil else { return replies.fail(ReplyError("DISCARD without MULTI")) }
        session.endTransaction()
        replies.writer.ok()
    }

    static func execute(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let transaction = session.transaction else { return replies.fail(ReplyError("EXEC without MULTI")) }
        let change = session.watcher?.change(at: session.store.now)
        session.endTransaction()
        guard !transaction.isAborted else { return replies.fail(.previousErrors) }
        let store = session.store
        if let change {
            // After a change of roles, the number may belong to another history.
            replies.depends(on: min(change, store.position.seq))
            if replies.writer.isLine { replies.fail(.watchedKeyChanged) } else { replies.writer.missingList() }
            return
        }
        defer { session.holdForAudit(&replies) }
        session.runTransaction(transaction, &replies)
    }

    /// The bytes by which the table grows at most if these requests run.
    fileprivate static func growth(of requests: borrowing ByteBuffer, _ session: Session) -> Int {
        let (commands, bytes) = (session.commands, requests.bytes)
        var parser = RequestParser(limits: session.server.limits.request)
        var (offset, growth) = (0, 0)
        while offset < bytes.count {
            let request = bytes.extracting(offset..<bytes.count)
            guard case .complete(let size) = parser.parse(request) else { break }
            offset += size
            guard let index = commands.index(of: parser.arguments(in: request)[0]),
                commands.rows[index].traits.contains(.storesValues)
            else { continue }
            if parser.isLine { try? parser.splitLine(request, form: commands.rows[index].form) }
            growth += session.gate.growth(of: parser.arguments(in: request), commands.rows[index].keys)
        }
        return growth
    }

    static func watch(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard session.transaction == nil else { return replies.fail(ReplyError("WATCH inside MULTI is not allowed")) }
        let watcher = session.watcher ?? Watcher()
        session.watcher = watcher
        do throws(ReplyError) {
            // All of them count, also those that are watched already.
            let count = watcher.count + arguments.count - 1
            guard count <= watchLimit else { throw .tooMany("watched keys", count: count, limit: watchLimit) }
            let more = (arguments.count - 1) * Watcher.watchSize
            try session.reserve(more, forTransactionOf: watcher.heldSize + more)
        } catch {
            return replies.fail(error)
        }
        for index in 1..<arguments.count { session.store.watch(arguments[index], for: watcher) }
        session.noteTransactionSize()
        replies.writer.ok()
    }

    static func unwatch(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        // Inside EXEC, the keys are forgotten already.
        session.unwatch()
        replies.writer.ok()
    }
}

extension Session {
    /// Runs a transaction: replies with the list of its replies, or with why none of it has run.
    func runTransaction(_ transaction: Transaction, _ replies: inout ReplyQueue) {
        let (count, summary) = (transaction.count, transaction.summary)
        let requests = transaction.takeRequests()
        do throws(ReplyError) {
            if summary.usesData { try gate.admitRead() }
            guard summary.changes else { return runQueued(requests.bytes, count: count, &replies) }
            let permit = try gate.admitTransaction(summary) { TransactionHandlers.growth(of: requests, self) }
            store.beginMulti(permit)
            runQueued(requests.bytes, count: count, &replies)
            store.endMulti()
        } catch {
            replies.fail(.discarded(because: error))
        }
    }

    /// Queues a request for EXEC, or refuses it, which aborts the transaction.
    /// - Returns: false if it is one of those that run at once.
    @inline(never)
    func queue(
        _ index: Int, _ arguments: Arguments, of bytes: Span<UInt8>, isLine: Bool, _ replies: inout ReplyQueue
    ) -> Bool {
        guard let transaction, !isInExec else { return false }
        let spec = commands.spec(index)
        switch spec.command {
        case .multi, .exec, .discard, .watch, .quit, .reset: return false
        default: break
        }
        // In RESP a line end follows the last argument. Arguments of a line may have been decoded.
        let size = isLine ? (bytes.newline(from: 0) ?? bytes.count - 1) + 1 : arguments.extent + 2
        do throws(ReplyError) {
            try admitSubcommand(of: spec, arguments)
            guard !commands.rows[index].traits.contains(.noMulti) else {
                throw ReplyError("Command not allowed inside a transaction")
            }
            let traits = commands.rows[index].traits.union(try subcommandTraits(of: spec, arguments))
            try transaction.check(size)
            try reserve(transaction.growth(by: size), forTransactionOf: transaction.size + size)
            transaction.queue(bytes.extracting(0..<size), traits, argumentCount: arguments.count)
            replies.writer.simple("QUEUED")
        } catch {
            abortTransaction()
            replies.fail(error)
        }
        noteTransactionSize()
        return true
    }

    /// The traits of a request's subcommand, none if its command has no subcommands.
    /// - Throws: the error if there is no such subcommand, or not with so many arguments.
    private func subcommandTraits(of spec: CommandSpec, _ arguments: Arguments) throws(ReplyError) -> Traits {
        guard arguments.count > 1, !Catalog.subcommands(of: spec.command).isEmpty else { return [] }
        guard let index = commands.subcommand(arguments[1], of: spec.command.index) else {
            throw .unknownSubcommand(spec.name, arguments[1], echoSize: server.limits.echoSize)
        }
        guard commands.rows[index].arity.contains(arguments.count - 2) else {
            throw .wrongArity(of: commands.spec(index).command)
        }
        return commands.rows[index].traits
    }

    /// Notes that a request was refused, if a transaction is open.
    func abortTransaction() {
        guard let transaction else { return }
        transaction.abort()
        noteTransactionSize()
    }

    /// Ends the transaction and all watches.
    func endTransaction() {
        transaction = nil
        unwatch()
    }

    /// Ends all watches.
    func unwatch() {
        if let watcher { store.unwatch(watcher) }
        watcher = nil
        noteTransactionSize()
    }

    func noteTransactionSize() { transactionSize = (transaction?.heldSize ?? 0) + (watcher?.heldSize ?? 0) }

    /// Whether a change of `size` bytes fits into the record of EXEC; if not, replies with the error. A record in which it
    /// does is at most six times `requestSize` and some more, which a follower accepts (`Limits.recordSize`).
    func fitsRecord(_ size: Int, _ replies: inout ReplyQueue) -> Bool {
        let (needed, limit) = (store.openRecordSize + size, server.limits.requestSize)
        guard needed > limit else { return true }
        replies.fail(ReplyError("Transaction too large: its changes take \(needed) bytes, the limit is \(limit)"))
        return false
    }
}

extension ReplyError {
    fileprivate static let previousErrors = ReplyError(
        "Transaction discarded because of previous errors.", code: .aborted)
    /// In RESP a null list tells the same.
    fileprivate static let watchedKeyChanged = ReplyError("Not run: a watched key has changed")

    /// Of an EXEC that was refused as a whole.
    static func discarded(because error: ReplyError) -> ReplyError {
        let beginning = "Transaction discarded because of: "
        let code = error.code == ErrorCode.general.rawValue ? "" : error.code + " "
        return ReplyError(line: beginning + error.line, resp: beginning + code + error.resp, code: .aborted)
    }

    /// Of a request inside EXEC whose reply would follow too large ones.
    static func repliesTooLarge(limit: Int) -> ReplyError {
        ReplyError("Reply too large: the replies before take more than \(limit) bytes; queue fewer requests")
    }
}
