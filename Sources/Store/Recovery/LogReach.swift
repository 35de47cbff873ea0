// Whether the files are complete: a missing, empty or truncated segment looks like a first start, or like a crash,
// unless something else that the server has written says more.
//
//     DURABLE           a change that was on the disk, and the segment that was open then
//     the snapshot      the last change that it holds
//     RESERVE, NEXT     made when the first segment is on the disk
//     ROLE              written by a server that has loaded its data

import Bytes
import LogFormat

extension Recovery {
    /// Refuses a folder whose segments are gone.
    /// - Parameters:
    ///   - contents: the folder's content before anything was removed.
    func checkPresence(_ contents: DataFiles.Contents) throws(StoreError) {
        let hasSnapshot = try disk.exists(files.snapshot)
        if !hasSnapshot && segments.isEmpty, let traces = try files.traces(contents, mark, on: disk) {
            throw .emptied(folder: files.folder.string, found: traces)
        }
        guard let mark, mark.names(segmentBehind: segments.last) else { return }
        throw .corruption(
            Damage(
                path: files.segment(firstSeq: mark.segment).string, line: 1, offset: 0,
                expected: "the segment that was open when \(mark.reached)", found: "no such file"))
    }

    /// Whether a segment's header is known to have been on the disk, so that no crash can have cut it short.
    func hasBeenWhole(segment first: UInt64) -> Bool {
        if let mark { return mark.hasBeenWhole(segment: first, behind: position.seq) }
        return first == 1 && hasTraces
    }

    /// - Throws: `StoreError.corruption` if the log ends before a change that was on the disk.
    /// - Parameters:
    ///   - seq: the last change found.
    ///   - damage: the place of the end, and what is there instead of the next change.
    func checkReach(_ seq: UInt64, _ damage: () -> Damage) throws(StoreError) {
        guard let mark, seq < mark.position.seq else { return }
        let place = damage()
        throw .corruption(
            Damage(
                path: place.path, line: place.line, offset: place.offset,
                expected: "seq \(seq + 1): \(mark.reached)", found: place.found))
    }

    /// Refuses a change other than the one that was on the disk.
    func checkIdentity(_ position: ChainPosition, _ damage: (_ expected: String, _ found: String) -> StoreError)
        throws(StoreError)
    {
        guard let mark, position.seq == mark.position.seq, position != mark.position else { return }
        throw damage(
            "crc \(hex(mark.position.crc)), as \(DurableMark.fileName) has it for seq \(position.seq)",
            "crc \(hex(position.crc))")
    }
}

extension DataFiles {
    /// Evidence that a folder without segments has had some; nil if there is none.
    package func traces(_ contents: Contents, _ mark: DurableMark?, on disk: any Disk) throws(StoreError) -> [String]? {
        if let mark { return mark.isClosed && mark.position.seq == 0 ? nil : [DurableMark.fileName] }
        // An interrupted operation may have renamed all of them.
        guard !contents.traces.isEmpty, try !hasSetAside(contents, on: disk) else { return nil }
        return contents.traces
    }

    /// Whether a start, a follower or a repair has renamed files of this data set.
    private func hasSetAside(_ contents: Contents, on disk: any Disk) throws(StoreError) -> Bool {
        if contents.hasSetAside { return true }
        guard let name = snapshot.lastComponent?.string else { return false }
        return try disk.names(in: snapshot.folder)
            .contains { other in DataFiles.asideWords.contains { other.hasPrefix(name + $0) } }
    }
}
