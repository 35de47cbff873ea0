import Server
import TestSupport
import Testing

/// The phases of a turn, and the lists of sessions.
@Suite("The turn")
struct TurnTests {
    private final class Member: ListMember {
        private(set) var membership: Membership = []

        func join(_ list: Membership) -> Bool {
            guard membership.isDisjoint(with: list) else { return false }
            membership.formUnion(list)
            return true
        }

        func leave(_ list: Membership) { membership.subtract(list) }
    }

    private static let lists: [Membership] = [.touched, .waiting, .unfinished, .deferred, .retired, .throttled]

    @Test("its parts come in one order, and then again")
    func phases() {
        let turn = Turn()
        for _ in 0..<3 {
            for phase in Phase.allCases {
                turn.enter(phase)
                #expect(turn.phase == phase)
            }
        }
    }

    @Test("a part out of its order ends the process")
    func wrongPhase() async {
        await #expect(processExitsWith: .failure) { Turn().enter(.run) }
        await #expect(processExitsWith: .failure) {
            let turn = Turn()
            turn.enter(.collect)
            turn.enter(.run)
            turn.enter(.release)
        }
        await #expect(processExitsWith: .failure) {
            let turn = Turn()
            turn.enter(.collect)
            turn.enter(.collect)
        }
    }

    @Test("lists and members agree, whatever is put on them and taken off", arguments: SeededRandom.seeds(2))
    func lists(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let members = (0..<20).map { _ in Member() }
        var lists = MemberLists<Member>()
        // What each list should have, in the order in which it came.
        var expected = [[Int]](repeating: [], count: Self.lists.count)
        for _ in 0..<5000 {
            let index = random.below(Self.lists.count)
            let list = Self.lists[index]
            if random.below(8) == 0 {
                var taken = lists.take(list)
                #expect(taken.map { member in members.firstIndex { $0 === member } } == expected[index])
                expected[index] = []
                // Whoever is handed the members may put some of them back.
                for member in taken where random.below(3) == 0 {
                    lists.add(member, to: list)
                    expected[index].append(members.firstIndex { $0 === member } ?? -1)
                }
                lists.giveBack(&taken)
            } else {
                let number = random.below(members.count)
                let isNew = lists.add(members[number], to: list)
                #expect(isNew != expected[index].contains(number))
                if isNew { expected[index].append(number) }
            }
            #expect(lists.count(list) == expected[index].count && lists.isEmpty(list) == expected[index].isEmpty)
        }
        #expect(lists.check(members) == [])
    }

    @Test("a member that does not know of its list, or is on none that it says, is found")
    func check() {
        let members = [Member(), Member()]
        var lists = MemberLists<Member>()
        lists.add(members[0], to: .waiting)
        #expect(lists.check(members) == [])
        members[0].leave(.waiting)
        #expect(lists.check(members).count == 2)
        _ = members[0].join(.waiting)
        _ = members[1].join(.touched)
        #expect(lists.check(members).count == 1)
    }
}

/// The steps of a shutdown, with times made up by the test.
@Suite("The steps of a shutdown")
struct ShutdownStepsTests {
    @Test("requests are read until nothing comes between two looks")
    func quiet() {
        var steps = ShutdownSteps()
        #expect(!steps.hasBegun && steps.takesRequests)
        steps.begin(receivedSize: 100, hasClients: true, at: 1000)
        #expect(steps.hasBegun && steps.takesRequests)
        var isNext = steps.look(receivedSize: 120, at: 1020)
        #expect(!isNext && steps.takesRequests)
        isNext = steps.look(receivedSize: 120, at: 1040)
        #expect(isNext && !steps.takesRequests)
        isNext = steps.look(receivedSize: 120, at: 1060)
        #expect(!isNext)
        #expect(!steps.isOverdue(at: 1440) && steps.isOverdue(at: 1441))
    }

    @Test("clients that never pause are waited for so long and no longer; where there are none, nobody is")
    func patience() {
        var steps = ShutdownSteps()
        steps.begin(receivedSize: 0, hasClients: true, at: 0)
        var size = 0
        var looks = 0
        repeat {
            size += 1
            looks += 1
        } while !steps.look(receivedSize: size, at: looks * 20)
        #expect(looks == 21)
        var lonely = ShutdownSteps()
        lonely.begin(receivedSize: 0, hasClients: false, at: 0)
        #expect(lonely.hasBegun && !lonely.takesRequests)
    }
}

/// When a batch is handed over. Times are nanoseconds.
@Suite("Group commit")
struct GroupCommitTests {
    @Test("a lone client never waits; several wait for each other, and never longer than half a sync or 150 µs")
    func due() {
        var commit = GroupCommit()
        commit.add()
        var isDue = commit.isDue(lastSync: 1_000_000, at: 0)
        #expect(isDue && !commit.isGathering)
        commit.handedOver()
        commit.committed(answered: 3)
        commit.add()
        isDue = commit.isDue(lastSync: 1_000_000, at: 1000)
        #expect(!isDue && commit.isGathering)
        isDue = commit.isDue(lastSync: 1_000_000, at: 151_000)
        #expect(!isDue)
        isDue = commit.isDue(lastSync: 1_000_000, at: 151_001)
        #expect(isDue && !commit.isGathering)
        commit.handedOver()
        #expect(commit.batch == 2)
        // A short sync is waited for half of its time.
        commit.add()
        isDue = commit.isDue(lastSync: 20_000, at: 200_000)
        #expect(!isDue)
        isDue = commit.isDue(lastSync: 20_000, at: 210_001)
        #expect(isDue)
        // As many as the last commit has answered are all that is waited for.
        commit.handedOver()
        for _ in 0..<3 { commit.add() }
        isDue = commit.isDue(lastSync: 1_000_000, at: 300_000)
        #expect(isDue)
    }
}

/// Progress reports of loading, with times made up by the test.
@Suite("Loading")
struct LoadingTests {
    @Test("it says how far it is and how long it will take, after two seconds and then every five")
    func progress() {
        let second = 1_000_000_000
        var loading = Loading(at: 5 * second)
        #expect(loading.description == "100 %")
        loading.note(done: 25, total: 100, at: 6 * second)
        #expect(loading.percent == 25 && loading.description == "25 %, about 3 s")
        var reports: [Int] = []
        for time in 0..<20 where loading.isReportDue(at: (5 + time) * second) { reports.append(time) }
        #expect(reports == [2, 7, 12, 17])
        #expect(loading.elapsed(at: 9 * second) == 4 * second)
    }
}
