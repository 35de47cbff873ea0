// The problems that HTTP's answers name (RFC 9457): each once, with its status and what to do.
//
//     {"type":"/v1/problems/disk-full","title":"The disk is full","status":507,"detail":"…","code":"DISKFULL"}

import Bytes

/// A kind of error answer. The raw value is the end of its `type`, a path that explains it.
package enum HTTPProblem: String, CaseIterable, Sendable {
    case badRequest = "bad-request"
    case notLoggedIn = "not-logged-in"
    case notPermitted = "not-permitted"
    case foreignOrigin = "foreign-origin"
    case notServed = "not-served"
    case noResource = "no-resource"
    case keyNotFound = "key-not-found"
    case methodNotAllowed = "method-not-allowed"
    case notAcceptable = "not-acceptable"
    case timeout = "timeout"
    case gone
    case anotherHistory = "another-history"
    case conditionFailed = "condition-failed"
    case tooLarge = "too-large"
    case targetTooLong = "target-too-long"
    case mediaType = "media-type"
    case expectation = "expectation"
    case wrongHost = "wrong-host"
    case headTooLarge = "head-too-large"
    case logFailed = "log-failed"
    case unknownOutcome = "unknown-outcome"
    case unsupported = "unsupported"
    case loading
    case readOnly = "read-only"
    case behind
    case unavailable
    case notAudited = "not-audited"
    case unacknowledged
    case superseded
    case version
    case diskFull = "disk-full"
    case outOfMemory = "out-of-memory"

    /// The status code, what it is in a few words, and what to do.
    private var row: (status: Int, title: StaticString, advice: StaticString) {
        switch self {
        case .badRequest:
            (400, "The request is not valid", "The detail says what was expected; correct the request.")
        case .notLoggedIn:
            (
                401, "A login is needed",
                "Send Authorization: Basic with a user and a password, or Authorization: Bearer with a token."
            )
        case .notPermitted:
            (403, "The user has no right to this", "Ask an administrator; ACL WHOAMI and ACL GETUSER show the rights.")
        case .foreignOrigin:
            (
                403, "A page of another origin asked",
                "If the page is meant to use this server, add its origin to the setting http.origins."
            )
        case .notServed:
            (
                403, "This server does not serve that",
                "The setting http.serve names what is served; auto serves everything where only this machine reaches the port or users exist."
            )
        case .noResource: (404, "There is no such resource", "/v1/openapi.json lists the resources.")
        case .keyNotFound: (404, "There is no such key", "Nothing: the key does not exist, or has expired.")
        case .methodNotAllowed: (405, "The resource has no such method", "The field Allow lists the methods.")
        case .notAcceptable:
            (406, "No such representation", "Accept application/octet-stream: every value has that representation.")
        case .timeout:
            (408, "The request took too long to arrive", "Send a head within 10 s, and a body without a pause of 30 s.")
        case .gone:
            (
                410, "The log no longer has those changes",
                "Read the keys again, page by page, and follow the changes from the seq of the first page."
            )
        case .anotherHistory:
            (
                410, "The position is of another history",
                "Read the keys again, page by page, and follow the changes from the seq of the first page."
            )
        case .conditionFailed:
            (412, "A condition is not met", "Get the value and its ETag again, and decide anew.")
        case .tooLarge: (413, "The request is too large", "The detail has the limit; send less at a time.")
        case .targetTooLong: (414, "The target is too long", "Use a shorter key, or fewer parameters.")
        case .mediaType: (415, "The body's type is not supported", "Send Content-Type: application/json.")
        case .expectation: (417, "The expectation cannot be met", "Expect only 100-continue.")
        case .wrongHost:
            (
                421, "The host is not one of this server's",
                "Use an address, or add the name to the setting http.hosts."
            )
        case .headTooLarge: (431, "The head is too large", "Send fewer or shorter fields.")
        case .logFailed:
            (500, "The log cannot be written", "The server ends; its log says why. The change was not made.")
        case .unknownOutcome:
            (500, "The outcome is unknown", "The change may be there after a restart or not: look before repeating it.")
        case .unsupported: (501, "That is not supported", "The detail says what is.")
        case .loading: (503, "The data is being loaded", "Try again when /readyz answers 200.")
        case .readOnly:
            (503, "This server is a follower", "Send changes to the leader, which leader names where it is known.")
        case .behind: (503, "A change is not here yet", "Ask again, or ask the leader.")
        case .unavailable: (503, "The server cannot do that now", "The detail says why; try again later.")
        case .notAudited:
            (
                503, "The audit cannot be written",
                "The detail says whether a change was made; /readyz says what is wrong."
            )
        case .unacknowledged:
            (
                504, "Written here, and not confirmed by followers",
                "The change is on this server's disk, and is lost if that is: look before repeating it."
            )
        case .superseded:
            (504, "The data was replaced", "The change may or may not be in the new data: look before repeating it.")
        case .version: (505, "The version of HTTP is not supported", "Use HTTP/1.1.")
        case .diskFull: (507, "The disk is full", "Make room on the disk; deletions are still possible.")
        case .outOfMemory: (507, "The memory limit is reached", "Delete pairs, or raise the setting server.max_memory.")
        }
    }

    /// The status code of its answers.
    package var status: Int { row.status }
    /// What it is, in a few words.
    package var title: StaticString { row.title }
    /// What to do about it, in whole sentences.
    package var advice: StaticString { row.advice }

    /// The path of its explanation.
    package var type: String { HTTPProblem.place + rawValue }
    /// What the path of every explanation begins with.
    package static let place = "/v1/problems/"
    /// The media type of a body that describes a problem.
    package static var contentType: StaticString { "application/problem+json" }

    /// What an answer with this problem has besides: a field, or nothing.
    package var field: (name: StaticString, value: StaticString)? {
        switch status {
        case 401: ("WWW-Authenticate", "Basic realm=\"puffin\", charset=\"UTF-8\"")
        case 503: ("Retry-After", "1")
        default: nil
        }
    }
}

extension ByteBuffer {
    /// Appends the body of an answer that describes a problem.
    /// - Parameters:
    ///   - detail: one sentence: what happened, and to what.
    ///   - code: the code of the error in RESP; nil for an error that RESP does not have.
    ///   - leader: where clients reach the leader; nil if that is unknown or does not matter.
    ///   - index: which operation of a batch it is about, from 0; nil for the request as a whole.
    package mutating func append(
        problem: HTTPProblem, detail: String, code: String? = nil, leader: String? = nil, index: Int? = nil
    ) {
        append(json: .compact) { json in
            json.object { json in
                json.member("type", problem.type)
                json.member("title", "\(problem.title)")
                json.member("status", problem.status)
                json.member("detail", detail)
                if let code { json.member("code", code) }
                if let leader { json.member("leader", leader) }
                if let index { json.member("index", index) }
            }
        }
        append("\n")
    }

    /// Appends the whole answer to a request whose reply became an error after its head was known. It has no date, which
    /// an answer of the 500s may leave out (RFC 9110, section 6.6.1).
    mutating func append(_ error: ReplyError, isForHead: Bool) {
        var body = ByteBuffer()
        body.append(problem: error.problem, detail: error.line, code: error.kind, leader: error.leader)
        let head = HTTPReplyHead(
            status: error.problem.status, contentType: HTTPProblem.contentType, persistence: .open,
            isForHead: isForHead)
        append(head: head, bodySize: body.count)
        append(field: "Cache-Control", "no-store")
        append(field: "X-Content-Type-Options", "nosniff")
        if let (name, value) = error.problem.field { append(field: name, value) }
        append(body: body.bytes, of: head)
    }
}

extension ReplyError {
    /// The leader that READONLY's text in RESP names behind the sentence; nil if there is none.
    package var leader: String? {
        let field = resp.dropFirst(line.count)
        guard problem == .readOnly, resp.hasPrefix(line), field.hasPrefix(" leader=") else { return nil }
        return String(field.dropFirst(8))
    }
}
