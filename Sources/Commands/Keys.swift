// Which arguments of a request are keys.

import Bytes
import Wire

/// The positions of the keys among the arguments, the name being argument 0; a negative `last` counts from the end.
package struct Keys: Equatable, Sendable {
    package let first: Int
    package let last: Int
    package let step: Int
    /// The position of the argument that says how many keys follow it; nil for most commands. Then the other numbers are 0.
    package let countPlace: Int?

    package init(first: Int, last: Int, step: Int, countPlace: Int? = nil) {
        (self.first, self.last, self.step, self.countPlace) = (first, last, step, countPlace)
    }

    package static let none = Keys(first: 0, last: 0, step: 0)
    /// Those behind their number, which follows a script.
    package static let counted = Keys(first: 0, last: 0, step: 0, countPlace: 2)
    package static let one = Keys(first: 1, last: 1, step: 1)
    package static let two = Keys(first: 1, last: 2, step: 1)
    /// The one behind a subcommand.
    package static let second = Keys(first: 2, last: 2, step: 1)
    package static let all = Keys(first: 1, last: -1, step: 1)
    package static let everySecond = Keys(first: 1, last: -1, step: 2)

    /// The positions of the keys among `count` arguments, the name included; empty if there are no keys.
    package func indices(count: Int) -> StrideThrough<Int> {
        guard step > 0 else { return stride(from: 1, through: 0, by: 1) }
        return stride(from: first, through: last < 0 ? count + last : last, by: step)
    }

    /// Whether the argument at this position is a key, given enough arguments.
    package func contains(_ index: Int) -> Bool {
        step > 0 && index >= first && (last < 0 || index <= last) && (index - first) % step == 0
    }

    /// The size of the first key longer than `limit` bytes; nil if there is none.
    package func oversized(in arguments: Arguments, limit: Int) -> Int? {
        for index in indices(count: arguments.count) where arguments[index].count > limit {
            return arguments[index].count
        }
        return nil
    }
}
