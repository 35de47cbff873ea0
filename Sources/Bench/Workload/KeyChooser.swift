// Chooses the key of a request. Keys are numbers from 0; the request encodes them.

import Bytes
import Synchronization

/// The distribution of keys.
package enum Distribution: String, CaseIterable, Sendable {
    /// All keys equally often.
    case uniform
    /// By Zipf's law; frequent keys are scattered over all keys.
    case zipf
    /// By Zipf's law; recently inserted keys are the most frequent.
    case latest
    /// In order, and then from the start again.
    case sequential
}

/// The number of keys: the initial ones, and those inserted since by all threads.
package final class KeySpace: Sendable {
    package let initialCount: Int
    private let claimed = Atomic<Int>(0)
    private let inserted = Atomic<Int>(0)

    package init(count: Int) { initialCount = count }

    /// The number of a key that is not inserted yet.
    package func claim() -> Int {
        initialCount + claimed.add(1, ordering: .relaxed).oldValue
    }

    /// Counts an insert that the server has acknowledged.
    package func acknowledge() {
        inserted.add(1, ordering: .relaxed)
    }

    /// The number of existing keys. While inserts are in flight, one of the last may not exist yet; reading it is a
    /// miss.
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
            // Multiplied by a coprime number, every rank maps to a key of its own.
            return zipf.next(&random) &* scatter % space.initialCount
        case .latest: return space.count - 1 - zipf.next(&random)
        case .sequential:
            let key = position % space.initialCount
            position = key + step
            return key
        }
    }

    /// A number near count divided by the golden ratio that is coprime to `count`.
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
