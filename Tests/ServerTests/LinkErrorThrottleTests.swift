import Server
import Testing

@Suite("Log throttle")
struct LinkErrorThrottleTests {
    @Test("what lasts is said once, and again after ten minutes, with how often it was not said")
    func lasting() {
        var throttle = LinkErrorThrottle()
        var said: [String] = []
        for second in 0...1200 {
            let text = throttle.raise("behind by \(second)", about: "a:1", at: second * 1000)
            if let text { said.append(text) }
        }
        #expect(
            said == [
                "behind by 0", "behind by 600 (599 times more since this was last logged)",
                "behind by 1200 (599 times more since this was last logged)",
            ])
    }

    @Test("what comes back after the link has worked is news, but not without end")
    func returning() {
        var throttle = LinkErrorThrottle()
        var count = 0
        for second in 0..<500 {
            if throttle.raise("lost", about: "a:1", at: second * 1000) != nil { count += 1 }
            throttle.settle()
        }
        #expect(count == LinkErrorThrottle.burst)
    }

    @Test("other words, and others, are news")
    func others() {
        var throttle = LinkErrorThrottle()
        let said = [("lost", "a:1"), ("lost", "b:1"), ("refused", "a:1"), ("lost", "a:1")].map {
            throttle.raise($0.0, about: $0.1, at: 0)
        }
        #expect(said == ["lost", "lost", "refused", nil])
    }

    @Test("whoever finds new words each time is not listened to")
    func words() {
        var throttle = LinkErrorThrottle()
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let count = letters.count { throttle.raise("it sends \($0)", about: "a:1", at: 5) != nil }
        #expect(count == LinkErrorThrottle.kindLimit)
        let later = throttle.raise("lost", about: "a:1", at: LinkErrorThrottle.interval + 5)
        #expect(later == "lost")
    }

    @Test("that a link is up is worth saying at first, and after a complaint")
    func spoken() {
        var throttle = LinkErrorThrottle()
        var spoken = [throttle.takeSpoken(), throttle.takeSpoken()]
        for _ in 0..<2 {
            _ = throttle.raise("lost", about: "a:1", at: 0)
            spoken.append(throttle.takeSpoken())
        }
        #expect(spoken == [true, false, true, false])
    }
}
