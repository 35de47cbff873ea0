// Reloading the configuration: what can change while a server runs.

import Dispatch
import Reactor
import Store
import Synchronization

/// Reads on another thread while the loop continues: a file may be large, arrive slowly from a pipe or a network, or take long to
/// check. One reading at a time. Used on the loop's thread.
final class BackgroundRead {
    private let loop: EventLoop
    /// Checks whether the reading is complete.
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

/// The owner of the configuration: knows the settings by name, and changes those that need no restart.
package protocol SettingsKeeper: AnyObject {
    /// All settings in force.
    var shownSettings: [(name: String, value: String)] { get }
    /// The same, with what a person wants to know of them.
    var describedSettings: [SettingDescription] { get }
    /// Applies values, all or none, until the configuration is read again.
    /// - Throws: `SettingRefusal`.
    func change(_ values: [(name: String, value: String)]) throws(SettingRefusal)
}

/// A setting for people. The value of a secret is `***`, or `none` if it has none.
package struct SettingDescription: Sendable {
    package let name: String
    package let value: String
    package let defaultValue: String
    package let isDefault: Bool
    /// Where the value comes from: `default`, `flag --port`, a file and its line.
    package let origin: String
    /// Whether it can be changed without a restart.
    package let isLive: Bool
    package let help: String

    package init(
        name: String, value: String, defaultValue: String, isDefault: Bool, origin: String, isLive: Bool, help: String
    ) {
        (self.name, self.value, self.defaultValue, self.isDefault) = (name, value, defaultValue, isDefault)
        (self.origin, self.isLive, self.help) = (origin, isLive, help)
    }
}

/// Why a setting was not changed.
package struct SettingRefusal: Error, Equatable {
    package enum Reason: Equatable, Sendable {
        case unknown
        case needsRestart
        /// The rejected value, and what was expected.
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
    /// Reads on another thread, and passes the result to `body` in a turn of the loop.
    package func read<Value: Sendable>(
        _ reading: @escaping @Sendable () -> Value, then body: @escaping (Value) -> Void
    ) {
        self.reading.read(reading, then: body)
    }

    /// Applies the settings of a configuration that need no restart, and ignores the others.
    package func change(to configuration: Configuration) {
        changeMemory(to: configuration.maxMemory)
        store.change(configuration.store.compactionRule, retention: configuration.store.retention)
        store.change(index: configuration.store.index)
        replication.change(to: configuration.replication)
        slowLog.change(to: configuration.slowLog)
        authentication.change(to: configuration.auth)
        tls?.change(to: configuration.tls)
        audit?.change(to: configuration.audit)
    }
}

/// The result of the reading thread.
private final class SharedResult<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
