// The inputs that fuzzing found worth keeping, through the checks that it ran. They are read from the project's folder, so
// that adding one takes no build.

import Foundation
import FuzzChecks
import TestSupport
import Testing

@Suite("The corpus of the fuzzers")
struct FuzzCorpusTests {
    private static let corpus = Project.root.appendingPathComponent("Tests/Fuzzing/Corpus")

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
