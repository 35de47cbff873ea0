// A document of the project, as tests read it: blocks, tables, commands with their output.

import Foundation
import TestSupport
import Testing

/// A document of the project.
struct Document {
    let text: String

    init(_ path: String) throws {
        text = try Project.text(path)
    }

    /// The content of every fenced block.
    var blocks: [String] {
        let parts = text.components(separatedBy: "```")
        return stride(from: 1, to: parts.count, by: 2).map { index in
            String(parts[index].drop { $0 != "\n" }.dropFirst())
        }
    }

    /// The content of the fenced block that holds `text`.
    func block(containing wanted: String) throws -> String {
        try #require(blocks.first { $0.contains(wanted) })
    }

    /// What stands in backticks in the first column of the table behind a headline; texts of one row are joined by commas.
    func rows(behind headline: String) throws -> [String] {
        let start = try #require(text.range(of: headline + "\n"))
        let lines = text[start.upperBound...].components(separatedBy: "\n")
        return lines.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2).map { line in
            let cell = line.components(separatedBy: "|")[1].components(separatedBy: "`")
            return stride(from: 1, to: cell.count, by: 2).map { cell[$0] }.joined(separator: ", ")
        }
    }

    /// The commands of a block, each with the output below it.
    static func commands(in block: String) -> [(command: String, output: String)] {
        block.components(separatedBy: "$ ").dropFirst().map { part in
            let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
            return (String(lines[0]), lines.dropFirst().joined(separator: "\n"))
        }
    }
}
