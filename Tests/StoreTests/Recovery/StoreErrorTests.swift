import Bytes
import Foundation
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Errors of the store")
struct StoreErrorTests {
    @Test("a second store on the same data set is refused, and told who holds it")
    func locked() throws {
        try withTemporaryFolder { folder in
            let first = try OpenedStore(folder, disk: LocalDisk())
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder, disk: LocalDisk()).close() }
            #expect(
                error
                    == .locked(
                        path: LogFiles(folder).path("LOCK"),
                        holder: "the process \(ProcessInfo.processInfo.processIdentifier)"))
            first.set("k", "v")
            try first.close()
            let second = try OpenedStore(folder, disk: LocalDisk())
            #expect(second.get("k") == "v")
            try second.close()
        }
    }

    @Test("a lock left by a crash does not block a start")
    func leftBehind() throws {
        try withTemporaryFolder { folder in
            let files = LogFiles(folder)
            try files.make([:])
            try files.write("4194304 and more\n".bytes, to: "LOCK")
            let opened = try OpenedStore(folder, disk: LocalDisk())
            #expect(try files.read("LOCK") == "\(ProcessInfo.processInfo.processIdentifier)\n".bytes)
            try opened.close()
        }
    }

    @Test("a data set in a missing folder is refused, with its path and what to do")
    func noFolder() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: StoreError.self) {
                try OpenedStore(folder + "/missing", disk: LocalDisk()).close()
            }
            #expect(
                error
                    == .disk(
                        operation: .createFolder, path: folder + "/missing/puffin.json.log",
                        errno: .noSuchFileOrDirectory))
        }
    }

    @Test(
        "a disk failure during opening is reported, with what failed and where",
        arguments: [DiskOperation.lock, .list, .open, .read, .create, .write, .sync, .syncFolder])
    func failingDisk(operation: DiskOperation) throws {
        try withTemporaryFolder { folder in
            let isNew = [.create, .write, .syncFolder].contains(operation)
            if !isNew { try OpenedStore(folder).close() }
            let disk = TestDisk()
            disk.fail(operation, with: .ioError)
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder, disk: disk).close() }
            guard case .disk(operation, let path, .ioError) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(path.hasPrefix(LogFiles(folder).folder))
            let again = try OpenedStore(folder)
            #expect(again.store.recovery.torn == nil)
            try again.close()
        }
    }

    @Test("each error says what happened, to what, what was expected and what to do")
    func descriptions() {
        let damage = Damage(path: "d/1.jsonl", line: 12, offset: 3_456, expected: "seq 7", found: "seq 9")
        let expected: [(StoreError, [String])] = [
            (
                .disk(operation: .createFolder, path: "d/x.log", errno: .noSuchFileOrDirectory),
                [
                    "Cannot make the folder d/x.log", "No such file or directory", "errno 2", "create the folder",
                    "--data",
                ]
            ),
            (
                .disk(operation: .sync, path: "d/1.jsonl", errno: .ioError),
                ["Cannot sync d/1.jsonl", "Input/output error", "errno 5", "check the disk", "log"]
            ),
            (
                .disk(operation: .write, path: "d/1.jsonl", errno: .noSpace),
                ["Cannot write d/1.jsonl", "No space left on device", "errno 28", "free space"]
            ),
            (
                .notWritable(path: "d", uid: 1_000, owner: 0, mode: 0o755),
                ["Cannot write in d", "uid 1000", "uid 0", "mode 755", "--data"]
            ),
            (
                .altered(path: "d/1.jsonl", size: 90, expected: 4096),
                ["Cannot write d/1.jsonl", "90 bytes", "4096", "another program", "puffin-cli export"]
            ),
            (
                .locked(path: "d/LOCK", holder: "the process 42"),
                ["Cannot open d/LOCK", "the process 42", "stop that server", "--data"]
            ),
            (
                .unknownVersion(path: "d/1.jsonl", found: "an empty file"),
                ["Cannot read d/1.jsonl", "version 1", "an empty file", "--data"]
            ),
            (
                .corruption(damage),
                [
                    "Damaged log: d/1.jsonl, line 12, byte 3456", "expected seq 7", "found seq 9", "Restore",
                    "puffin-server log verify", "puffin-server log repair --plan",
                ]
            ),
        ]
        for (error, parts) in expected {
            for part in parts { #expect(error.description.contains(part), "\(part): \(error.description)") }
            #expect(!error.description.contains("\n"))
        }
    }
}
