// RANGE: keys in byte order, from the ordered index. A range is read at once, so it is consistent, and shows the pairs as of one change.

import Access
import Bytes
import Store
import Wire

enum RangeHandlers {
    /// The most keys of one reply; the number without LIMIT.
    static let keyLimit = 10_000

    static func range(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        do throws(ReplyError) {
            let reading = RangeReading(
                try RangeRequest(arguments, keySize: session.server.limits.keySize, session), session,
                replies.writer.dialect)
            // In later turns, the request is gone.
            if session.isInExec || session.allowance.hasSteps {
                reading.write(&replies) { size, replies in
                    session.hasMemory(forReplyOf: size, arguments, &replies)
                }
            } else {
                session.begin(reading, arguments)
            }
        } catch {
            replies.fail(error)
        }
    }

    /// What a RANGE asks for.
    struct RangeRequest {
        private(set) var range: KeyRange
        private(set) var limit = RangeHandlers.keyLimit
        private(set) var isReversed = false
        private(set) var hasValues = false

        /// - Parameter keySize: the longest key, in bytes.
        init(_ arguments: Arguments, keySize: Int, _ session: Session) throws(ReplyError) {
            var (prefix, from, to, after): ([UInt8]?, [UInt8]?, [UInt8]?, [UInt8]?)
            var limit: Int?
            var index = 1
            while index < arguments.count {
                let name = arguments[index]
                if name.equalsIgnoringCase("PREFIX") {
                    try RangeRequest.take(&prefix, "PREFIX", at: &index, of: arguments, keySize)
                } else if name.equalsIgnoringCase("FROM") {
                    try RangeRequest.take(&from, "FROM", at: &index, of: arguments, keySize)
                } else if name.equalsIgnoringCase("TO") {
                    try RangeRequest.take(&to, "TO", at: &index, of: arguments, keySize)
                } else if name.equalsIgnoringCase("AFTER") {
                    try RangeRequest.take(&after, "AFTER", at: &index, of: arguments, keySize)
                } else if name.equalsIgnoringCase("LIMIT") {
                    try RangeRequest.takeLimit(&limit, at: &index, of: arguments)
                } else if name.equalsIgnoringCase("REVERSE") {
                    isReversed = true
                } else if name.equalsIgnoringCase("VALUES") {
                    hasValues = true
                } else {
                    throw .unknownOption("Unknown option of RANGE", name, session)
                }
                index += 1
            }
            self.limit = limit ?? RangeHandlers.keyLimit
            range = try RangeRequest.range(prefix: prefix, from: from, to: to)
            guard let after else { return }
            if isReversed { range.end(before: after) } else { range.begin(behind: after) }
        }

        private static func range(prefix: [UInt8]?, from: [UInt8]?, to: [UInt8]?) throws(ReplyError) -> KeyRange {
            switch (prefix, from) {
            case (let prefix?, nil):
                guard to == nil else { throw ReplyError("TO needs FROM: a prefix has an end already") }
                return KeyRange(prefix: prefix)
            case (nil, let from?): return KeyRange(from: from, to: to)
            case (nil, nil): throw ReplyError("RANGE needs PREFIX and a prefix, or FROM and a key")
            case (_?, _?): throw ReplyError("PREFIX and FROM exclude each other: use one of them")
            }
        }

        private static func take(
            _ value: inout [UInt8]?, _ name: String, at index: inout Int, of arguments: Arguments, _ limit: Int
        ) throws(ReplyError) {
            guard value == nil else { throw ReplyError("\(name) is given twice") }
            guard index + 1 < arguments.count else { throw ReplyError("\(name) needs a value behind it") }
            index += 1
            let size = arguments[index].count
            guard size <= limit else {
                throw .tooLong(name == "PREFIX" ? "Prefix" : "Key", size: size, limit: limit)
            }
            value = Array(arguments[index])
        }

        private static func takeLimit(
            _ limit: inout Int?, at index: inout Int, of arguments: Arguments
        ) throws(ReplyError) {
            guard limit == nil else { throw ReplyError("LIMIT is given twice") }
            guard index + 1 < arguments.count else { throw ReplyError("LIMIT needs a value behind it") }
            index += 1
            guard let number = arguments[index].signedNumber, (1...RangeHandlers.keyLimit).contains(number) else {
                throw ReplyError("LIMIT is a number from 1 to \(RangeHandlers.keyLimit)")
            }
            limit = number
        }
    }

    /// A RANGE that is run now, or in a later turn where this one has been used up.
    private final class RangeReading: LongReply {
        let dialect: ReplyDialect
        private let request: RangeRequest
        private unowned let session: Session

        /// The cost of a key in steps of a turn's allowance: see `KeySearch`.
        private static let keySteps = 64

        init(_ request: RangeRequest, _ session: Session, _ dialect: ReplyDialect) {
            (self.request, self.session, self.dialect) = (request, session, dialect)
        }

        var heldSize: Int { request.range.lower.count + (request.range.upper?.count ?? 0) }
        var canFail: Bool { true }

        func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
            guard allowance.hasSteps else { return false }
            do throws(ReplyError) {
                // A follower's data may be on the way to be replaced.
                try session.gate.admitRead()
                write(&replies) { size, replies in session.hasMemoryNow(forReplyOf: size, &replies) }
            } catch {
                replies.fail(error)
            }
            return true
        }

        /// - Parameter hasMemory: reserves memory for a large reply; if there is none, replies with the error.
        func write(_ replies: inout ReplyQueue, hasMemory: (Int, inout ReplyQueue) -> Bool) {
            let store = session.store
            switch store.order {
            case .unknown: return replies.fail(.noIndex)
            case .building(let done, let total): return replies.fail(.indexIsBuilt(min(done * 100 / max(total, 1), 99)))
            case .known: break
            }
            var pairs: [Pair] = []
            pairs.reserveCapacity(min(request.limit, 128))
            var (size, expiredCount) = (0, 0)
            let filter = session.filter(for: .range)
            let limit = session.server.limits.unsentSize
            let expiredLimit = session.server.limits.rangeExpiredCount
            store.visit(request.range, isReversed: request.isReversed) { pair, isExpired in
                guard !isExpired, filter?.passes(pair.key) != false else {
                    expiredCount += 1
                    return expiredCount <= expiredLimit
                }
                pairs.append(pair)
                size += replies.writer.size(ofValue: pair.key)
                if request.hasValues { size += replies.writer.size(ofValue: pair.value) }
                return pairs.count < request.limit && size <= limit
            }
            session.allowance.withSteps { $0 -= (pairs.count + expiredCount) * RangeReading.keySteps }
            guard expiredCount <= expiredLimit else { return replies.fail(.tooManyExpired(limit: expiredLimit)) }
            guard size <= limit else { return replies.fail(.rangeTooLarge(limit: limit)) }
            if size >= Session.largeReplySize {
                if let error = session.server.refusal(ofReplyOf: size) { return replies.fail(error) }
                guard hasMemory(size, &replies) else { return }
            }
            replies.depends(on: store.position.seq)
            replies.writer.list(request.hasValues ? pairs.count * 2 : pairs.count)
            for pair in pairs {
                replies.writer.value(pair.key)
                if request.hasValues { replies.writer.value(pair.value) }
            }
            replies.writer.endList()
        }
    }
}
