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

/// The connections that have places, where there are many. Adding, removing and finding the one that gives way take logarithmic time.
package struct PlaceHolders {
    private struct Place {
        /// Of all places that were ever taken, from 1.
        let number: Int
        let network: UInt64
    }

    /// The numbers of places, the oldest first. Those that were left stay in the list for a while.
    private struct Queue {
        private var numbers: [Int] = []
        private var first = 0
        /// Those that were not left.
        private(set) var count = 0

        var oldest: Int? { first < numbers.count ? numbers[first] : nil }

        mutating func add(_ number: Int) {
            numbers.append(number)
            count += 1
        }

        /// Notes that one was left.
        /// - Parameter isTaken: whether a place is taken.
        mutating func noteRemoval(_ isTaken: (Int) -> Bool) {
            count -= 1
            while first < numbers.count, !isTaken(numbers[first]) { first += 1 }
            guard numbers.count > 2 * count + 64 else { return }
            numbers = numbers[first...].filter(isTaken)
            first = 0
        }
    }

    /// A network as it was when it last changed.
    private struct Rank {
        let count: Int
        /// The number of its oldest place.
        let oldest: Int
        let network: UInt64

        /// Whether it gives way before another: with more places, or with an older connection.
        func precedes(_ other: Rank) -> Bool {
            count != other.count ? count > other.count : oldest < other.oldest
        }
    }

    /// By the connections' numbers.
    private var places: [Int: Place] = [:]
    /// The connections by the places' numbers.
    private var holders: [Int: Int] = [:]
    private var lastNumber = 0
    private var all = Queue()
    private var queues: [UInt64: Queue] = [:]
    /// A binary heap. The first one is up to date, others may not be.
    private var ranks: [Rank] = []

    package init() {}

    /// The number of connections.
    package var count: Int { places.count }
    /// The connection that has waited longest; nil if there is none.
    package var oldest: Int? { all.oldest.flatMap { holders[$0] } }

    /// The connection that a further one displaces: as `PlaceSharing.placeToEvict` says, or else the oldest of its own network.
    package func evicted(for network: UInt64) -> Int? {
        guard let first = ranks.first else { return nil }
        let own = queues[network]
        let number = first.count > own?.count ?? 0 ? first.oldest : own?.oldest
        return number.flatMap { holders[$0] }
    }

    /// Gives a connection a place, which is the newest. It must have none.
    package mutating func add(_ id: Int, of network: UInt64) {
        lastNumber += 1
        let place = Place(number: lastNumber, network: network)
        precondition(places.updateValue(place, forKey: id) == nil, "a connection has two places")
        holders[place.number] = id
        all.add(place.number)
        queues[network, default: Queue()].add(place.number)
        rank(network)
    }

    /// Removes a connection, if it has a place.
    package mutating func remove(_ id: Int) {
        guard let place = places.removeValue(forKey: id) else { return }
        holders[place.number] = nil
        let left = holders
        all.noteRemoval { left[$0] != nil }
        queues[place.network]?.noteRemoval { left[$0] != nil }
        if queues[place.network]?.count == 0 { queues[place.network] = nil }
        rank(place.network)
    }

    // MARK: Ranks

    private func current(_ network: UInt64) -> Rank? {
        guard let queue = queues[network], let oldest = queue.oldest else { return nil }
        return Rank(count: queue.count, oldest: oldest, network: network)
    }

    private func isCurrent(_ rank: Rank) -> Bool {
        guard let queue = queues[rank.network] else { return false }
        return queue.count == rank.count && queue.oldest == rank.oldest
    }

    /// Enters a network that has changed.
    private mutating func rank(_ network: UInt64) {
        if let rank = current(network) { insert(rank) }
        while let first = ranks.first, !isCurrent(first) { removeFirst() }
        guard ranks.count > 2 * queues.count + 64 else { return }
        let networks = Array(queues.keys)
        ranks.removeAll(keepingCapacity: true)
        for network in networks { if let rank = current(network) { insert(rank) } }
    }

    private mutating func insert(_ rank: Rank) {
        var index = ranks.count
        ranks.append(rank)
        while index > 0, rank.precedes(ranks[(index - 1) / 2]) {
            ranks.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func removeFirst() {
        ranks.swapAt(0, ranks.count - 1)
        ranks.removeLast()
        var index = 0
        while true {
            let children = (2 * index + 1...2 * index + 2).filter { $0 < ranks.count }
            guard let best = children.min(by: { ranks[$0].precedes(ranks[$1]) }), ranks[best].precedes(ranks[index])
            else {
                return
            }
            ranks.swapAt(index, best)
            index = best
        }
    }
}
