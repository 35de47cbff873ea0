import Foundation
import Glibc
import Store
import SystemPackage
import TestSupport
import Testing

/// Two servers on one log destroy it. What excludes the second one must not be a file that a person can remove.
@Suite("The lock")
struct LockTests {
    private func look(_ opened: OpenedStore) {
        opened.store.tick()
        opened.waitUntilIdle()
    }

    private func expectRefused(_ folder: String) {
        let error = #expect(throws: StoreError.self) { try OpenedStore(folder, disk: LocalDisk()) }
        guard case .locked = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("with LOCK removed or replaced a second store is still refused, and the first one creates LOCK again")
    func removed() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, disk: LocalDisk())
            let (lock, process) = (folder + "/puffin.json.log/LOCK", "\(getpid())\n".bytes)
            for replacement: String? in [nil, "4711\n"] {
                try FileManager.default.removeItem(atPath: lock)
                if let replacement { try replacement.write(toFile: lock, atomically: false, encoding: .utf8) }
                expectRefused(folder)
                look(opened)
                #expect(try LogFiles(folder).read("LOCK") == process)
                #expect(opened.store.failure == nil)
            }
            opened.set("a", "1")
            try opened.close()
            try OpenedStore(folder, disk: LocalDisk()).close()
        }
    }

    /// Locks LOCK as an older server does, which locks nothing else.
    private func lockFile(_ folder: String) throws -> FileDescriptor {
        let path = FilePath(folder + "/puffin.json.log/LOCK")
        let file = try FileDescriptor.open(
            path, .readWrite, options: .create, permissions: .ownerReadWrite)
        #expect(flock(file.rawValue, LOCK_EX | LOCK_NB) == 0)
        return file
    }

    @Test("an older server, which locks the file alone, keeps a new one out")
    func older() throws {
        try withTemporaryFolder { folder in
            try OpenedStore(folder, disk: LocalDisk()).close()
            let other = try lockFile(folder)
            expectRefused(folder)
            try other.close()
            try OpenedStore(folder, disk: LocalDisk()).close()
        }
    }

    @Test("a store ends whose log an older server has begun to use because LOCK was removed")
    func overtaken() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, disk: LocalDisk())
            try FileManager.default.removeItem(atPath: folder + "/puffin.json.log/LOCK")
            let other = try lockFile(folder)
            look(opened)
            guard case .locked? = opened.store.failure else {
                Issue.record("\(String(describing: opened.store.failure))")
                return
            }
            try other.close()
        }
    }

    @Test("another folder in the log's place, though with the same files, stops changes until it is gone")
    func exchanged() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, disk: LocalDisk())
            opened.set("a", "1")
            try opened.commit()
            let (log, away) = (folder + "/puffin.json.log", folder + "/away")
            try FileManager.default.moveItem(atPath: log, toPath: away)
            try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: false)
            for name in try FileManager.default.contentsOfDirectory(atPath: away) {
                try #require(try ChildProcess.run(["ln", away + "/" + name, log + "/" + name]).0 == 0)
            }
            look(opened)
            #expect(opened.store.obstacle == .displaced(path: log))
            try FileManager.default.removeItem(atPath: log)
            try FileManager.default.moveItem(atPath: away, toPath: log)
            look(opened)
            #expect(opened.store.obstacle == nil)
            try opened.close()
        }
    }
}
