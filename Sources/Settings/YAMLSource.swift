// Settings from a YAML file: sections with keys.

import YAML

extension ParsedSource {
    /// The largest file that is read, in bytes.
    private static let fileLimit = 1 << 20

    /// Takes the settings of a file.
    /// - Parameter name: the flag or variable that names the file.
    mutating func gather(file path: String, namedBy name: String, schema: Schema) {
        let bytes: [UInt8]
        do throws(UnreadableFile) {
            bytes = try readFile(path, limit: ParsedSource.fileLimit)
        } catch {
            let place = path.isEmpty ? name : path
            return report(.place(place), "cannot be read: \(error); \(name) names this file")
        }
        let reader = YAMLSource(path: path, schema: schema)
        // A file without settings needs at least a comment; an empty file is more likely half written, and accepting it
        // would set everything to its default.
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
        if text.allSatisfy({ [0x20, 0x09, 0x0a, 0x0d].contains($0) }) {
            return report(reader.origin(1), "the file is empty; to set nothing, write a comment (#)")
        }
        do throws(YAMLError) {
            if let document = try YAMLNode.parse(bytes) { reader.take(document, into: &self) }
            sortByLine()
        } catch {
            report(reader.origin(error.line), error.text)
        }
    }
}

/// Takes settings from a tree.
private struct YAMLSource {
    let path: String
    let schema: Schema

    /// YAML's spellings of no value (YAML 1.2, 10.3.2).
    private static let nulls = ["", "~", "null", "Null", "NULL"]

    func origin(_ line: Int) -> Origin { .file(path, line: line) }

    func take(_ document: YAMLNode, into source: inout ParsedSource) {
        guard case .mapping(let sections) = document.content else {
            return source.report(
                origin(document.line),
                "expected sections with keys, such as server: with port: in it; found \(document.kindName)")
        }
        for (name, node, section) in unique(sections, &source, prefix: "") { take(section, name, node, &source) }
    }

    private func take(_ section: YAMLNode, _ name: String, _ key: YAMLNode, _ source: inout ParsedSource) {
        if let setting = schema[name] {
            return source.report(
                origin(key.line), "write \(quoted(name)) as \(setting.section): and, indented below it, \(setting.key):"
            )
        }
        guard schema.hasSection(name) else {
            return source.report(origin(key.line), schema.unknown(section: name))
        }
        switch section.content {
        // All of its keys may be commented out.
        case .scalar("", true): return
        case .mapping(let pairs):
            for (key, node, value) in unique(pairs, &source, prefix: name + ".") {
                if let setting = schema["\(name).\(key)"] {
                    take(value, for: setting, node.line, &source)
                } else {
                    source.report(origin(node.line), schema.unknown("\(name).\(key)"))
                }
            }
        default:
            source.report(origin(section.line), "\(name) is a section with keys in it; found \(section.kindName)")
        }
    }

    private func take(_ value: YAMLNode, for setting: Setting, _ line: Int, _ source: inout ParsedSource) {
        let name = setting.name
        switch value.content {
        case .scalar(let text, true) where YAMLSource.nulls.contains(text):
            let none = setting.isList && setting.mayBeEmpty ? "write [] for none, " : ""
            let what = text.isEmpty ? "" : " (\(text) is YAML for nothing)"
            source.report(origin(line), "\(name) has no value\(what); \(none)give it one or remove the line")
        case .scalar(let text, _) where !setting.isList:
            source.take(setting, [(text, origin(value.line))], at: origin(line))
        case .list(let nodes) where setting.isList:
            var items: [(text: String, origin: Origin)] = []
            for node in nodes {
                if case .scalar(let text, let isPlain) = node.content {
                    if isPlain, YAMLSource.nulls.contains(text) {
                        return source.report(
                            origin(node.line), "\(name) has an item without a value; give it one or remove it")
                    }
                    items.append((text, origin(node.line)))
                } else {
                    source.report(origin(node.line), "\(name) is a list of single values; found \(node.kindName)")
                }
            }
            source.take(setting, items, at: origin(line))
        default:
            let expected = setting.isList ? "a list, each value on a line of its own after a dash" : "one value"
            source.report(
                origin(value.line), "\(name) is \(expected); found \(value.kindName), expected \(setting.allowed)")
        }
    }

    /// The pairs of a mapping by their keys' texts; duplicates are errors.
    private func unique(
        _ pairs: [(key: YAMLNode, value: YAMLNode)], _ source: inout ParsedSource, prefix: String
    ) -> [(name: String, key: YAMLNode, value: YAMLNode)] {
        var lines: [String: Int] = [:]
        var found: [(String, YAMLNode, YAMLNode)] = []
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else {
                source.report(origin(key.line), "a key is one word; found \(key.kindName)")
                continue
            }
            if let first = lines.updateValue(key.line, forKey: name) {
                source.report(
                    origin(key.line), "\(prefix)\(name) is a duplicate of line \(first)")
            } else {
                found.append((name, key, value))
            }
        }
        return found
    }
}
