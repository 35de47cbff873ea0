// A setting of puffin-server: a setting as data, and the configuration property that it sets.

import Server
import Settings

/// One setting of puffin-server.
package struct ServerSetting: Sendable {
    /// Its names, its valid values, its effect.
    package let setting: Setting
    /// The property that it sets.
    package let property: PartialKeyPath<Configuration> & Sendable
    private let set: @Sendable (Settings, inout Configuration) -> Void

    /// A setting with one value.
    /// - Parameter flag: its flag; nil for its name with dashes, as for new settings.
    package init<Value>(
        _ name: String, _ property: WritableKeyPath<Configuration, Value> & Sendable, flag: String? = nil,
        older: OlderName? = nil, _ type: ValueType<Value>, default text: String, isLive: Bool = false, _ help: String
    ) {
        let key = Key(
            name, flag: flag ?? ServerSetting.flag(name), older: older, type, default: text, isLive: isLive, help)
        self.init(key, property)
    }

    /// A setting whose value is never shown. It has no flag.
    package init<Value>(
        secret name: String, _ property: WritableKeyPath<Configuration, Value> & Sendable, _ type: ValueType<Value>,
        default text: String, isLive: Bool = false, _ help: String
    ) {
        self.init(Key(name, flag: nil, type, default: text, isLive: isLive, isSecret: true, help), property)
    }

    /// A setting with a list of values.
    /// - Parameter mayBeEmpty: whether an empty list is valid.
    package init<Element>(
        _ name: String, _ property: WritableKeyPath<Configuration, [Element]> & Sendable, flag: String? = nil,
        listOf type: ValueType<Element>, mayBeEmpty: Bool = true, default texts: [String] = [], isLive: Bool = false,
        _ help: String
    ) {
        let key = Key(
            name, flag: flag ?? ServerSetting.flag(name), listOf: type, mayBeEmpty: mayBeEmpty, default: texts,
            isLive: isLive, help)
        self.init(key, property)
    }

    private init<Value>(_ key: Key<Value>, _ property: WritableKeyPath<Configuration, Value> & Sendable) {
        setting = key.setting
        self.property = property
        set = { settings, configuration in configuration[keyPath: property] = settings[key] }
    }

    private static func flag(_ name: String) -> String {
        String(name.map { $0 == "." || $0 == "_" ? "-" : $0 })
    }

    /// Assigns the value in force to its property.
    func apply(_ settings: Settings, to configuration: inout Configuration) { set(settings, &configuration) }
}
