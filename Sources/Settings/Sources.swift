// From flags, environment and file to the values in force. The first source that has a setting wins.

/// The sources of a program's configuration. They can be read again, since the file may have changed.
package struct Sources: Sendable {
    /// The flags given, with their texts; for a single value the last one wins.
    package var flags: [(setting: Setting, texts: [String])] = []
    /// The environment at the program's start.
    package var environment: [String: String] = [:]
    /// The argument of `--config`.
    package var config: String?

    /// The variable that names the configuration file if no flag does.
    package static let configName = "PUFFIN_CONFIG"

    package init() {}

    /// The configuration file's path; nil if there is none. An empty variable names none: `PUFFIN_CONFIG=$UNSET` passes
    /// on what may not exist.
    package var file: String? { config ?? environment[Sources.configName].flatMap { $0.isEmpty ? nil : $0 } }

    /// Reads all sources.
    /// - Throws: `ConfigErrors`: every error.
    package func resolve(_ schema: Schema) throws(ConfigErrors) -> Settings {
        let sources = [parsedFlags(), parsedEnvironment(schema), parsedFile(schema)]
        let errors =
            sources[0].allErrors(of: "flags") + sources[1].allErrors(of: "environment")
            + sources[2].allErrors(of: file ?? "")
        guard errors.isEmpty else { throw ConfigErrors(errors: errors) }
        var values: [String: SettingValue] = [:]
        for source in sources { values.merge(source.values) { first, _ in first } }
        return Settings(schema: schema, values: values, file: file)
    }

    private func parsedFlags() -> ParsedSource {
        var source = ParsedSource()
        for (setting, texts) in flags {
            let origin = Origin.flag("--\(setting.flag ?? setting.name)")
            // An empty text alone is an empty list; among others it is a mistake.
            let items = texts.count == 1 ? listItems(texts[0]) : texts.flatMap { $0.isEmpty ? [""] : listItems($0) }
            let parts = setting.isList ? items : Array(texts.suffix(1))
            source.take(setting, parts.map { ($0, origin) }, at: origin)
        }
        return source
    }

    private func parsedEnvironment(_ schema: Schema) -> ParsedSource {
        var source = ParsedSource()
        source.gather(environment: environment, schema: schema)
        return source
    }

    private func parsedFile(_ schema: Schema) -> ParsedSource {
        var source = ParsedSource()
        if let file {
            source.gather(file: file, namedBy: config == nil ? Sources.configName : "--config", schema: schema)
        }
        return source
    }
}

/// The values of a list in one text; none in an empty one.
func listItems(_ text: String) -> [String] {
    if text.isEmpty { return [] }
    return text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// Every setting of a program with the value in force.
package struct Settings: Sendable {
    package let schema: Schema
    private let values: [String: SettingValue]
    /// The file that was read, if any.
    package let file: String?

    init(schema: Schema, values: [String: SettingValue], file: String?) {
        self.schema = schema
        self.values = values
        self.file = file
    }

    /// A setting's value.
    package subscript<Value>(key: Key<Value>) -> Value {
        values[key.setting.name].flatMap { key.read($0.texts) } ?? key.default
    }

    /// A setting's texts, and their origin.
    package subscript(setting: Setting) -> SettingValue {
        values[setting.name] ?? SettingValue(texts: setting.default, origin: .default)
    }

    /// How many settings the file gives.
    package var countFromFile: Int {
        values.values.count { if case .file = $0.origin { true } else { false } }
    }

    /// The same, with some settings taken from `other`.
    package func taking(_ settings: [Setting], from other: Settings) -> Settings {
        var values = values
        for setting in settings { values[setting.name] = other.values[setting.name] }
        return Settings(schema: schema, values: values, file: other.file)
    }

    /// The same with another value of one setting.
    /// - Parameters:
    ///   - text: the value; of a list, its values with commas between.
    ///   - place: who has set it.
    /// - Throws: `ConfigErrors`: why the setting cannot have it.
    package func setting(_ setting: Setting, to text: String, by place: String) throws(ConfigErrors) -> Settings {
        var source = ParsedSource()
        let items = setting.isList ? listItems(text) : [text]
        source.take(setting, items.map { ($0, .place(place)) }, at: .place(place))
        guard source.errors.isEmpty else { throw ConfigErrors(errors: source.errors) }
        return Settings(schema: schema, values: values.merging(source.values) { $1 }, file: file)
    }

    /// Settings whose texts differ from those of `other`.
    package func changes(from other: Settings) -> [Setting] {
        schema.settings.filter { self[$0].texts != other[$0].texts }
    }
}
