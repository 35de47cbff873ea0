// A run of `puffin-server doctor`, as a monitor reads it.

import Foundation
import TestSupport
import Testing

/// What the doctor has printed as JSON.
struct Examined: Decodable {
    struct Check: Decodable {
        let check: String
        let verdict: String
        let text: String
        let advice: String?
        let figures: [String: Int]?
    }

    let verdict: String
    let warnings: Int
    let failures: Int
    let checks: [Check]

    /// The first finding of a check.
    func callAsFunction(_ name: String) throws -> Check { try #require(checks.first { $0.check == name }, "\(name)") }

    /// Runs the doctor.
    /// - Parameters:
    ///   - data: the data file's path.
    ///   - options: further options; the port is any free one.
    ///   - wrapper: a program, with its arguments, that starts it.
    static func run(
        data: String, _ options: [String] = [], program: String = ChildProcess.program("puffin-server"),
        wrapper: [String] = []
    ) throws -> (exitCode: Int32, Examined) {
        let (code, output) = try ChildProcess.run(
            wrapper + [program, "doctor", "--json", "--data", data, "--port", "0"] + options)
        do {
            return (code, try JSONDecoder().decode(Examined.self, from: Data(output.utf8)))
        } catch {
            Issue.record("no JSON: \(output)")
            throw error
        }
    }
}
