// Fair sharing of a few places by connections from many networks: a flood from one network displaces only its own.

/// Chooses the connection to displace. A pure function.
package enum PlaceSharing {
    /// The connection that a further one displaces: the oldest of the network that holds the most places.
    /// - Parameters:
    ///   - holders: the networks of the connections that have places, the oldest first.
    ///   - network: the network of the new connection.
    /// - Returns: nil if no other network holds more places than that one.
    package static func placeToEvict(_ holders: [UInt64], for network: UInt64) -> Int? {
        var counts: [UInt64: Int] = [:]
        for holder in holders { counts[holder, default: 0] += 1 }
        // Among networks with equally many, the one whose oldest connection has waited longest.
        let largest = counts.values.max() ?? 0
        guard largest > counts[network] ?? 0 else { return nil }
        return holders.firstIndex { counts[$0] == largest }
    }
}
