// The changes of a segment, or the pairs of a snapshot, in pieces: for timelines, histories and the values at a change.

import Bytes
import LogFormat

/// A walk through one file.
final class Scan: Holder {
    private var segment: SegmentReader<HostFile>?
    private var snapshot: SnapshotReader<HostFile>?
    /// Only changes of this key, and `clear`; nil for all.
    private let key: [UInt8]?
    /// Values are cut to this size, in bytes.
    private let shownSize: Int
    private(set) var failure: HostFailure?

    /// How much a piece holds at least, unless it is the last, in bytes.
    private static let pieceSize = 256 << 10

    init(_ set: DataSet, file index: Int, key: [UInt8]?, shownSize: Int) {
        (self.key, self.shownSize) = (key, shownSize)
        super.init()
        do throws(HostFailure) {
            if index >= 0, index < set.files.count {
                let (first, file) = set.files[index]
                segment = try SegmentReader(file, firstSeq: first, history: nil, after: nil)
            } else if let file = set.snapshot {
                snapshot = try SnapshotReader(file)
            }
        } catch {
            failure = error
        }
    }

    /// Makes the next entries the result.
    /// - Returns: how many there are; 0 at the end, -1 at damage, which the result then describes.
    func next() -> Int32 {
        result.removeAll()
        var count: Int32 = 0
        do throws(HostFailure) {
            if let failure { throw failure }
            while result.count < Scan.pieceSize, try advance(&count) {}
        } catch {
            failure = error
            if count > 0 { return count }
            result.append(text: error.message)
            return -1
        }
        return count
    }

    /// Takes the next line.
    /// - Returns: false at the end.
    private func advance(_ count: inout Int32) throws(HostFailure) -> Bool {
        if try segment?.next() ?? false {
            try takeRecord(&count)
            return true
        }
        guard try snapshot?.next() ?? false else { return false }
        try takePair(&count)
        return true
    }

    private func takeRecord(_ count: inout Int32) throws(HostFailure) {
        guard let position = segment?.position, let timestamp = segment?.timestamp else { return }
        let offset = segment?.lineOffset ?? 0
        let line = (segment?.end ?? 0) - offset
        let author = segment?.author ?? []
        try segment?.changes { change in
            append(change, position.seq, timestamp, at: (offset, line), author, &count)
        }
    }

    private func takePair(_ count: inout Int32) throws(HostFailure) {
        guard let header = snapshot?.header else { return }
        let (seq, timestamp) = (header.position.seq, header.timestamp)
        try snapshot?.pair { change in append(change, seq, timestamp, at: (0, 0), [], &count) }
    }

    /// Appends an entry: kind and sizes, `seq`, time, expiry, place and size of the line, then key, value and author.
    private func append(
        _ change: borrowing Change, _ seq: UInt64, _ timestamp: UInt64, at line: (offset: Int, size: Int),
        _ author: [UInt8], _ count: inout Int32
    ) {
        if let key, change.kind != .clear, change.kind == .note || !change.key.equals(key.span) { return }
        let kind = change.isExpiry ? 5 : UInt32(change.kind.rawValue)
        let shown = min(change.value.count, shownSize)
        result.append(kind | UInt32(author.count) << 16, UInt32(change.key.count))
        result.append(UInt32(change.value.count), UInt32(shown))
        result.append(number: seq)
        result.append(number: timestamp)
        result.append(number: change.expires)
        result.append(UInt32(line.offset), UInt32(line.size))
        result.append(change.key)
        result.append(change.value.extracting(0..<shown))
        result.append(author.span)
        result.padToWord()
        count += 1
    }
}

extension SegmentReader {
    /// The text of the current record's author; empty if it has none.
    fileprivate var author: [UInt8] { Author(ofRecord: line).map { Array($0.text.utf8) } ?? [] }
}

/// - Parameters:
///   - index: the segment's, in order; -1 for the snapshot.
///   - keySize: -1 for every key.
@_expose(wasm, "puffin_scan") @_cdecl("puffin_scan")
public func scan(
    _ handle: UnsafeMutableRawPointer, _ index: Int32, _ key: UnsafePointer<UInt8>?, _ keySize: Int32,
    _ shownSize: Int32
) -> UnsafeMutableRawPointer {
    let set: DataSet = unsafe held(handle)
    var wanted: [UInt8]?
    if keySize >= 0 { unsafe lent(key, keySize) { wanted = Array($0) } }
    return unsafe Scan(set, file: Int(index), key: wanted, shownSize: Int(shownSize)).handle
}

@_expose(wasm, "puffin_scan_next") @_cdecl("puffin_scan_next")
public func scanNext(_ handle: UnsafeMutableRawPointer) -> Int32 {
    let scan: Scan = unsafe held(handle)
    return scan.next()
}
