// Properties that must hold for any bytes. `make fuzz` looks for bytes that break them; inputs that reached new code
// are kept in Tests/Fuzzing/Corpus, and the tests run the same checks over them (FuzzCorpusTests).

/// A parser under test. The raw value names its fuzzer and its folder in the corpus.
package enum FuzzCheck: String, CaseIterable, Sendable {
    /// Requests of both dialects, as a server reads them.
    case requests
    /// Requests of HTTP, as a server reads them.
    case http
    /// Replies, as a client reads them.
    case replies
    /// Lines of the log.
    case records
    /// Whole segments, as a start finds them.
    case segments
    /// Lines of the replication stream that are none of the log's.
    case stream
    /// The texts and numbers inside all of these.
    case texts
    /// JSON texts of people and other programs.
    case json
    /// Patterns, and what they are matched with.
    case patterns

    /// Checks everything that should hold for `input`.
    /// - Throws: `BrokenProperty`. Memory and arithmetic errors trap instead, as in the server.
    package func run(_ input: [UInt8]) throws(BrokenProperty) {
        switch self {
        case .requests: try checkRequests(input)
        case .http: try checkHTTP(input)
        case .replies: try checkReplies(input)
        case .records: try checkRecord(input)
        case .segments: try checkSegments(input)
        case .stream: try checkStream(input)
        case .texts: try checkTexts(input)
        case .json: try checkJSON(input)
        case .patterns: try checkPattern(input)
        }
    }
}
