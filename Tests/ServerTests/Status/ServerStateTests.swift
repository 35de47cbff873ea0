import Server
import Testing

@Suite("The sentence of state")
struct ServerStateTests {
    private func state(_ adjust: (inout StateFacts) -> Void) -> ServerState {
        var facts = StateFacts()
        adjust(&facts)
        return facts.state
    }

    private func follower(_ address: String, lag: Int, isConnected: Bool = true) -> StateFacts.Follower {
        StateFacts.Follower(address, isConnected: isConnected, lag: lag)
    }

    @Test("a leader that is well says so in a line, with its durability and its followers")
    func leader() {
        let alone = state { _ in }
        #expect(alone.sentence == "Leader, ready, durable always, no followers")
        #expect(alone.level == .ready && alone.advice == nil && alone.notes.isEmpty)
        let one = state { $0.followers = [follower("b:1", lag: 3)] }
        #expect(one.sentence == "Leader, ready, durable always, 1 follower 3 ms behind" && one.level == .ready)
        let two = state { $0.followers = [follower("b:1", lag: 0), follower("c:1", lag: 12_000)] }
        #expect(two.sentence == "Leader, ready, durable always, 2 followers 12 s behind")
        let fresh = state {
            $0.durability = "interval"
            $0.followers = [follower("b:1", lag: 0)]
        }
        #expect(fresh.sentence == "Leader, ready, durable interval, 1 follower up to date")
    }

    @Test("followers that are not connected are named, with what to do")
    func away() {
        let some = state {
            $0.followers = [follower("b:1", lag: 3), follower("c:1", lag: 90_000, isConnected: false)]
        }
        #expect(some.sentence == "Leader, ready, durable always, 1 of 2 followers connected, 3 ms behind")
        #expect(some.level == .attention && some.notes.map(\.text) == ["Not connected: c:1"])
        #expect(some.notes[0].advice.contains("FOLLOWER REMOVE"))
        let all = state { $0.followers = [follower("c:1", lag: 90_000, isConnected: false)] }
        #expect(all.sentence == "Leader, ready, durable always, 1 follower, none connected")
        #expect(all.notes[0].advice.hasPrefix("Only this disk has the newest changes."))
    }

    @Test("a follower names its leader, and how far it is behind")
    func following() {
        let fresh = state {
            $0.isFollower = true
            $0.leader = "a:1"
            $0.lag = 0
        }
        #expect(fresh.sentence == "Follower of a:1, ready, durable always, up to date" && fresh.level == .ready)
        let late = state {
            $0.isFollower = true
            $0.leader = "a:1"
            $0.lag = 700
            $0.obstacle = .behind(own: 5, newest: 9, link: "catching up")
        }
        #expect(late.sentence == "Follower of a:1, behind its leader (catching up): change 5 of 9")
        #expect(late.level == .attention && late.advice?.contains("Readers get old data") == true)
        let lost = state {
            $0.isFollower = true
            $0.obstacle = .noLeader(age: 1_200_000)
        }
        #expect(lost.sentence == "Follower, without a leader; what is here is 20 min old" && lost.level == .trouble)
        #expect(lost.advice?.contains("PROMOTE") == true)
        let new = state {
            $0.isFollower = true
            $0.obstacle = .noLeader(age: nil)
        }
        #expect(new.sentence == "Follower, without a leader")
    }

    @Test(
        "each obstacle has a reason, what to do, and its level",
        arguments: [
            (
                StateObstacle.loading("63 %, about 4 s"), "Leader, loading its data: 63 %, about 4 s", "Nothing to do",
                false
            ),
            (.stopping, "Leader, stopping", "Nothing to do", false),
            (.handingOver, "Leader, handing over: changes are refused for a moment", "Nothing to do", false),
            (
                .logFailed("cannot sync x (errno 5)", leavesReads: false),
                "Leader, the log cannot be written: cannot sync x (errno 5)", "The server ends.", true
            ),
            (
                .logFailed("x was changed", leavesReads: true), "Leader, the log cannot be written: x was changed",
                "It still answers reads.", true
            ),
            (
                .notWritable("Disk full: d has 1 bytes free, 2 are needed; free space there; reads go on"),
                "Leader, changes are refused: Disk full: d has 1 bytes free, 2 are needed",
                "Free space there; reads go on.", true
            ),
            (.notWritable("Odd"), "Leader, changes are refused: Odd", "The log says more.", true),
            (
                .auditNotWritable("cannot open a"), "Leader, the audit cannot be written: cannot open a",
                "Logins and requests",
                true
            ),
        ])
    func obstacle(_ obstacle: StateObstacle, sentence: String, advice: String, isTrouble: Bool) {
        let state = state { $0.obstacle = obstacle }
        #expect(state.sentence == sentence)
        #expect(state.advice?.hasPrefix(advice) == true, "\(state.advice ?? "")")
        #expect(state.level == (isTrouble ? .trouble : .attention))
    }

    @Test("notes make a ready server one to look at, and are kept beside an obstacle")
    func notes() {
        let note = ServerState.Note("Memory: 9 of 10 are used", "Raise memory.max.")
        let ready = state { $0.notes = [note] }
        #expect(ready.level == .attention && ready.notes == [note] && ready.sentence.contains("ready"))
        let stopping = state {
            $0.notes = [note]
            $0.obstacle = .stopping
        }
        #expect(stopping.notes == [note] && stopping.sentence == "Leader, stopping")
    }
}
