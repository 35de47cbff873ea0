// Flags that are made of the settings' declarations: names, help and completion. Their texts are checked where those of the
// environment and of the file are, so they are taken as they come.
//
// ArgumentParser asks for a property for each flag. It finds them by reflection (`Mirror` of an empty value), and it decodes
// them by their names (`init(from:)`); both are documented protocols of Swift, and both are answered here from the settings,
// so no setting is repeated as a property.

import ArgumentParser
import ServerConfiguration
import Settings

/// Settings that flags give, each with its texts.
typealias GivenFlags = [(setting: Setting, texts: [String])]

/// Which settings a command has flags for.
protocol SettingSelection {
    static func has(_ setting: Setting) -> Bool
}

/// The flags of some settings.
struct SettingFlags<Selection: SettingSelection>: ParsableArguments, CustomReflectable {
    /// The settings that were given, each with its texts.
    let given: GivenFlags

    /// No flags: a value that ArgumentParser looks for definitions in.
    init() { given = [] }

    init(from decoder: any Decoder) throws {
        let flags = try decoder.container(keyedBy: FlagName.self)
        given = try SettingFlags.settings.compactMap { setting in
            let texts = try SettingFlag(setting).texts(in: flags)
            return texts.isEmpty ? nil : (setting, texts)
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: SettingFlags.settings.map { ($0.flag, SettingFlag($0).definition) })
    }

    private static var settings: [Setting] { ServerSettings.schema.settings.filter(Selection.has) }
}

/// A flag's name as a key of what was parsed.
private struct FlagName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}

/// A setting as a flag.
private struct SettingFlag {
    private let setting: Setting

    init(_ setting: Setting) { self.setting = setting }

    /// What ArgumentParser is to know of it: an `Option` or a `Flag`.
    var definition: Any {
        let help = ArgumentHelp(stringLiteral: setting.flagHelp)
        let completion = setting.words.isEmpty ? CompletionKind.default : .list(setting.words)
        // One dash works as well as two.
        let names: NameSpecification = [
            .customLong(setting.flag, withSingleDash: true), .customLong(setting.flag),
        ]
        return if setting.isList {
            Option<[String]>(wrappedValue: [], name: names, help: help, completion: completion)
        } else if setting.form == .truth {
            Flag<Bool?>(name: names, inversion: .prefixedNo, help: help)
        } else {
            Option<String?>(name: names, help: help, completion: completion)
        }
    }

    /// The texts that were given; none where the flag was not.
    func texts(in flags: KeyedDecodingContainer<FlagName>) throws -> [String] {
        let name = FlagName(stringValue: setting.flag)
        if setting.isList { return try flags.decode(Option<[String]>.self, forKey: name).wrappedValue }
        if setting.form == .truth {
            return try flags.decode(Flag<Bool?>.self, forKey: name).wrappedValue.map { ["\($0)"] } ?? []
        }
        return try flags.decode(Option<String?>.self, forKey: name).wrappedValue.map { [$0] } ?? []
    }
}
