import Server
import Testing

@Suite("The age of unsynced changes")
struct UnsyncedAgeTests {
    @Test("is 0 while each sync ends within a second")
    func healthy() {
        var age = UnsyncedAge()
        for second in 0..<10 {
            let newest = UInt64(second * 100 + 100)
            age.look(newest: newest, durable: newest - 50, at: second * 1000)
            #expect(age.age(newest: newest + 20, durable: newest, at: second * 1000 + 500) == 0)
        }
    }

    @Test("grows while a sync lasts, and ends with it")
    func stall() {
        var age = UnsyncedAge()
        age.look(newest: 10, durable: 10, at: 1000)
        #expect(age.age(newest: 10, durable: 10, at: 1500) == 0)
        age.look(newest: 12, durable: 10, at: 2000)
        age.look(newest: 15, durable: 10, at: 3000)
        #expect(age.age(newest: 15, durable: 10, at: 3500) == 1500)
        age.look(newest: 20, durable: 11, at: 9000)
        #expect(age.age(newest: 20, durable: 11, at: 9000) == 7000)
        // The sync that has ended covers the mark, and newer changes are not a second old.
        #expect(age.age(newest: 20, durable: 12, at: 9100) == 0)
        age.look(newest: 21, durable: 20, at: 10_000)
        #expect(age.age(newest: 21, durable: 20, at: 10_400) == 400)
    }

    @Test("changes of another history do not count")
    func replaced() {
        var age = UnsyncedAge()
        age.look(newest: 1000, durable: 10, at: 1000)
        #expect(age.age(newest: 5, durable: 3, at: 9000) == 0)
        age.look(newest: 5, durable: 3, at: 9000)
        #expect(age.age(newest: 5, durable: 3, at: 11_000) == 2000)
    }
}
