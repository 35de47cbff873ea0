import Server
import Testing

@Suite("Acknowledgement policies")
struct AckPolicyTests {
    @Test(
        "are read from words and numbers",
        arguments: [
            ("local", AckPolicy.local, "local"), ("0", .local, "local"), ("one", .followers(1), "one"),
            ("1", .followers(1), "one"), ("2", .followers(2), "2"), ("all", .all, "all"),
        ])
    func words(text: String, policy: AckPolicy, description: String) {
        #expect(AckPolicy(text) == policy)
        #expect(AckPolicy(text)?.description == description)
    }

    @Test("nothing else is one", arguments: ["", "-1", "two", "ALL", "1.5", "99999999999999999999"])
    func others(text: String) {
        #expect(AckPolicy(text) == nil)
    }

    @Test("a change is acknowledged when enough followers have it, in whatever order they are")
    func acknowledged() {
        for positions in [[5, 9, 7], [9, 7, 5], [7, 5, 9]] as [[UInt64]] {
            #expect(AckPolicy.local.acknowledged(positions) == .max)
            #expect(AckPolicy.followers(1).acknowledged(positions) == 9)
            #expect(AckPolicy.followers(2).acknowledged(positions) == 7)
            #expect(AckPolicy.followers(3).acknowledged(positions) == 5)
            #expect(AckPolicy.followers(4).acknowledged(positions) == 0)
            #expect(AckPolicy.all.acknowledged(positions) == 5)
        }
    }

    @Test("without followers all is nothing, and a number is never reached")
    func none() {
        #expect(AckPolicy.all.acknowledged([]) == .max)
        #expect(AckPolicy.local.acknowledged([]) == .max)
        #expect(AckPolicy.followers(1).acknowledged([]) == 0)
        #expect(AckPolicy.followers(2).missing([], for: 1) == 2)
        #expect(AckPolicy.all.missing([], for: 1) == 0)
    }

    @Test("missing are those that lack the change, as far as the policy wants them")
    func missing() {
        #expect(AckPolicy.local.missing([0, 0], for: 7) == 0)
        #expect(AckPolicy.followers(1).missing([6, 0], for: 7) == 1)
        #expect(AckPolicy.followers(1).missing([7, 0], for: 7) == 0)
        #expect(AckPolicy.followers(2).missing([7, 0], for: 7) == 1)
        #expect(AckPolicy.followers(2).missing([8, 9, 0], for: 7) == 0)
        #expect(AckPolicy.all.missing([8, 6, 0], for: 7) == 2)
    }

    @Test("a change is committed when this server's log and enough followers have it")
    func committed() {
        #expect(CommitRule.local.committed(local: 7) == 7)
        #expect(CommitRule(.followers(1), [5, 0]).committed(local: 7) == 5)
        #expect(CommitRule(.followers(1), [9, 0]).committed(local: 7) == 7)
        #expect(CommitRule(.all, [9, 6]).committed(local: 7) == 6)
        #expect(CommitRule(.all, []).committed(local: 7) == 7)
    }
}
