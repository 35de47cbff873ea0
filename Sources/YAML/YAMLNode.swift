// A YAML text as a tree whose nodes know their lines. What configurations do not need is refused by name: anchors and
// aliases (which can make a small text large), tags, several documents.

/// A node of a YAML text.
package struct YAMLNode {
    /// The line on which it begins, from 1.
    package let line: Int
    package let content: Content

    package indirect enum Content {
        /// A text; `isPlain` if it is not quoted.
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        /// Keys are nodes too, and may occur twice.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    /// Deeper nesting is refused; settings need three levels.
    private static let depthLimit = 16

    /// Parses a text.
    /// - Returns: nil if there are only spaces and comments.
    /// - Throws: `YAMLError`, for invalid YAML and for what configurations do not need.
    package static func parse(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode? {
        do throws(YAMLError) {
            return try parseDocument(bytes)
        } catch {
            throw error.isSyntax ? explained(error, bytes) : error
        }
    }

    private static func parseDocument(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode? {
        var parser = LibYAML(bytes)
        var document: YAMLNode?
        while true {
            let (event, line) = try parser.next()
            switch event {
            case .end: return document.flatMap { $0.isNothing ? nil : $0 }
            case .documentStart: continue
            default:
                if document != nil {
                    throw YAMLError(line: line, text: "a second document begins here (---); keep one")
                }
                document = try node(event, line, &parser, depth: 0)
            }
        }
    }

    private static func node(
        _ event: YAMLEvent, _ line: Int, _ parser: inout LibYAML, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        guard depth < depthLimit else { throw YAMLError(line: line, text: "nested too deeply") }
        switch event {
        case .scalar(let text, let isPlain):
            return YAMLNode(line: line, content: .scalar(text, isPlain: isPlain))
        case .sequenceStart:
            var nodes: [YAMLNode] = []
            while true {
                let (event, line) = try parser.next()
                if case .sequenceEnd = event { break }
                nodes.append(try node(event, line, &parser, depth: depth + 1))
            }
            return YAMLNode(line: line, content: .list(nodes))
        case .mappingStart:
            var pairs: [(YAMLNode, YAMLNode)] = []
            while true {
                let (event, line) = try parser.next()
                if case .mappingEnd = event { break }
                let key = try node(event, line, &parser, depth: depth + 1)
                let (valueEvent, valueLine) = try parser.next()
                pairs.append((key, try node(valueEvent, valueLine, &parser, depth: depth + 1)))
            }
            return YAMLNode(line: line, content: .mapping(pairs))
        case .unwanted(let what):
            throw YAMLError(line: line, text: "\(what) is not supported here; write the value itself")
        default: throw YAMLError(line: line, text: "expected a value")
        }
    }

    /// libyaml's words, and what they usually mean.
    private static func explained(_ error: YAMLError, _ bytes: [UInt8]) -> YAMLError {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.indices.contains(error.line - 1) ? lines[error.line - 1] : []
        let indentation = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        if indentation.contains(UInt8(ascii: "\t")) {
            return YAMLError(line: error.line, text: "a tab; indent YAML with spaces, two for each level")
        }
        return error
    }

    /// Whether the value is missing, as after `port:`.
    var isNothing: Bool { if case .scalar("", true) = content { true } else { false } }

    /// The node's kind, for errors.
    package var kindName: String {
        switch content {
        case .scalar: isNothing ? "nothing" : "a single value"
        case .list: "a list"
        case .mapping: "a group of keys"
        }
    }
}
