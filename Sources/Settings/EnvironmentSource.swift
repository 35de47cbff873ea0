// Settings from the environment.

extension ParsedSource {
    /// Takes the settings of the environment.
    mutating func gather(environment: [String: String], schema: Schema) {
        for setting in schema.settings {
            if let older = setting.older?.environmentName, let text = environment[older] {
                take(setting, [(text, .environment(older))], at: .environment(older))
            }
            let name = setting.environmentName
            if let fileName = setting.environmentFileName, let path = environment[fileName] {
                take(secret: setting, from: path, named: fileName, isDouble: environment[name] != nil)
            } else if let text = environment[name] {
                let origin = Origin.environment(name)
                let texts = setting.isList ? listItems(text) : [text]
                take(setting, texts.map { ($0, origin) }, at: origin)
            }
        }
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where isMeant(name, schema) {
            if !isKnown(name, schema), !isServiceLink(name, text) {
                report(.environment(name), schema.unknown(variable: name))
            }
        }
    }

    private mutating func take(secret setting: Setting, from path: String, named name: String, isDouble: Bool) {
        let origin = Origin.environment(name)
        if isDouble {
            return report(origin, "\(setting.environmentName) is set as well; keep one of them")
        }
        do {
            var bytes = try readFile(path, limit: 64 << 10)
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            take(setting, [(String(decoding: bytes, as: UTF8.self), origin)], at: origin)
        } catch {
            report(origin, "cannot read \(quoted(path)): \(error)")
        }
    }

    /// Whether a name begins like those of settings. Other variables are not ours.
    private func isMeant(_ name: String, _ schema: Schema) -> Bool {
        schema.settings.contains { setting in
            [setting.section, setting.older?.section].contains { section in
                section.map { name.hasPrefix("PUFFIN_\($0.uppercased())_") } ?? false
            }
        }
    }

    private func isKnown(_ name: String, _ schema: Schema) -> Bool {
        schema.settings.contains { setting in
            [setting.environmentName, setting.environmentFileName, setting.older?.environmentName].contains(name)
        }
    }

    /// Kubernetes sets these in every container for a service named `puffin-server` or similar.
    private func isServiceLink(_ name: String, _ text: String) -> Bool {
        name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || text.contains("://")
            || name.hasSuffix("_TCP_ADDR") || name.hasSuffix("_TCP_PORT") || name.hasSuffix("_TCP_PROTO")
    }
}
