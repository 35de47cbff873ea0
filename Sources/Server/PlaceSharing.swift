// How a few places are shared by connections from many networks, so that a flood from one takes no place of another's.

/// Decides who gives way. Pure.
package enum PlaceSharing {
    /// Which of those that have places gives way to one more: the first of the network that has most of them.
    /// - Parameters:
    ///   - holders: the networks of those that have places, the oldest first.
    ///   - network: that of the one which wants a place.
    /// - Returns: nil where no other network has more places than that one.
    package static func placeToEvict(_ holders: [UInt64], for network: UInt64) -> Int? {
        var counts: [UInt64: Int] = [:]
        for holder in holders { counts[holder, default: 0] += 1 }
        // Of several that have as many, the one whose first has waited longest.
        let largest = counts.values.max() ?? 0
        guard largest > counts[network] ?? 0 else { return nil }
        return holders.firstIndex { counts[$0] == largest }
    }
}
