// The files of one data set, and the same check of them that `puffin-server log verify` makes.

import Bytes
import LogFormat

/// The files that the host has named.
final class DataSet: Holder, DataSetFiles {
    /// The path that names the data set, as for `--data`.
    private let data: String
    private(set) var snapshot: HostFile?
    private(set) var files: [(first: UInt64, file: HostFile)] = []
    private var durable: HostFile?
    private(set) var findings: Findings?

    init(_ data: String) { self.data = data }

    var segments: [UInt64] { files.map { $0.first } }
    func segment(_ first: UInt64) throws(HostFailure) -> HostFile? { files.first { $0.first == first }?.file }
    func path(ofSegment first: UInt64) -> String { "\(data).log/\(SegmentName.text(first))" }
    var durablePath: String { "\(data).log/\(DurableMark.fileName)" }

    func pass(
        _ reader: inout SegmentReader<HostFile>, _ good: inout GoodEnd, upTo one: UInt64, or other: UInt64
    ) throws(HostFailure) -> Bool {
        try reader.pass(&good, upTo: one, or: other)
    }

    func passPairs(_ reader: inout SnapshotReader<HostFile>, _ good: inout Int) throws(HostFailure) {
        try reader.passPairs(&good)
    }

    /// - Returns: false if the name is neither a segment's nor DURABLE, or was there already.
    func add(_ name: String, _ number: Int32, size: Int) -> Bool {
        if Array(name.utf8) == Array(DurableMark.fileName.utf8) {
            guard durable == nil else { return false }
            durable = HostFile(path: durablePath, number: number, fileSize: size)
            return true
        }
        guard let first = SegmentName.firstSeq(name) else { return false }
        let place = files.firstIndex { $0.first >= first } ?? files.count
        if place < files.count, files[place].first == first { return false }
        files.insert((first, HostFile(path: path(ofSegment: first), number: number, fileSize: size)), at: place)
        return true
    }

    func add(snapshot number: Int32, size: Int) {
        snapshot = HostFile(path: data, number: number, fileSize: size)
    }

    /// Checks all files.
    /// - Returns: 0 if they are sound, perhaps with a torn tail, 6 if they are damaged, 5 if one is of another version: the
    ///   exit codes of `log verify`. -1 if one cannot be read; the result says why.
    func verify() -> Int32 {
        result.removeAll()
        do throws(HostFailure) {
            var found = Findings(try mark(), path: durablePath)
            _ = try found.check(self)
            findings = found
            return found.isDamaged ? 6 : found.isOfOtherVersion ? 5 : 0
        } catch {
            result.append(text: error.message)
            return -1
        }
    }

    private func mark() throws(HostFailure) -> DurableMark.Reading {
        guard let durable else { return .missing }
        var content = ByteBuffer()
        while content.count < DurableMark.fileSize,
            try durable.read(DurableMark.fileSize - content.count, at: content.count, into: &content) > 0
        {}
        return DurableMark.read(content.bytes)
    }

    enum Report: Int32 {
        case text, json
    }

    /// Makes the report of the last check the result.
    func report(_ kind: Report) {
        result.removeAll()
        guard let findings else { return }
        switch kind {
        case .text: result.append(text: findings)
        case .json: result.append(json: findings, of: data)
        }
    }

    /// Makes what the check has to say of one of its files the result.
    func words(_ index: Int) {
        result.removeAll()
        guard let findings, findings.files.indices.contains(index) else { return }
        result.append(text: stateText(findings.files[index]))
    }
}

@_expose(wasm, "puffin_set") @_cdecl("puffin_set")
public func dataSet(_ data: UnsafePointer<UInt8>?, _ size: Int32) -> UnsafeMutableRawPointer {
    var text = ""
    unsafe lent(data, size) { text = String($0) }
    return unsafe DataSet(text).handle
}

@_expose(wasm, "puffin_set_file") @_cdecl("puffin_set_file")
public func addFile(
    _ handle: UnsafeMutableRawPointer, _ name: UnsafePointer<UInt8>?, _ nameSize: Int32, _ number: Int32, _ size: Int32
) -> Int32 {
    let set: DataSet = unsafe held(handle)
    var isKnown = false
    unsafe lent(name, nameSize) { isKnown = set.add(String($0), number, size: Int(size)) }
    return isKnown ? 1 : 0
}

@_expose(wasm, "puffin_set_snapshot") @_cdecl("puffin_set_snapshot")
public func addSnapshot(_ handle: UnsafeMutableRawPointer, _ number: Int32, _ size: Int32) {
    let set: DataSet = unsafe held(handle)
    set.add(snapshot: number, size: Int(size))
}

@_expose(wasm, "puffin_verify") @_cdecl("puffin_verify")
public func verify(_ handle: UnsafeMutableRawPointer) -> Int32 {
    let set: DataSet = unsafe held(handle)
    return set.verify()
}

@_expose(wasm, "puffin_report") @_cdecl("puffin_report")
public func report(_ handle: UnsafeMutableRawPointer, _ kind: Int32) {
    let set: DataSet = unsafe held(handle)
    set.report(DataSet.Report(rawValue: kind) ?? .text)
}

@_expose(wasm, "puffin_words") @_cdecl("puffin_words")
public func words(_ handle: UnsafeMutableRawPointer, _ index: Int32) {
    let set: DataSet = unsafe held(handle)
    set.words(Int(index))
}
