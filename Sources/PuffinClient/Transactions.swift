// Transactions: MULTI, the requests and EXEC, sent as one batch. So a connection can be shared: no other request comes in
// between, and the connection is as before when the next request is sent.
//
// WATCH is not offered: it is a state of a connection for as long as the program computes, so each use would need a
// connection of its own. Conditions (`IFEQ`) and `update` do compare-and-set in one request.

import Commands

extension Client {
    /// Runs requests as one atomic change: other clients see all of it or nothing, and so does the server's log.
    ///
    /// ```swift
    /// let results = try await client.transaction { batch in
    ///     batch.decrement("stock:42")
    ///     batch.increment("sold:42")
    /// }
    /// ```
    ///
    /// A request that fails while it runs, such as `INCRBY` on a text, does not undo the others. If the server refuses a
    /// request beforehand (an unknown command, a follower, no memory), none is run.
    /// - Returns: the result of each request, in order.
    /// - Throws: ``PuffinError`` if none was run, or if the outcome is unknown. ``PuffinError/notSupported(command:)`` for
    ///   `MULTI`, `EXEC`, `DISCARD` and `WATCH` among the requests.
    public func transaction(
        timeout: Duration? = nil, _ fill: (inout Batch) -> Void
    ) async throws(PuffinError) -> [Result<RESPValue, PuffinError>] {
        var batch = Batch()
        fill(&batch)
        return try await transaction(batch, timeout: timeout)
    }

    /// Runs the requests of a batch, as ``transaction(timeout:_:)`` does.
    public func transaction(
        _ batch: Batch, timeout: Duration? = nil
    ) async throws(PuffinError) -> [Result<RESPValue, PuffinError>] {
        guard !batch.requests.isEmpty else { return [] }
        for request in batch.requests {
            let name = request.first.map(CommandKind.name) ?? ""
            if ["MULTI", "EXEC", "DISCARD"].contains(name) { throw .notSupported(command: name) }
        }
        let replies = try await run([words("MULTI")] + batch.requests + [words("EXEC")], timeout: timeout)
        return try results(of: replies)
    }

    /// - Parameter replies: to MULTI, to each queued request, and to EXEC.
    private func results(of replies: CallResult) throws(PuffinError) -> [Result<RESPValue, PuffinError>] {
        let reply: RESPValue
        do throws(PuffinError) {
            reply = try replies[replies.count - 1].get()
        } catch .server(let code, let message) where ErrorCode(rawValue: code) == .aborted {
            // The first request that was refused says more.
            for queued in replies.dropLast() { _ = try queued.get() }
            throw reason(message) ?? .server(code: code, message: message)
        }
        guard case .array(let elements) = reply, elements.count == replies.count - 2 else {
            throw .unexpectedReply(to: "EXEC", reply)
        }
        return elements.map { element in
            guard case .error(let code, let message) = element else { return .success(element) }
            return .failure(PuffinError(code: code, message: message, at: address, isRead: false))
        }
    }

    /// The error that EXEC quotes: `Transaction discarded because of: READONLY …`.
    private func reason(_ message: String) -> PuffinError? {
        let beginning = "Transaction discarded because of: "
        guard message.hasPrefix(beginning) else { return nil }
        let quoted = message.dropFirst(beginning.count)
        let code = quoted.prefix { $0 != " " }
        guard ErrorCode(rawValue: String(code)) != nil else { return nil }
        return PuffinError(
            code: String(code), message: String(quoted.dropFirst(code.count + 1)), at: address, isRead: true)
    }
}
