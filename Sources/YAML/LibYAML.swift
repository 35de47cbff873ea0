// The events of libyaml's parser. The only importer of CLibyaml.
//
// Why `unsafe` is right here: parser and input are in memory of their own that does not move (the parser contains a
// pointer to itself) and that only this value has; it cannot be copied, and frees both when it ends. libyaml copies
// what an event holds; its text is copied once more, by its length, before the event is deleted. Error messages are
// constant texts of the library.

import CLibyaml

/// An event of libyaml.
enum YAMLEvent {
    case mappingStart, mappingEnd
    case sequenceStart, sequenceEnd
    case scalar(String, isPlain: Bool)
    case documentStart
    /// The end of the stream.
    case end
    /// YAML that a configuration does not use, by name.
    case unwanted(String)
}

/// Why bytes are not usable YAML.
package struct YAMLError: Error, Equatable {
    /// The line, from 1.
    package let line: Int
    /// The problem, without its place.
    package let text: String
    /// Whether it is invalid YAML, rather than YAML that a configuration does not use.
    var isSyntax = false
}

/// Reads a text event by event.
@safe
struct LibYAML: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        unsafe input = .allocate(capacity: bytes.count)
        unsafe _ = input.initialize(fromContentsOf: bytes)
        // It fails only for lack of memory, when Swift's own allocations end the process as well.
        guard unsafe yaml_parser_initialize(parser) == 1 else { fatalError("libyaml: no memory") }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event, and the line on which it begins.
    mutating func next() throws(YAMLError) -> (event: YAMLEvent, line: Int) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw error }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe (LibYAML.event(event), Int(event.start_mark.line) + 1)
    }

    private static func event(_ event: yaml_event_t) -> YAMLEvent {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_DOCUMENT_END_EVENT: return .documentStart
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .end
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe extras(start.anchor != nil, start.tag != nil) ?? .mappingStart
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe extras(start.anchor != nil, start.tag != nil) ?? .sequenceStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let text = unsafe String(decoding: bytes, as: UTF8.self)
            return unsafe extras(scalar.anchor != nil, scalar.tag != nil)
                ?? .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        default: return .unwanted("an alias (*name)")
        }
    }

    private static func extras(_ hasAnchor: Bool, _ hasTag: Bool) -> YAMLEvent? {
        hasAnchor ? .unwanted("an anchor (&name)") : hasTag ? .unwanted("a tag (!name)") : nil
    }

    private var error: YAMLError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "no memory"
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            let offset = unsafe Int(parser.pointee.problem_offset)
            let before = unsafe input.prefix(offset).count { $0 == UInt8(ascii: "\n") }
            return YAMLError(line: before + 1, text: "not YAML: \(problem), at byte \(offset)", isSyntax: true)
        }
        return unsafe YAMLError(
            line: Int(parser.pointee.problem_mark.line) + 1, text: "not YAML: \(problem)", isSyntax: true)
    }
}
