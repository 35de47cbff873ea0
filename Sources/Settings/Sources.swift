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
    /// - Throws: `Flaws`: every error.
    package func resolve(_ schema: Schema) throws(Flaws) -> Settings {
        let harvests = [flagHarvest(), environmentHarvest(schema), fileHarvest(schema)]
        let flaws =
            harvests[0].told(of: "flags") + harvests[1].told(of: "environment") + harvests[2].told(of: file ?? "")
        guard flaws.isEmpty else { throw Flaws(flaws: flaws) }
        var given: [String: Given] = [:]
        for harvest in harvests { given.merge(harvest.given) { first, _ in first } }
        return Settings(schema: schema, given: given, file: file)
    }

    private func flagHarvest() -> Harvest {
        var harvest = Harvest()
        for (setting, texts) in flags {
            let origin = Origin.flag("--\(setting.flag)")
            // An empty text alone is an empty list; among others it is a mistake.
            let items = texts.count == 1 ? listItems(texts[0]) : texts.flatMap { $0.isEmpty ? [""] : listItems($0) }
            let parts = setting.isList ? items : Array(texts.suffix(1))
            harvest.take(setting, parts.map { ($0, origin) }, at: origin)
        }
        return harvest
    }

    private func environmentHarvest(_ schema: Schema) -> Harvest {
        var harvest = Harvest()
        harvest.gather(environment: environment, schema: schema)
        return harvest
    }

    private func fileHarvest(_ schema: Schema) -> Harvest {
        var harvest = Harvest()
        if let file {
            harvest.gather(file: file, namedBy: config == nil ? Sources.configName : "--config", schema: schema)
        }
        return harvest
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
    private let given: [String: Given]
    /// The file that was read, if any.
    package let file: String?

    init(schema: Schema, given: [String: Given], file: String?) {
        self.schema = schema
        self.given = given
        self.file = file
    }

    /// A setting's value.
    package subscript<Value>(key: Key<Value>) -> Value {
        given[key.setting.name].flatMap { key.read($0.texts) } ?? key.standard
    }

    /// A setting's texts, and their origin.
    package subscript(setting: Setting) -> Given {
        given[setting.name] ?? Given(texts: setting.standard, origin: .standard)
    }

    /// How many settings the file gives.
    package var countFromFile: Int {
        given.values.count { if case .file = $0.origin { true } else { false } }
    }

    /// The same, with some settings taken from `other`.
    package func taking(_ settings: [Setting], from other: Settings) -> Settings {
        var given = given
        for setting in settings { given[setting.name] = other.given[setting.name] }
        return Settings(schema: schema, given: given, file: other.file)
    }

    /// The same with another value of one setting.
    /// - Parameters:
    ///   - text: the value; of a list, its values with commas between.
    ///   - place: who has set it.
    /// - Throws: `Flaws`: why the setting cannot have it.
    package func setting(_ setting: Setting, to text: String, by place: String) throws(Flaws) -> Settings {
        var harvest = Harvest()
        let items = setting.isList ? listItems(text) : [text]
        harvest.take(setting, items.map { ($0, .place(place)) }, at: .place(place))
        guard harvest.flaws.isEmpty else { throw Flaws(flaws: harvest.flaws) }
        return Settings(schema: schema, given: given.merging(harvest.given) { $1 }, file: file)
    }

    /// Settings whose texts differ from those of `other`.
    package func changes(from other: Settings) -> [Setting] {
        schema.settings.filter { self[$0].texts != other[$0].texts }
    }
}
