import Audit
import AuditDisk
import Bytes
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("The audit on a disk")
struct DiskFolderTests {
    private func writer(_ folder: DiskAuditFolder) throws -> AuditWriter {
        var options = AuditOptions(node: "a:1", history: "h")
        options.segmentSize = 1000
        return try AuditWriter(folder, options, at: start)
    }

    @Test("An audit is written, sealed, continued and verified")
    func disk() throws {
        try withTemporaryFolder { path in
            let folder = DiskAuditFolder(DiskAuditFolder.path(for: FilePath(path).appending("puffin.json")))
            #expect(throws: AuditError.missing(path: folder.path)) { try AuditVerifier.verify(folder, key: nil) }
            let key = try SealingKey.initialize(folder)
            for _ in 0..<3 {
                var writer = try writer(folder)
                for _ in 0..<20 { writer.mustWrite(event(.login), at: start) }
                writer.mustClose(at: start)
            }
            let verdict = try AuditVerifier.verify(folder, key: key)
            #expect(verdict.findings == [] && verdict.events == 60 && verdict.files.count > 3)
            #expect(try folder.status(of: "RESERVE")?.size == 1 << 20)
            for name in try folder.names() {
                let status = try FilePath(folder.path).appending(name).stat()
                #expect(status.permissions == .ownerReadWrite)
            }
            #expect(try FilePath(folder.path).stat().permissions == .ownerReadWriteExecute)
        }
    }

    @Test("A file removed under the writer is noticed")
    func removed() throws {
        try withTemporaryFolder { path in
            let folder = DiskAuditFolder(FilePath(path).appending("audit"))
            var writer = try writer(folder)
            writer.mustWrite(event(.login), at: start)
            try folder.remove("00000000000000000001.jsonl")
            writer.mustWrite(event(.login), at: start)
            #expect(try folder.segments() == ["00000000000000000002.jsonl"])
            let notices = writer.takeNotices()
            #expect(notices.map(\.level) == [.error])
        }
    }
}
