import Audit
import Bytes
import LogFormat
import Testing

@Suite("Audits of other versions")
struct AuditVersionTests {
    /// The same audit with another first line in its last segment, whose checksum is right.
    private func changed(_ folder: MemoryFolder, _ version: String) -> MemoryFolder {
        let copy = folder.copy()
        let name = copy.segmentNames[copy.segmentNames.count - 1]
        var lines = copy[name].lines
        let text = String(decoding: lines[0], as: UTF8.self)
        let body = text.replacing("\"version\":1", with: "\"version\":\(version)").prefix { $0 != "\n" }
        let bytes = Array(body.utf8)
        let end = bytes.count - ",\"crc\":\"00000000\"}".utf8.count
        var line = ByteBuffer()
        line.append(bytes.span.extracting(0..<end))
        line.appendChecksum(bodyFrom: 0, chain: 0)
        lines[0] = Array(line.bytes)
        copy[name] = Array(lines.joined())
        return copy
    }

    @Test("Neither a reader nor a writer takes them for damage", arguments: ["2", "2,\"needs\":[\"scrolls\"]", "10"])
    func refused(version: String) throws {
        let (folder, key) = try sealedAudit(epochs: 3, open: 1, segmentSize: 300)
        // Also a segment that has no more than its header, as a crash leaves it.
        for keepsEvents in [true, false] {
            let newer = changed(folder, version)
            let name = newer.segmentNames[newer.segmentNames.count - 1]
            if !keepsEvents { newer[name] = newer[name].lines[0] }
            let before = newer.text
            for attempt in 0..<3 {
                let error = #expect(throws: AuditError.self) {
                    switch attempt {
                    case 0: _ = try AuditWriter(newer, options(), at: start)
                    case 1: _ = try AuditVerifier.verify(newer, key: key)
                    default: try AuditListing.forEach(in: newer) { _, _ in }
                    }
                }
                #expect(error?.isOtherVersion == true, "\(String(describing: error))")
                let text = error.map { "\($0)" } ?? ""
                #expect(text.contains("expected an audit of version 1, found "), "\(text)")
            }
            #expect(newer.text == before && newer.segmentNames == folder.segmentNames)
        }
    }

    @Test("A version whose line is damaged is damage")
    func damaged() throws {
        let (folder, key) = try sealedAudit(epochs: 1, open: 1)
        let name = folder.segmentNames[0]
        let text = String(decoding: folder[name], as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
        folder[name] = Array(text.utf8)
        #expect(try !AuditVerifier.verify(folder, key: key).isSound)
    }
}
