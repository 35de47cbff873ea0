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

/// The connections that have places, where there are many: finds the one that gives way without a look at all of them.
package struct PlaceHolders {
    private struct Holder {
        let id: Int
        let network: UInt64
    }

    /// The oldest first, from `first` on. Those that were removed are still in it.
    private var order: [Holder] = []
    private var first = 0
    private var networks: [Int: UInt64] = [:]
    /// The places of each network, and how many networks have so many.
    private var counts: [UInt64: Int] = [:]
    private var networksByCount: [Int: Int] = [:]
    private var largest = 0

    package init() {}

    /// The number of connections.
    package var count: Int { networks.count }

    /// Adds a connection, which is the newest. Its number must not be in use.
    package mutating func add(_ id: Int, of network: UInt64) {
        precondition(networks.updateValue(network, forKey: id) == nil, "a connection has two places")
        order.append(Holder(id: id, network: network))
        move(network, by: 1)
    }

    /// Removes a connection, if it has a place.
    package mutating func remove(_ id: Int) {
        guard let network = networks.removeValue(forKey: id) else { return }
        move(network, by: -1)
        while first < order.count, networks[order[first].id] == nil { first += 1 }
        guard order.count > 2 * networks.count + 64 else { return }
        order = order[first...].filter { networks[$0.id] != nil }
        first = 0
    }

    private mutating func move(_ network: UInt64, by change: Int) {
        let old = counts[network] ?? 0
        let new = old + change
        counts[network] = new == 0 ? nil : new
        if old > 0 { networksByCount[old, default: 0] -= 1 }
        if new > 0 { networksByCount[new, default: 0] += 1 }
        if networksByCount[old] == 0 { networksByCount[old] = nil }
        if new > largest { largest = new } else if old == largest, networksByCount[old] == nil { largest = new }
    }

    /// The connection that has waited longest; nil if there is none.
    package var oldest: Int? { order.indices.contains(first) ? order[first].id : nil }

    /// The connection that a further one displaces: as `PlaceSharing.placeToEvict` says, or else the oldest of its own network.
    package func evicted(for network: UInt64) -> Int? {
        let own = counts[network] ?? 0
        for holder in order[first...] where networks[holder.id] != nil {
            if largest > own ? counts[holder.network] == largest : holder.network == network { return holder.id }
        }
        return nil
    }
}
