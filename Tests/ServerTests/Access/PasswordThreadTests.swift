import Bytes
import Server
import Synchronization
import Testing

/// Which passwords are verified, and in which order, while clients come and go.
@Suite("The thread of passwords")
struct PasswordThreadTests {
    /// Jobs that a test runs.
    private final class HandWorker: Worker {
        private let jobs = Mutex<[@Sendable () -> Void]>([])

        func submit(_ job: @escaping @Sendable () -> Void) { jobs.withLock { $0.append(job) } }
        func submit(after delay: Int, _ job: @escaping @Sendable () -> Void) { submit(job) }
        func finish() { while work() {} }

        /// Runs the next job.
        func work() -> Bool {
            let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            job?()
            return job != nil
        }
    }

    private let worker = HandWorker()
    private let thread: PasswordThread
    /// What was verified.
    private final class Record: Sendable {
        let verified = Mutex<[Int]>([])
        var all: [Int] { verified.withLock { $0 } }
    }
    private let record = Record()

    init() { thread = PasswordThread(on: worker) {} }

    private func ask(_ number: Int) -> PasswordClaim<Int>? {
        thread.find { [record] in
            record.verified.withLock { $0.append(number) }
            return 10 * number
        }
    }

    @Test("each is verified once, in the order of the requests, and everybody who waits for it is told")
    func order() throws {
        let claims = (0..<3).compactMap { ask($0) }
        let further = claims[1].result.claim()
        #expect(claims.allSatisfy { $0.value == nil })
        worker.finish()
        #expect(record.all == [0, 1, 2] && claims.map(\.value) == [0, 10, 20] && further.value == 10)
    }

    @Test("what nobody waits for any more is not verified, and gives up its place")
    func abandoned() throws {
        var claims = (0..<PasswordThread.limit).map { ask($0) }
        #expect(claims.allSatisfy { $0 != nil })
        #expect(ask(1000) == nil, "too many wait")
        // One of them is waited for by somebody else, too.
        let shared = claims[7]?.result.claim()
        for index in claims.indices where index != 3 { claims[index] = nil }
        let late = ask(2000)
        #expect(late != nil)
        worker.finish()
        #expect(record.all == [3, 7, 2000])
        #expect(claims[3]?.value == 30 && shared?.value == 70 && late?.value == 20_000)
    }

    @Test("clients that have closed their side come last")
    func ended() throws {
        let claims = (0..<4).compactMap { ask($0) }
        claims[0].noteEnd()
        claims[0].noteEnd()
        claims[2].noteEnd()
        // Somebody who is still there wants the same.
        let present = claims[2].result.claim()
        worker.finish()
        #expect(record.all == [1, 2, 3, 0])
        #expect(claims.map(\.value) == [0, 10, 20, 30] && present.value == 20)
    }

    @Test("where all places are taken, the first of those who have closed their side gives way")
    func displaced() throws {
        let claims = (0..<PasswordThread.limit).compactMap { ask($0) }
        for index in 5..<8 { claims[index].noteEnd() }
        let late = (100..<103).map { ask($0) }
        #expect(late.allSatisfy { $0 != nil })
        #expect(claims[5].isDropped && claims[6].isDropped && claims[7].isDropped)
        #expect(ask(103) == nil, "nobody else has closed his side")
        // These clients wait until then.
        withExtendedLifetime(late) { worker.finish() }
        #expect(record.all == Array(0..<5) + Array(8..<PasswordThread.limit) + [100, 101, 102])
        #expect(claims[5].value == nil && claims[5].result.isOver)
    }

    @Test("a password is released once it is verified, or not to be")
    func released() throws {
        final class Secret: Sendable {}
        for isAbandoned in [false, true] {
            var secret: Secret? = Secret()
            weak let released = secret
            var claim = thread.find { [secret] in secret == nil ? 0 : 1 }
            secret = nil
            #expect(released != nil)
            let result = claim?.result
            if isAbandoned { claim = nil }
            worker.finish()
            #expect(released == nil && result?.isOver == true)
            #expect(claim?.value == (isAbandoned ? nil : 1))
        }
    }
}
