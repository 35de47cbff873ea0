// The library's articles show the examples, which are compiled and run: this keeps the two the same.

import Foundation
import TestSupport
import Testing

@Suite("Client: articles")
struct ClientArticleTests {
    private func texts(in folder: String, ending: String) throws -> [String: String] {
        let folder = Project.root.appendingPathComponent(folder)
        var texts: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(ending) {
            texts[name] = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        }
        return texts
    }

    /// The lines without what indents them.
    private func trimmed(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
    }

    @Test("every Swift block of an article is in an example")
    func blocks() throws {
        let examples = trimmed(try texts(in: "Examples/Client", ending: ".swift").values.joined(separator: "\n"))
        var count = 0
        for (name, article) in try texts(in: "Sources/PuffinClient/PuffinClient.docc", ending: ".md") {
            for block in article.components(separatedBy: "```swift\n").dropFirst() {
                let code = trimmed(block.components(separatedBy: "\n```")[0])
                if code.hasPrefix("// Package.swift") { continue }
                count += 1
                #expect(examples.contains(code), "\(name)")
            }
        }
        #expect(count >= 7)
    }
}
