import Foundation
import Glibc
import Store
import SystemPackage
import TestSupport
import Testing

/// Something other than a file where a file of a data set is expected, or other than a folder where its log's folder
/// is.
@Suite("What paths lead to")
struct PathKindTests {
    enum Kind: String, CaseIterable {
        case folder = "a folder"
        case link = "a symbolic link"
        case brokenLink = "a symbolic link to nowhere"
        case fifo = "a fifo"
        case socket = "a socket"

        var found: FileKind {
            switch self {
            case .folder: .folder
            case .link, .brokenLink: .link
            case .fifo: .fifo
            case .socket: .socket
            }
        }

        func make(at path: String, target: String) throws {
            switch self {
            case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            case .link, .brokenLink:
                if self == .link { try FileManager.default.moveItem(atPath: path, toPath: target) }
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            case .fifo: try #require(try ChildProcess.run(["mkfifo", path]).0 == 0)
            case .socket:
                // What binding a socket of the Unix domain leaves there.
                try #require(unsafe mknod(path, S_IFSOCK | 0o600, 0) == 0)
            }
        }
    }

    private static let names = [
        "", ".tmp", ".incoming", ".log/LOCK", ".log/ROLE", ".log/RESERVE", ".log/NEXT", ".log/ADOPT", ".log/DURABLE",
        ".log/" + LogFiles.first,
    ]

    @Test(
        "every file of a data set must be a regular file: no link, no fifo, no folder, no socket",
        arguments: Kind.allCases)
    func files(kind: Kind) throws {
        try withTemporaryFolder { folder in
            for (number, name) in PathKindTests.names.enumerated() {
                let place = folder + "/\(number)"
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
                let opened = try OpenedStore(place, disk: LocalDisk()) { $0.layout.reserve = 64 << 10 }
                opened.set("a", "1")
                try opened.close()
                let path = place + "/puffin.json" + name
                if kind == .link && !FileManager.default.fileExists(atPath: path) {
                    try Data().write(to: URL(fileURLWithPath: path))
                }
                if kind != .link { try? FileManager.default.removeItem(atPath: path) }
                try kind.make(at: path, target: place + "/elsewhere")
                let error = #expect(throws: StoreError.self, "\(name)") {
                    try OpenedStore(place, disk: LocalDisk()) { $0.layout.reserve = 64 << 10 }
                }
                let target = kind.found == .link ? place + "/elsewhere" : nil
                #expect(error == .wrongKind(path: path, expected: .file, found: kind.found, target: target))
                #expect(error?.description.contains("found \(kind.found.rawValue)") == true)
            }
        }
    }

    @Test("for an invalid data file nothing is created; a device is invalid")
    func device() throws {
        try withTemporaryFolder { folder in
            let disk = LocalDisk()
            let error = #expect(throws: StoreError.self) {
                try Store(data: "/dev/null", options: StoreOptions(), disk: disk, now: OpenedStore.now) {}
            }
            #expect(error == .wrongKind(path: "/dev/null", expected: .file, found: .device, target: nil))
            #expect(!FileManager.default.fileExists(atPath: "/dev/null.log"))
        }
    }

    @Test("the log's folder may be a link to one, and is used through it; anything else is refused")
    func folder() throws {
        try withTemporaryFolder { folder in
            let log = folder + "/puffin.json.log"
            try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: folder + "/other")
            for round in 0..<3 {
                let opened = try OpenedStore(folder, disk: LocalDisk())
                #expect(opened.store.position.seq == UInt64(round))
                opened.set("a", "1")
                opened.store.tick()
                opened.waitUntilIdle()
                #expect(!opened.store.isObstructed)
                try opened.close()
            }
            try FileManager.default.removeItem(atPath: folder + "/other")
            for kind: Kind in [.brokenLink, .fifo, .socket] {
                try FileManager.default.removeItem(atPath: log)
                try kind.make(at: log, target: folder + "/nowhere")
                let error = #expect(throws: StoreError.self) { try OpenedStore(folder, disk: LocalDisk()) }
                let target = kind == .brokenLink ? folder + "/nowhere" : nil
                #expect(error == .wrongKind(path: log, expected: .folder, found: kind.found, target: target))
            }
        }
    }
}
