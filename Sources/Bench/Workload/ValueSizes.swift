// The sizes of values.

import Bytes
import Wire

/// The sizes of values, in bytes.
package struct ValueSizes: Equatable, Sendable {
    private enum Choice: Equatable {
        case fixed
        case range
        /// Sizes, and the upper bound of each one's draws.
        case list([Int], bounds: [Int])
    }

    package let smallest: Int
    package let largest: Int
    private let choice: Choice
    /// The text that it was parsed from.
    package let text: String

    /// Parses `32`, `16-1024` (uniform), `32,64,1024` or, with weights, `32:90,1024:10`.
    /// - Throws: `SettingsError`, which says what was expected.
    package init(parsing text: String) throws(SettingsError) {
        guard let (sizes, choice) = ValueSizes.read(text), let smallest = sizes.min(), let largest = sizes.max(),
            smallest >= 1, largest <= ProtocolLimits.valueSize
        else {
            throw SettingsError(
                "--value-size is a number of bytes from 1 to \(ProtocolLimits.valueSize), a range such as 16-1024, or a list such as "
                    + "32,64,1024 or 32:90,1024:10; found \"\(text)\"")
        }
        (self.smallest, self.largest, self.choice, self.text) = (smallest, largest, choice, text)
    }

    private static func read(_ text: String) -> (sizes: [Int], Choice)? {
        if let size = Int(text) { return ([size], .fixed) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        if ends.count == 2, let low = ends[0], let high = ends[1] { return low <= high ? ([low, high], .range) : nil }
        var (sizes, bounds, sum): ([Int], [Int], Int) = ([], [], 0)
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(parts.count), let size = parts[0], let weight = parts.count == 2 ? parts[1] : 1,
                (1...OperationMix.weightLimit).contains(weight)
            else { return nil }
            sum += weight
            sizes.append(size)
            bounds.append(sum)
        }
        return sizes.count > 1 ? (sizes, .list(sizes, bounds: bounds)) : nil
    }

    package func next(_ random: inout SplitMix64) -> Int {
        switch choice {
        case .fixed: return smallest
        case .range: return smallest + random.below(largest - smallest + 1)
        case .list(let sizes, let bounds):
            let draw = random.below(bounds[bounds.count - 1])
            var index = 0
            while draw >= bounds[index] { index += 1 }
            return sizes[index]
        }
    }
}
