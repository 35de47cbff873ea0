// A setting as data: its names, its valid values, its default, its effect. Flags, help, the reference, errors and
// `config explain` are generated from this.

/// One setting of any value type.
package struct Setting: Sendable {
    /// Its name in files: section and key, such as `server.port`.
    package let name: String
    /// Its flag without dashes; one dash works as well as two. nil for a secret: every user of a machine can read the
    /// arguments of its processes.
    package let flag: String?
    /// The name that it had before, which means the same.
    package let older: OlderName?
    /// What it does, in whole sentences.
    package let help: String
    /// The default: one text, or any number for a list.
    package let `default`: [String]
    /// Whether SIGHUP can change it.
    package let isLive: Bool
    /// Whether its value is never shown, and may be in a file of its own.
    package let isSecret: Bool
    /// Whether it has any number of values, up to `listLimit`.
    package let isList: Bool
    package static let listLimit = 1000
    /// Whether a list may be empty.
    package let mayBeEmpty: Bool
    package let allowed: String
    package let words: [String]
    package let form: Form
    /// Whether a text is valid; for a list, as one of its values.
    package let isAllowed: @Sendable (String) -> Bool

    /// `server` of `server.port`.
    package var section: String { String(name.prefix { $0 != "." }) }
    /// `port` of `server.port`.
    package var key: String { String(name.drop { $0 != "." }.dropFirst()) }
    /// Its environment variable: `PUFFIN_SERVER_PORT`. A comma separates the values of a list there.
    package var environmentName: String { environmentVariable(of: name) }
    /// For a secret, the variable that may name a file with the value.
    package var environmentFileName: String? { isSecret ? environmentName + "_FILE" : nil }
}

/// A former name of a setting, which goes on to mean the same.
package struct OlderName: Sendable {
    package let name: String
    package let flag: String

    package init(_ name: String, flag: String) {
        self.name = name
        self.flag = flag
    }

    package var section: String { String(name.prefix { $0 != "." }) }
    package var environmentName: String { environmentVariable(of: name) }
}

/// The variable of the setting with a name.
private func environmentVariable(of name: String) -> String {
    "PUFFIN_" + name.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
}

/// A setting with the type of its values.
package struct Key<Value: Sendable>: Sendable {
    package let setting: Setting
    /// Parses valid texts.
    let read: @Sendable ([String]) -> Value?
    /// The default.
    package let `default`: Value

    /// A setting with one value. A secret has no flag.
    package init(
        _ name: String, flag: String?, older: OlderName? = nil, _ type: ValueType<Value>, default text: String,
        isLive: Bool = false, isSecret: Bool = false, _ help: String
    ) {
        precondition(isSecret == (flag == nil), "\(name): a secret has no flag, and every other setting has one")
        self.init(
            Setting(
                name: name, flag: flag, older: older, help: help, default: [text], isLive: isLive, isSecret: isSecret,
                isList: false,
                mayBeEmpty: false,
                allowed: type.allowed, words: type.words, form: type.form, isAllowed: { type.read($0) != nil })
        ) { texts in texts.last.flatMap { type.read($0) } }
    }

    /// A setting with a list of values.
    /// - Parameter mayBeEmpty: whether an empty list is valid.
    package init<Element>(
        _ name: String, flag: String, listOf type: ValueType<Element>, mayBeEmpty: Bool = true,
        default texts: [String] = [],
        isLive: Bool = false, _ help: String
    ) where Value == [Element] {
        self.init(
            Setting(
                name: name, flag: flag, older: nil, help: help, default: texts, isLive: isLive, isSecret: false,
                isList: true,
                mayBeEmpty: mayBeEmpty,
                allowed: type.allowed, words: type.words, form: type.form, isAllowed: { type.read($0) != nil })
        ) { texts in
            let values = texts.compactMap { type.read($0) }
            return values.count == texts.count ? values : nil
        }
    }

    private init(_ setting: Setting, read: @escaping @Sendable ([String]) -> Value?) {
        guard let value = read(setting.default) else {
            preconditionFailure("\(setting.name): its default is not allowed")
        }
        self.setting = setting
        self.read = read
        self.default = value
    }
}
