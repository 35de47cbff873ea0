// Flags that are made of the settings' schema: names, help and completion. Their texts are checked where those of the
// environment and of the file are, so they are taken as they come.

import ArgumentParser
import Reactor
import Settings

/// Flags that give settings.
protocol SettingFlags {
    /// The settings that were given, each with its texts.
    var given: GivenFlags { get }
}

/// Settings that flags give, each with its texts.
typealias GivenFlags = [(setting: Setting, texts: [String])]

/// A setting's texts, where its flag was given.
func flag<Value>(_ key: Key<Value>, _ text: String?) -> GivenFlags {
    text.map { [(key.setting, [$0])] } ?? []
}

func flag<Value>(_ key: Key<Value>, _ texts: [String]) -> GivenFlags {
    texts.isEmpty ? [] : [(key.setting, texts)]
}

func flag(_ key: Key<Bool>, _ value: Bool?) -> GivenFlags {
    value.map { [(key.setting, ["\($0)"])] } ?? []
}

extension NameSpecification {
    /// One dash and two.
    fileprivate init(_ setting: Setting) {
        self = [.customLong(setting.flag, withSingleDash: true), .customLong(setting.flag)]
    }
}

extension CompletionKind {
    fileprivate init(_ setting: Setting) {
        self = setting.words.isEmpty ? .default : .list(setting.words)
    }
}

extension Option where Value == String? {
    /// The flag of a setting with one value.
    init<T>(_ key: Key<T>) {
        let setting = key.setting
        self.init(
            name: NameSpecification(setting), help: ArgumentHelp(stringLiteral: setting.flagHelp),
            completion: CompletionKind(setting))
    }
}

extension Option where Value == [String] {
    /// The flag of a list.
    init<T>(list key: Key<T>) {
        let setting = key.setting
        self.init(
            wrappedValue: [], name: NameSpecification(setting), help: ArgumentHelp(stringLiteral: setting.flagHelp),
            completion: CompletionKind(setting))
    }
}

extension Flag where Value == Bool? {
    /// The flag of a setting that is true or false, and the one with `no-` in front.
    init<T>(_ key: Key<T>) {
        let setting = key.setting
        self.init(
            name: NameSpecification(setting), inversion: .prefixedNo,
            help: ArgumentHelp(stringLiteral: setting.flagHelp))
    }
}

extension Sources {
    /// Flags, and the environment of this process.
    init(_ groups: [any SettingFlags], config: String?) {
        self.init()
        flags = groups.flatMap(\.given)
        environment = ProcessEnvironment.variables
        self.config = config
    }

    /// What is in force. Whatever is wrong is printed, and ends the process with 2.
    func resolveOrExit() throws -> Settings {
        do throws(Flaws) {
            return try resolve(ServerSettings.schema)
        } catch {
            writeError("\(error)")
            throw ExitCode(2)
        }
    }
}
