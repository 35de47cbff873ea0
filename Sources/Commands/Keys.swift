// Which arguments of a request are keys.

import Bytes
import Wire

/// Where the keys are among the arguments, the name being argument 0; `last` counts from the end where negative.
package struct Keys: Equatable, Sendable {
    package let first: Int
    package let last: Int
    package let step: Int

    package static let none = Keys(first: 0, last: 0, step: 0)
    package static let one = Keys(first: 1, last: 1, step: 1)
    package static let two = Keys(first: 1, last: 2, step: 1)
    /// The one behind a subcommand.
    package static let second = Keys(first: 2, last: 2, step: 1)
    package static let all = Keys(first: 1, last: -1, step: 1)
    package static let everySecond = Keys(first: 1, last: -1, step: 2)

    /// The places of the keys among so many arguments, the name included; none where there are no keys.
    package func indices(count: Int) -> StrideThrough<Int> {
        guard step > 0 else { return stride(from: 1, through: 0, by: 1) }
        return stride(from: first, through: last < 0 ? count + last : last, by: step)
    }

    /// Whether the argument at this place is a key, where there are enough arguments.
    package func contains(_ index: Int) -> Bool {
        step > 0 && index >= first && (last < 0 || index <= last) && (index - first) % step == 0
    }

    /// The size of the first key that is longer than `limit` bytes; nil where none is.
    package func oversized(in arguments: Arguments, limit: Int) -> Int? {
        for index in indices(count: arguments.count) where arguments[index].count > limit {
            return arguments[index].count
        }
        return nil
    }
}
