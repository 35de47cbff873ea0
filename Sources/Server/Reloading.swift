// What can change while a server runs.

import Dispatch
import Reactor
import Store
import Synchronization

/// Reads on another thread, while the loop goes on. A file may be large, come slowly from a pipe or a network, or take long to be
/// found wrong. One reading at a time. Used on the loop's thread.
final class BackgroundRead {
    private let loop: EventLoop
    /// Looks whether what is read is there.
    private var timer: Timer?

    init(_ loop: EventLoop) { self.loop = loop }

    func read<Value: Sendable>(_ reading: @escaping @Sendable () -> Value, then body: @escaping (Value) -> Void) {
        precondition(timer == nil, "one reading at a time")
        let result = SharedResult<Value>()
        DispatchQueue.global(qos: .utility).async {
            let value = reading()
            result.value.withLock { $0 = value }
        }
        timer = Timer(loop, every: 10) { [unowned self] in
            guard let value = result.value.withLock({ $0.take() }) else { return }
            timer = nil
            body(value)
        }
    }
}

/// Whoever has configured a server: it knows the settings by their names, and changes those that need no restart.
package protocol SettingsKeeper: AnyObject {
    /// All settings as they are in force.
    var shownSettings: [(name: String, value: String)] { get }
    /// Puts values into force, all of them or none, until the configuration is read again.
    /// - Throws: `SettingRefusal`.
    func change(_ values: [(name: String, value: String)]) throws(SettingRefusal)
}

/// Why a setting was not changed.
package struct SettingRefusal: Error, Equatable {
    package enum Reason: Equatable, Sendable {
        case unknown
        case needsRestart
        /// What it cannot be, and what was expected.
        case notAllowed(String)
    }

    package let name: String
    package let reason: Reason

    package init(_ name: String, _ reason: Reason) {
        self.name = name
        self.reason = reason
    }
}

extension Server {
    /// Reads something on another thread, and hands it to `body` in a turn of the loop.
    package func read<Value: Sendable>(
        _ reading: @escaping @Sendable () -> Value, then body: @escaping (Value) -> Void
    ) {
        self.reading.read(reading, then: body)
    }

    /// Puts into force what a configuration has that needs no restart; the rest of it is ignored.
    package func change(to configuration: Configuration) {
        changeMemory(to: configuration.maxMemory)
        store.change(
            compactRatio: configuration.store.compactRatio, compactSize: configuration.store.compactSize,
            retention: configuration.store.retention)
        replication.change(to: configuration.replication)
        slowLog.change(to: configuration.slowLog)
    }
}

/// What another thread has read.
private final class SharedResult<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
