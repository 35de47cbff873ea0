// Scrypt takes some 300 ms and 16 MiB a password, so it runs on a thread, one password at a time.

import Bytes
import OpenSSL
import Reactor
import Synchronization

/// What a thread will have found out.
final class PasswordResult<Value: Sendable>: Sendable {
    private let found = Mutex<Value?>(nil)

    /// nil as long as it is not known.
    var value: Value? { found.withLock { $0 } }

    fileprivate func set(_ value: Value) { found.withLock { $0 = value } }
}

/// The thread that verifies and hashes passwords.
final class PasswordThread: Sendable {
    private let worker: any Worker
    private let bell: Wakeup.Bell
    private let count = Atomic<Int>(0)

    /// The most passwords that wait.
    static let limit = 64

    /// - Parameter bell: rung when something was found out.
    /// - Throws: `StartFailure` if the system has no thread left.
    init(bell: Wakeup.Bell) throws(StartFailure) {
        self.bell = bell
        worker = try Threads().start("passwords")
        worker.submit { Threads.lowerPriority() }
    }

    /// Finds something out.
    /// - Returns: nil if too many wait already.
    func find<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> PasswordResult<Value>? {
        guard count.load(ordering: .relaxed) < PasswordThread.limit else { return nil }
        count.add(1, ordering: .relaxed)
        let result = PasswordResult<Value>()
        worker.submit { [self] in
            result.set(work())
            count.subtract(1, ordering: .relaxed)
            bell.ring()
        }
        return result
    }

    /// Waits until nothing is being worked on.
    func close() { worker.finish() }
}
