// The sampler behind HOTKEYS. It looks at requests only while somebody asks for them: nobody's request pays for it otherwise
// but a test of one flag for each group of requests that is received together.
//
// It samples whole groups, each with the same probability, and counts each of its requests as many times as there are groups
// for a sampled one. So each request has the same chance, whether it came alone or pipelined.

import Bytes
import Commands
import Synchronization
import Wire

/// Samples requests for HOTKEYS. Used from one thread.
package final class HotKeys {
    /// How long it samples after it was last asked, in milliseconds.
    package static let lease = 10_000
    /// What is left after a second of what was counted before: the counts are those of the last ten seconds or so.
    private static let decay = 0.9
    /// The number of samples a second beyond which it samples fewer groups, and below which it samples more. A sample of a
    /// key that makes another one leave takes some 10,000 instructions.
    private static let mostSamples = 5_000
    private static let leastSamples = 1_000
    /// The largest number of keys of a request that are counted: of more, every n-th.
    private static let keysPerRequest = 256

    /// Atomic, because an atomic is read without an exclusivity check.
    private let flag = Atomic(false)
    private var counts = KeyCounts()
    private var random: SplitMix64
    /// When it stops, and when the counts were last decayed, in milliseconds of the turn's clock.
    private var end = 0
    private var lastDecay = 0
    /// One of `period` groups is sampled.
    private(set) var period = 1
    private var groupsLeft = 1
    private var samples = 0

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Whether requests are sampled now.
    package var isSampling: Bool {
        @inline(__always) get { flag.load(ordering: .relaxed) }
    }

    // MARK: Asking

    /// What was counted, per second.
    package struct Report: Sendable {
        /// A key, with its requests and changes a second.
        package let keys: [(key: [UInt8], requests: Double, changes: Double)]
        /// Requests a second for keys of any name.
        package let requests: Double
        /// The seconds that the counts cover.
        package let seconds: Double
    }

    /// Reports what was counted since it was first asked, and samples for another `lease`.
    /// - Parameter now: in milliseconds of the turn's clock.
    package func report(_ count: Int, at now: Int) -> Report {
        if !isSampling { begin(at: now) }
        end = now + HotKeys.lease
        // The counts of the time since the last decay are not decayed yet.
        let seconds = counts.time + Double(max(now - lastDecay, 1)) / 1000
        let keys = counts.top(count).map { ($0.key, $0.requests / seconds, $0.changes / seconds) }
        return Report(keys: keys, requests: counts.total / seconds, seconds: seconds)
    }

    private func begin(at now: Int) {
        counts = KeyCounts()
        (lastDecay, period, groupsLeft, samples) = (now, 1, 1, 0)
        flag.store(true, ordering: .relaxed)
    }

    /// Upkeep, about once a second.
    package func tick(at now: Int) {
        guard isSampling else { return }
        guard now < end else {
            flag.store(false, ordering: .relaxed)
            counts = KeyCounts()
            return
        }
        counts.decay(by: HotKeys.decay, after: Double(max(now - lastDecay, 0)) / 1000)
        lastDecay = now
        if samples < HotKeys.leastSamples, period > 1 { period /= 2 }
        samples = 0
    }

    // MARK: Sampling

    /// Whether the next group of requests is sampled.
    package func takesGroup() -> Bool {
        groupsLeft -= 1
        guard groupsLeft <= 0 else { return false }
        // Random distances, so that no client's rhythm is missed or met each time.
        groupsLeft = period == 1 ? 1 : Int.random(in: 1...2 * period - 1, using: &random)
        return true
    }

    /// Counts the keys of a request.
    package func add(_ arguments: Arguments, _ keys: Keys, isChange: Bool) {
        guard let indices = keys.indices(in: arguments), arguments.count > keys.first else { return }
        let count = Array(indices).count
        guard count > 0 else { return }
        let step = (count - 1) / HotKeys.keysPerRequest + 1
        for (number, index) in indices.enumerated() where number.isMultiple(of: step) && index < arguments.count {
            let key = arguments[index]
            let known = Array(key.extracting(0..<min(key.count, KeyCounts.keySize)))
            counts.add(known, weight: Double(period * step), isChange: isChange)
            samples += 1
        }
        guard samples > HotKeys.mostSamples else { return }
        samples = 0
        period = min(period * 2, 1 << 20)
    }
}

extension HotKeys {
    /// Samples requests that a session has received together.
    @inline(never)
    func sample(_ bytes: Span<UInt8>, used: Int, of session: Session) {
        guard takesGroup() else { return }
        var parser = RequestParser(limits: session.server.limits.request)
        var offset = 0
        while offset < used, case .complete(let size) = parser.parse(bytes.extracting(offset..<used)) {
            let request = bytes.extracting(offset..<used)
            offset += size
            guard !parser.isBlank, let index = session.commands.index(of: parser.arguments(in: request)[0]) else {
                continue
            }
            let keys = session.commands.rows[index].keys
            guard keys != .none else { continue }
            if parser.isLine { try? parser.splitLine(request, form: session.commands.rows[index].form) }
            add(
                parser.arguments(in: request), keys,
                isChange: session.commands.rows[index].traits.contains(.change))
        }
    }
}
