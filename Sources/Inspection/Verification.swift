// `Findings` of the files on a disk that a server may be using.

import Bytes
import LogFormat
import Store
import SystemPackage

/// The result of a check of all files, and the files.
@dynamicMemberLookup
package struct Verification: Sendable {
    package private(set) var findings: Findings
    let captured: CapturedFiles

    package subscript<Value>(dynamicMember path: KeyPath<Findings, Value>) -> Value { findings[keyPath: path] }

    /// Checks the files of a data set that a server may be using.
    package static func run(_ files: DataFiles, on disk: any Disk) throws(InspectionError) -> Verification {
        for _ in 0..<attempts {
            var verification = try found(files, on: disk)
            do throws(StoreError) {
                // If needed segments are gone, a newer snapshot has their changes: check again with that one.
                if try verification.findings.check(CapturedSources(captured: verification.captured)) {
                    return verification
                }
            } catch {
                throw .store(error)
            }
        }
        // A name that leads nowhere, such as a broken link.
        throw .store(
            .disk(operation: .openSegments, path: files.folder.string, errno: .noSuchFileOrDirectory))
    }

    private static let attempts = 20

    private static func found(_ files: DataFiles, on disk: any Disk) throws(InspectionError) -> Verification {
        let reading: DurableMark.Reading
        do throws(StoreError) {
            reading = try DurableMark.read(files, on: disk)
        } catch {
            throw .store(error)
        }
        return Verification(
            findings: Findings(reading, path: files.durable.string), captured: try CapturedFiles(files, on: disk))
    }
}

/// The files as `Findings` reads them.
private struct CapturedSources: DataSetFiles {
    let captured: CapturedFiles

    var snapshot: FileSource? { captured.snapshot?.source }
    var segments: [UInt64] { captured.segments }
    func segment(_ first: UInt64) throws(StoreError) -> FileSource? { try captured.segment(first)?.source }
    func path(ofSegment first: UInt64) -> String { captured.files.segment(firstSeq: first).string }
    var durablePath: String { captured.files.durable.string }

    func pass(
        _ reader: inout SegmentReader<FileSource>, _ good: inout GoodEnd, upTo one: UInt64, or other: UInt64
    ) throws(StoreError) -> Bool {
        try reader.pass(&good, upTo: one, or: other)
    }

    func passPairs(_ reader: inout SnapshotReader<FileSource>, _ good: inout Int) throws(StoreError) {
        try reader.passPairs(&good)
    }
}
