// Which key a request is for. Keys are numbers from 0 on; how they are written is the request's business.

import Bytes
import Synchronization

/// How often each key is asked for.
package enum Distribution: String, CaseIterable, Sendable {
    /// Each key as often as any other.
    case uniform
    /// By Zipf's law; the frequent keys are scattered over all keys.
    case zipf
    /// By Zipf's law, the keys that were inserted last most often.
    case latest
    /// One after the other, then from the start again.
    case sequential
}

/// How many keys there are: those of the start, and those that were inserted since, counted by all threads together.
package final class KeySpace: Sendable {
    package let initialCount: Int
    private let claimed = Atomic<Int>(0)
    private let inserted = Atomic<Int>(0)

    package init(count: Int) { initialCount = count }

    /// The number of a key that nobody has inserted yet.
    package func claim() -> Int {
        initialCount + claimed.add(1, ordering: .relaxed).oldValue
    }

    /// Counts an insert that the server has acknowledged.
    package func acknowledge() {
        inserted.add(1, ordering: .relaxed)
    }

    /// Keys that are there. While inserts are under way one of the last may not be yet; a read of it is then a miss.
    package var count: Int { initialCount + inserted.load(ordering: .relaxed) }
}

/// Draws keys for one thread.
package struct KeyChooser: Sendable {
    private let distribution: Distribution
    private let space: KeySpace
    private let zipf: Zipf
    private let scatter: Int
    private var position: Int
    private let step: Int

    /// - Parameters:
    ///   - thread: which of `threads` threads this is for: in sequence, each takes every `threads`th key.
    package init(_ distribution: Distribution, in space: KeySpace, thread: Int = 0, of threads: Int = 1) {
        self.distribution = distribution
        self.space = space
        let isSkewed = distribution == .zipf || distribution == .latest
        zipf = Zipf(count: isSkewed ? space.initialCount : 1)
        scatter = KeyChooser.scatter(for: space.initialCount)
        position = thread
        step = threads
    }

    package mutating func next(_ random: inout SplitMix64) -> Int {
        switch distribution {
        case .uniform: return random.below(space.initialCount)
        case .zipf:
            // Multiplied by a number without common divisor, every rank gets a key of its own.
            return zipf.next(&random) &* scatter % space.initialCount
        case .latest: return space.count - 1 - zipf.next(&random)
        case .sequential:
            let key = position % space.initialCount
            position = key + step
            return key
        }
    }

    /// A number near count divided by the golden ratio that has no divisor in common with `count`.
    private static func scatter(for count: Int) -> Int {
        var candidate = max(Int(Double(count) * 0.618_033_988_75), 1)
        while greatestCommonDivisor(candidate, count) != 1 { candidate += 1 }
        return candidate
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, first % second) }
        return first
    }
}
