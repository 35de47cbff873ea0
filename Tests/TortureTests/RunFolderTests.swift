import Foundation
import TestSupport
import Testing
import Torture

/// A torture's folder: files of others are never touched.
@Suite("The folder of a torture")
struct RunFolderTests {
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("each run has a new folder, in one that is created if it does not exist")
    func runs() throws {
        try withTemporaryFolder { folder in
            let place = folder + "/torture"
            let first = try RunFolder(in: place)
            let second = try RunFolder(in: place)
            #expect(first.path.string == place + "/run-1" && second.path.string == place + "/run-2")
            first.write("x", to: "file")
            try FileManager.default.createDirectory(
                atPath: first.path.string + "/puffin.json.log", withIntermediateDirectories: false)
            try "y".write(toFile: first.path.string + "/puffin.json.log/1", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: first.path.string + "/link", withDestinationPath: second.path.string)
            second.write("z", to: "kept")
            first.remove()
            #expect(try names(place) == ["puffin-torture.txt", "run-2"])
            #expect(try names(second.path.string) == ["kept"], "a link's target was removed")
            #expect(try RunFolder(in: place).path.string == place + "/run-3")
        }
    }

    @Test("a folder with files of others is refused, and nothing in it changes", arguments: [false, true])
    func refused(hasMarker: Bool) throws {
        try withTemporaryFolder { folder in
            if hasMarker { _ = try RunFolder(in: folder) }
            try "mine".write(toFile: folder + "/puffin.json", atomically: false, encoding: .utf8)
            let before = try names(folder)
            #expect(
                throws: TortureError(
                    "\(folder) holds files that puffin-bench torture did not make (puffin.json); "
                        + "name a folder that is empty or does not exist")
            ) { try RunFolder(in: folder) }
            #expect(try names(folder) == before)
        }
    }

    @Test("a place that cannot hold a folder is named, with the reason")
    func impossible() throws {
        try withTemporaryFolder { folder in
            #expect(throws: TortureError("cannot make the folder \(folder)/a/b: No such file or directory")) {
                try RunFolder(in: folder + "/a/b")
            }
            try "".write(toFile: folder + "/file", atomically: false, encoding: .utf8)
            #expect(throws: TortureError("cannot list the folder \(folder)/file: Not a directory")) {
                try RunFolder(in: folder + "/file")
            }
        }
    }
}
