import Shell
import Testing

/// How many requests are in flight.
struct WindowTests {
    private func flight(_ size: Int, isWide: Bool = false) -> Window.Flight {
        Window.Flight(size: size, isWide: isWide)
    }

    @Test("short replies: as many requests as the limit, a megabyte at most")
    func short() {
        var window = Window(limit: 3)
        for _ in 0..<3 {
            #expect(window.takes(flight(100)))
            window.add(flight(100))
        }
        #expect(!window.takes(flight(100)))
        window.remove(flight(100))
        #expect(window.takes(flight(100)))
        #expect(!window.takes(flight(2 << 20)))
    }

    @Test("a reply that may be large leaves room for few bytes of requests, those of others included")
    func wide() {
        var window = Window()
        window.add(flight(100, isWide: true))
        #expect(window.takes(flight(30 << 10)))
        #expect(!window.takes(flight(40 << 10)))
        window.remove(flight(100, isWide: true))
        window.add(flight(40 << 10))
        #expect(window.takes(flight(40 << 10)))
        #expect(!window.takes(flight(100, isWide: true)))
    }

    @Test("one request alone may have any size")
    func alone() {
        #expect(Window().takes(flight(64 << 20, isWide: true)))
    }

    @Test("summaries and progress say how many, and how fast where that means something")
    func words() {
        var tally = Tally()
        tally.done = 1234
        #expect(tally.summary(of: "a.txt", nanoseconds: 12_000_000) == "a.txt: 1,234 done, 0 errors in 12.0 ms")
        tally.refused = 1
        #expect(
            tally.summary(of: "a.txt", noun: "pair", nanoseconds: 2_000_000_000)
                == "a.txt: 1,234 pairs, 1 error in 2.00 s, 617/s")
        #expect(
            progressLine(done: 50, of: 100, counted: 7) == "[###############---------------]  50 %  7 done")
        #expect(progressLine(done: 50, of: nil, counted: 7) == "7 done")
    }
}
