// The handling of requests and replies, without sockets or a clock. A thread's state is one struct that is passed down
// as `inout`: as properties of a class, each access would be checked for exclusivity at run time, which costs more than
// the work itself.

import Bytes

/// The result of taking a connection's bytes.
package struct TakenReplies {
    package var used = 0
    package var missing = 1
    /// The bytes are not a reply of the dialect, or answer no request.
    package var isMalformed = false
}

/// The state of one thread.
package struct LoadCore: ~Copyable {
    private let dialect: Dialect
    private let mix: OperationMix
    private let sizes: ValueSizes
    private let verifies: Bool
    private let space: KeySpace
    private let encoder: RequestEncoder
    private var chooser: KeyChooser
    private var random: SplitMix64

    package private(set) var recorder = Recorder()
    /// Requests to be sent.
    package var output = ByteBuffer()
    /// Unanswered requests, and replies so far; over all connections.
    package private(set) var outstanding = 0
    package private(set) var replies = 0
    /// When the last reply came.
    private(set) var lastReply = 0
    /// When measuring begins, in nanoseconds of `MonotonicClock`.
    package var measureStart = Int.max

    package init(
        _ dialect: Dialect, _ workload: Workload, space: KeySpace, verifies: Bool, thread: Int, of threads: Int
    ) {
        self.dialect = dialect
        self.space = space
        self.verifies = verifies
        mix = workload.mix
        sizes = workload.valueSizes
        encoder = RequestEncoder(dialect, workload)
        chooser = KeyChooser(workload.distribution, in: space, thread: thread, of: threads)
        random = SplitMix64(seed: workload.seed, stream: thread)
    }

    /// Writes the next request to `output`.
    /// - Parameters:
    ///   - start: its intended start.
    ///   - followUps: keys whose value was read on this connection and must now be written.
    package mutating func issue(start: Int, _ inFlight: inout InFlight, _ followUps: inout [Int]) {
        var operation = LoadOperation.set
        var key = 0
        if let follower = followUps.popLast() {
            key = follower
        } else {
            operation = mix.next(&random)
            key = operation == .insert ? space.claim() : chooser.next(&random)
        }
        var (size, version): (Int, UInt32) = (0, 0)
        if operation == .setMany || operation == .transaction {
            appendGroup(operation, first: key)
        } else {
            if operation.storesValue {
                size = sizes.next(&random)
                version = UInt32(truncatingIfNeeded: random.next())
            } else if operation == .scan {
                size = 1 + random.below(RequestEncoder.scanLimit)
            }
            encoder.append(operation, key: key, size: size, version: version, to: &output)
        }
        inFlight.append(
            InFlightRequest(start: start, key: key, operation: operation, missing: operation.replyCount))
        outstanding &+= 1
    }

    private mutating func appendGroup(_ operation: LoadOperation, first: Int) {
        encoder.beginGroup(operation, to: &output)
        for number in 0..<LoadOperation.groupSize {
            let key = number == 0 ? first : chooser.next(&random)
            let version = UInt32(truncatingIfNeeded: random.next())
            encoder.appendPair(operation, key: key, size: sizes.next(&random), version: version, to: &output)
        }
        encoder.endGroup(operation, to: &output)
    }

    /// Takes the replies at the front of `bytes`, which arrived by `now`.
    package mutating func take(
        _ bytes: Span<UInt8>, now: Int, _ inFlight: inout InFlight, _ followUps: inout [Int]
    ) -> TakenReplies {
        var taken = TakenReplies()
        // Replies with the same latency are counted together: those to one batch arrive at once.
        var start = 0
        var counts = PerOperation(repeating: 0)
        while taken.used < bytes.count {
            guard inFlight.count > 0 else {
                taken.isMalformed = true
                break
            }
            let request = inFlight.first
            let scan = ReplyScanner.next(
                dialect, in: bytes, from: taken.used, isList: request.operation.answersList && request.missing == 1)
            guard let end = finish(scan, request, bytes, &followUps) else {
                if case .incomplete(let missing) = scan { taken.missing = missing } else { taken.isMalformed = true }
                break
            }
            if request.missing > 1 {
                inFlight.noteReply()
                taken.used = end
                continue
            }
            if request.start != start {
                record(&counts, start: start, now: now)
                start = request.start
            }
            counts[Int(request.operation.rawValue)] &+= 1
            inFlight.removeFirst()
            outstanding &-= 1
            replies &+= 1
            taken.used = end
        }
        record(&counts, start: start, now: now)
        if taken.used > 0 { lastReply = now }
        return taken
    }

    private mutating func record(_ counts: inout PerOperation, start: Int, now: Int) {
        for operation in LoadOperation.allCases {
            let index = Int(operation.rawValue)
            guard counts[index] > 0 else { continue }
            recorder.record(
                operation, nanoseconds: now - start, count: counts[index], isMeasured: start >= measureStart)
            counts[index] = 0
        }
    }

    /// Evaluates a reply.
    /// - Returns: its end; nil if there is none.
    @inline(__always)
    private mutating func finish(
        _ scan: ReplyScan, _ request: InFlightRequest, _ bytes: Span<UInt8>, _ followUps: inout [Int]
    ) -> Int? {
        switch scan {
        case .answer(let value, let end):
            if request.operation.rawValue > LoadOperation.delete.rawValue { follow(request, &followUps) }
            if verifies && request.operation.readsValue { verify(bytes.extracting(value), key: request.key) }
            return end
        case .missing(let end):
            if request.start >= measureStart { recorder.countMiss(request.operation) }
            follow(request, &followUps)
            return end
        case .error(let text, let end):
            let isMeasured = request.start >= measureStart
            recorder.countError(request.operation, isMeasured: isMeasured, String(bytes.extracting(text)))
            return end
        case .incomplete, .malformed:
            return nil
        }
    }

    private mutating func follow(_ request: InFlightRequest, _ followUps: inout [Int]) {
        if request.operation == .readModifyWrite { followUps.append(request.key) }
        if request.operation == .insert { space.acknowledge() }
    }

    private mutating func verify(_ value: Span<UInt8>, key: Int) {
        guard !encoder.verifies(value, key: key) else { return }
        recorder.countMismatch(
            "the value of key \(key) is not one that was written for it: \(counted(value.count, "byte")), \""
                + String(value.extracting(0..<min(value.count, 40))) + "\"")
    }

    /// Ends the interval; see `Recorder`.
    mutating func takeInterval() -> (histogram: IntervalHistogram, errors: Int) { recorder.takeInterval() }
}
