// Which arguments of a request are keys.

import Bytes
import Wire

/// The positions of the keys among the arguments, the name being argument 0; a negative `last` counts from the end.
package struct Keys: Equatable, Sendable {
    package let first: Int
    package let last: Int
    package let step: Int
    /// Whether the argument before the first one says how many there are. Where it is not looked at, what follows the keys is
    /// taken for keys too.
    package let isCounted: Bool
    /// How far behind a key its value is, if the command stores values.
    package let valueDistance: Int
    /// Whether there may be none. Then a number that is invalid is none too, as in Redis.
    package let isOptional: Bool
    /// What the command does with the value of its first key.
    package let access: KeyAccess
    /// What it does with those of the others.
    package let laterAccess: KeyAccess
    /// The position from which on an option can make the command read a value that it otherwise only writes; 0 if none
    /// can.
    package let options: Int

    init(
        first: Int, last: Int, step: Int, isCounted: Bool = false, isOptional: Bool = false, valueDistance: Int = 1,
        access: KeyAccess = [], laterAccess: KeyAccess? = nil, options: Int = 0
    ) {
        (self.first, self.last, self.step) = (first, last, step)
        (self.isCounted, self.isOptional, self.valueDistance) = (isCounted, isOptional, valueDistance)
        (self.access, self.laterAccess, self.options) = (access, laterAccess ?? access, options)
    }

    /// The same positions, with what the command does with the values there.
    /// - Parameters:
    ///   - access: for the first key.
    ///   - later: for the others, if it differs.
    ///   - options: see `Keys.options`.
    func used(_ access: KeyAccess, later: KeyAccess? = nil, options: Int = 0) -> Keys {
        Keys(
            first: first, last: last, step: step, isCounted: isCounted, isOptional: isOptional,
            valueDistance: valueDistance, access: access, laterAccess: later, options: options)
    }

    package static let none = Keys(first: 0, last: 0, step: 0)
    package static let one = Keys(first: 1, last: 1, step: 1)
    /// One, with its value behind another argument.
    package static let oneWithLaterValue = Keys(first: 1, last: 1, step: 1, valueDistance: 2)
    package static let two = Keys(first: 1, last: 2, step: 1)
    /// The one behind a subcommand.
    package static let second = Keys(first: 2, last: 2, step: 1)
    package static let all = Keys(first: 1, last: -1, step: 1)
    package static let everySecond = Keys(first: 1, last: -1, step: 2)
    /// Every second one behind their number.
    package static let counted = Keys(first: 2, last: -1, step: 2, isCounted: true)
    /// Those of a script, which follow it and their number.
    package static let ofScript = Keys(first: 3, last: -1, step: 1, isCounted: true, isOptional: true)

    /// The positions of the keys among `count` arguments, the name included; empty if there are no keys.
    package func indices(count: Int) -> StrideThrough<Int> {
        guard step > 0 else { return stride(from: 1, through: 0, by: 1) }
        return stride(from: first, through: last < 0 ? count + last : last, by: step)
    }

    /// The positions of the keys among the arguments of a request.
    /// - Returns: nil if the request says that it has more than there are.
    package func indices(in arguments: Arguments, names offset: Int = 0) -> StrideThrough<Int>? {
        let count = arguments.count - offset
        guard isCounted else { return indices(count: count) }
        guard let number = arguments[first - 1 + offset].decimal, number > 0, number <= (count - first) / step else {
            return isOptional ? stride(from: 1, through: 0, by: 1) : nil
        }
        return stride(from: first, through: first + (number - 1) * step, by: step)
    }

    /// Whether the argument at this position is a key, given enough arguments.
    package func contains(_ index: Int) -> Bool {
        step > 0 && index >= first && (last < 0 || index <= last) && (index - first) % step == 0
    }

    /// The size of the first key longer than `limit` bytes; nil if there is none.
    package func oversized(in arguments: Arguments, limit: Int) -> Int? {
        for index in indices(in: arguments) ?? indices(count: arguments.count) where arguments[index].count > limit {
            return arguments[index].count
        }
        return nil
    }
}
