import Server
import TestSupport
import Testing

/// Who gives way where every place is taken.
@Suite("Sharing of places")
struct PlaceSharingTests {
    @Test(
        "the first of the network with most places gives way, unless the newcomer's own has most",
        arguments: [
            // Everybody is from the same network: its own affair.
            ([1, 1, 1, 1], 1, nil), ([1, 1, 1, 1], 2, 0), ([2, 1, 1, 1], 2, 1), ([2, 2, 1, 1], 2, nil),
            ([2, 2, 1, 1], 3, 0), ([3, 1, 2, 4], 5, 0), ([3, 1, 2, 4], 3, nil), ([4, 5, 5, 4, 5], 4, 1), ([], 1, nil),
        ] as [([UInt64], UInt64, Int?)])
    func givesWay(holders: [UInt64], network: UInt64, expected: Int?) {
        #expect(PlaceSharing.placeToEvict(holders, for: network) == expected)
    }

    @Test("a flood never gets the place of one that is alone", arguments: [4, 16])
    func flood(count: Int) {
        var holders = [UInt64](repeating: 9, count: count)
        holders[PlaceSharing.placeToEvict(holders, for: 1) ?? 0] = 1
        for _ in 0..<1000 {
            let index = PlaceSharing.placeToEvict(holders, for: 9) ?? holders.firstIndex(of: 9) ?? 0
            holders.remove(at: index)
            holders.append(9)
        }
        #expect(holders.contains(1))
    }

    @Test("whoever comes, many holders never give the place of one that is alone to a flood")
    func floodOfMany() {
        var places = PlaceHolders()
        places.add(0, of: 1)
        for id in 1..<2000 {
            if places.count == 100, let gone = places.evicted(for: 9) { places.remove(gone) }
            places.add(id, of: 9)
        }
        #expect(places.count == 100 && places.oldest == 0)
        #expect(places.evicted(for: 2) == 1901)
    }

    @Test("many holders give way as a look at all of them says", arguments: SeededRandom.seeds(20))
    func many(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var places = PlaceHolders()
        var model: [(id: Int, network: UInt64)] = []
        for id in 0..<2000 {
            let network = UInt64(random.below(1 + random.below(12)))
            let networks = model.map(\.network)
            let index =
                PlaceSharing.placeToEvict(networks, for: network) ?? networks.firstIndex(of: network) ?? 0
            let wanted = model.isEmpty ? nil : model[index].id
            #expect(places.evicted(for: network) == wanted)
            #expect(places.oldest == model.first?.id && places.count == model.count)
            if model.count == 40 || !model.isEmpty && random.below(4) == 0 {
                let gone = random.below(3) == 0 ? index : random.below(model.count)
                let leaver = model.remove(at: gone)
                places.remove(leaver.id)
                // Some take another place at once, as who logs out does: they are the newest then.
                if random.below(3) == 0 {
                    places.add(leaver.id, of: leaver.network)
                    model.append(leaver)
                }
            }
            if random.below(10) == 0 { places.remove(1_000_000 + id) }
            places.add(id, of: network)
            model.append((id, network))
        }
    }
}
