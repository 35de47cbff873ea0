import Foundation
import LogFormat
import Store
import TestSupport
import Testing

/// The reader in Python that docs/log-format.md shows, on files with notes and authors.
@Suite("The documented reader and notes")
struct NoteDocumentTests {
    @Test(
        "it checks a snapshot and its log, and counts the notes", .enabled(if: PeerProgram.areThere("python3")),
        arguments: SnapshotSource.allCases)
    func reader(source: SnapshotSource) throws {
        try withTemporaryFolder { folder in
            let document = try String(
                contentsOf: Project.root.appendingPathComponent("docs/log-format.md"), encoding: .utf8)
            let start = try #require(document.range(of: "```python\n")?.upperBound)
            let end = try #require(document.range(of: "\n```", range: start..<document.endIndex)?.lowerBound)
            try document[start..<end].write(toFile: folder + "/verify.py", atomically: true, encoding: .utf8)
            let opened = try OpenedStore(folder, segmentSize: 2_000) {
                ($0.compaction.source, $0.retention.size) = (source, 1 << 30)
            }
            opened.store.setAuthor(try #require(Author("alice#812")))
            for number in 0..<60 {
                try opened.store.setNote("user", "n\(number % 7)", to: number % 11 == 0 ? nil : #"{"ü":[\#(number)]}"#)
                opened.set("key \(number)", "grüße\n")
                opened.set([0xff, UInt8(number)], [0xfe])
                try opened.commit()
                if number == 30 { try opened.compact() }
            }
            try opened.close()
            let files = LogFiles(folder)
            let segments = try files.segments.map(files.path)
            func verify(_ arguments: [String]) throws -> (exitCode: Int32, output: String) {
                let result = try ChildProcess.run(["python3", folder + "/verify.py"] + arguments)
                return (result.exitCode, result.output)
            }
            let expected =
                "\(opened.store.position.seq) changes, checksum \(hex(opened.store.position.crc)), "
                + "\(opened.store.notes.count) notes\n"
            for arguments in [segments, [folder + "/puffin.json"] + segments] {
                let found = try verify(arguments)
                #expect(found.exitCode == 0 && found.output == expected, "\(found.output)")
            }
            let path = folder + "/puffin.json"
            let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let note = try #require(good.firstRange(of: #"{"meta":"user""#.bytes)).lowerBound
            var bad = good
            bad[note + 12] ^= 1
            try Data(bad).write(to: URL(fileURLWithPath: path))
            let found = try verify([path] + segments)
            #expect(found.exitCode != 0 && found.output.contains("line 2: crc"), "\(found.output)")
        }
    }
}
