// HTTP as a client sees it: literal bytes out, a status, headers and a body in.

import Foundation
import TestSupport

/// An answer.
struct HTTPAnswer {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: String
}

/// A connection that makes one request after another.
final class HTTPClient {
    let connection: WireConnection

    init(port: UInt16) throws {
        connection = try WireConnection(port: port)
    }

    /// Asks for a path.
    /// - Parameter method: `GET`, or any other word.
    func ask(_ path: String, method: String = "GET", headers: [String] = [], body: String = "") throws -> HTTPAnswer {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
        try connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try answer(hasBody: method != "HEAD")
    }

    /// Reads an answer. One that is not the last one to a request (1xx, RFC 9110, section 15.2) is passed over.
    func answer(hasBody: Bool = true) throws -> HTTPAnswer {
        while true {
            let found = try anyAnswer(hasBody: hasBody)
            if found.status >= 200 { return found }
        }
    }

    /// Reads an answer, which may be `100 Continue`.
    func anyAnswer(hasBody: Bool = true) throws -> HTTPAnswer {
        let first = try connection.receiveLine()
        guard let status = Int(first.split(separator: " ").dropFirst().first ?? "") else {
            throw WireError(description: "no HTTP: \(first)")
        }
        var headers: [String: String] = [:]
        while true {
            let line = try connection.receiveLine().trimmingCharacters(in: .whitespaces)
            if line == "" || line == "\r" { break }
            let parts = line.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1] : ""
        }
        let size = hasBody ? Int(headers["content-length"] ?? "") ?? 0 : 0
        return HTTPAnswer(
            status: status, headers: headers,
            body: String(decoding: try connection.receive(exactly: size), as: UTF8.self))
    }
}

/// Makes one request on a connection of its own.
func httpGet(_ path: String, port: UInt16) throws -> HTTPAnswer { try HTTPClient(port: port).ask(path) }

/// The samples of a page, by their names with labels.
func parsedSamples(_ page: String) -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
        guard let space = line.lastIndex(of: " ") else { continue }
        samples[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return samples
}

/// Waits for a condition, which is checked every few milliseconds.
func waitUntil(_ what: String, _ isThere: () throws -> Bool) throws {
    let end = TimeLimit.end
    while try !isThere() {
        guard Date() < end else { throw WireError(description: "waited in vain for \(what)") }
        usleep(2000)
    }
}
