// The inputs that fuzzing found worth keeping, through the checks that it ran. They lie beside this file and are found by
// its path, so that adding one takes no build.

import Foundation
import FuzzChecks
import Testing

@Suite("The corpus of the fuzzers")
struct FuzzCorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/corpus").standardizedFileURL

    @Test("every kept input passes its check", arguments: FuzzCheck.allCases)
    func replay(check: FuzzCheck) throws {
        let folder = FuzzCorpusTests.corpus.appendingPathComponent(check.rawValue)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(!names.isEmpty, "no inputs in \(folder.path)")
        for name in names {
            let input = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
            do {
                try check.run(input)
            } catch {
                Issue.record("\(folder.path)/\(name): \(error)")
            }
        }
        print("fuzz corpus: \(names.count) inputs through the check of \(check.rawValue)")
    }
}
