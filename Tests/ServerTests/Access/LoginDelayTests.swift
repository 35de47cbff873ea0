import Server
import Testing

/// How late wrong passwords are answered.
@Suite("Delays of failed logins")
struct LoginDelayTests {
    private let guesser = LoginDelays.Guesser(network: 1, user: "alice")

    @Test("each failure is answered twice as late as the one before, up to eight seconds")
    func doubling() {
        var delays = LoginDelays()
        let found = (0..<8).map { _ in delays.failed(guesser, at: 0) }
        #expect(found == [400, 800, 1600, 3200, 6400, 8000, 8000, 8000])
    }

    @Test("failures count by network and user, until a login, or for ten minutes")
    func forgotten() {
        var delays = LoginDelays()
        for _ in 0..<3 { _ = delays.failed(guesser, at: 0) }
        #expect(delays.failed(.init(network: 2, user: "alice"), at: 0) == 400)
        #expect(delays.failed(.init(network: 1, user: "bob"), at: 0) == 400)
        #expect(delays.failed(guesser, at: LoginDelays.memory) == 3200)
        #expect(delays.failed(guesser, at: 2 * LoginDelays.memory + 1) == 400)
        _ = delays.failed(guesser, at: 2 * LoginDelays.memory + 1)
        delays.succeeded(guesser)
        #expect(delays.failed(guesser, at: 2 * LoginDelays.memory + 1) == 400)
    }

    @Test("a flood of names takes bounded memory")
    func flood() {
        var delays = LoginDelays()
        for number in 0..<2 * LoginDelays.capacity {
            _ = delays.failed(.init(network: UInt64(number), user: "\(number)"), at: number)
        }
        #expect(delays.count == LoginDelays.capacity)
    }
}
