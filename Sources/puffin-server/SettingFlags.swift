// Flags made from the settings' declarations: names, help and completion. Their texts are validated together with those
// of the environment and the file, so they are accepted as they come.
//
// ArgumentParser wants a property per flag. It finds them by reflection (`Mirror` of an empty value), and decodes them
// by name (`init(from:)`); both are documented protocols of Swift, and both are answered here from the settings, so no
// setting is repeated as a property.

import ArgumentParser
import ServerConfiguration
import Settings

/// Settings given by flags, with their texts.
typealias GivenFlags = [(setting: Setting, texts: [String])]

/// Which settings a command has flags for.
protocol SettingSelection {
    static func has(_ setting: Setting) -> Bool
}

/// The flags of some settings.
struct SettingFlags<Selection: SettingSelection>: ParsableArguments, CustomReflectable {
    /// The given settings, with their texts.
    let given: GivenFlags

    /// No flags: a value in which ArgumentParser looks for definitions.
    init() { given = [] }

    init(from decoder: any Decoder) throws {
        let flags = try decoder.container(keyedBy: FlagName.self)
        given = try SettingFlags.flags.compactMap { flag in
            let texts = try flag.texts(in: flags)
            return texts.isEmpty ? nil : (flag.setting, texts)
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: SettingFlags.flags.map { ($0.name, $0.definition) })
    }

    private static var flags: [SettingFlag] {
        ServerSettings.schema.settings.filter(Selection.has).flatMap { setting in
            [setting.flag, setting.older?.flag].compactMap { name in
                name.map { SettingFlag(setting: setting, name: $0, isOlder: $0 != setting.flag) }
            }
        }
    }
}

/// A flag's name as a coding key.
private struct FlagName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}

/// A setting as a flag.
private struct SettingFlag {
    let setting: Setting
    let name: String
    /// Whether it is an older name, which works and is not listed.
    let isOlder: Bool

    /// The definition for ArgumentParser: an `Option` or a `Flag`.
    var definition: Any {
        let help = ArgumentHelp("\(setting.flagHelp)", visibility: isOlder ? .private : .default)
        let completion = setting.words.isEmpty ? CompletionKind.default : .list(setting.words)
        // One dash works as well as two.
        let names: NameSpecification = [
            .customLong(name, withSingleDash: true), .customLong(name),
        ]
        return if setting.isList {
            Option<[String]>(wrappedValue: [], name: names, help: help, completion: completion)
        } else if setting.form == .truth {
            Flag<Bool?>(name: names, inversion: .prefixedNo, help: help)
        } else {
            Option<String?>(name: names, help: help, completion: completion)
        }
    }

    /// The texts given; empty if the flag was not used.
    func texts(in flags: KeyedDecodingContainer<FlagName>) throws -> [String] {
        let name = FlagName(stringValue: name)
        if setting.isList { return try flags.decode(Option<[String]>.self, forKey: name).wrappedValue }
        if setting.form == .truth {
            return try flags.decode(Flag<Bool?>.self, forKey: name).wrappedValue.map { ["\($0)"] } ?? []
        }
        return try flags.decode(Option<String?>.self, forKey: name).wrappedValue.map { [$0] } ?? []
    }
}
