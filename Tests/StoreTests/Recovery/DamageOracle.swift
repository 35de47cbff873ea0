// A log, and the right outcome of any damage to its last segment: derived from the lines as they were written, not from
// the store's behaviour.

import Store
import TestSupport

/// One sound segment, the pairs after each of its records, and a judgement of any bytes in its place.
struct DamageOracle {
    /// Without the preallocated space after the last line.
    private(set) var content: [UInt8] = []
    private var states: [[[UInt8]: [UInt8]]] = [[:]]
    private var lines: [Line] = []

    private struct Line {
        /// Without its line feed.
        var bytes: [UInt8]
        /// What a line about durability says; nil for others.
        var claim: UInt64?
        var isRecord: Bool
    }

    /// What a start must make of some bytes.
    enum Verdict: Equatable {
        /// It starts with so many records; `end` is where the last good line ends, `torn` how many bytes are set aside.
        case starts(records: Int, end: Int, torn: Int)
        /// It refuses the line that begins here.
        case refused(offset: Int)
    }

    /// Records of all kinds, in batches of these sizes.
    /// - Parameter isClosed: whether the log was ended cleanly.
    init(batches: [Int], isClosed: Bool = false) throws(StoreError) {
        let model = ModelDisk()
        let opened = try OpenedStore(ModelFiles.parent, disk: model)
        var changes = DamageOracle.changes[...]
        for size in batches {
            for _ in 0..<size {
                changes.popFirst()?(opened)
                states.append(opened.pairs)
            }
            try opened.commit()
        }
        let path = ModelFiles.segment(1)
        content = model.content(path) ?? []
        try opened.close()
        if isClosed { content = model.content(path) ?? [] }
        content = content.dropLast(content.reversed().prefix { $0 == 0x0a }.count) + [0x0a]
        lines = content.split(separator: 0x0a).map { bytes in
            let line = try? parsed(Array(bytes))
            if case .durable(let seq, _)? = line { return Line(bytes: Array(bytes), claim: seq, isRecord: false) }
            return Line(bytes: Array(bytes), claim: nil, isRecord: bytes.starts(with: "{\"seq\"".bytes))
        }
    }

    private static var changes: [(OpenedStore) -> Void] {
        [
            { $0.set("a", "1") },
            { $0.set([0xff], [0xfe]) },
            { $0.delete("a") },
            { $0.set("two\nlines", "\"") },
            { _ = $0.store.clear() },
            { $0.set("c", "3") },
            { opened in
                opened.store.beginMulti()
                opened.set("d", "4")
                opened.delete("c")
                opened.store.endMulti()
            },
            { $0.set("e", "grüße") },
        ]
    }

    func pairs(after records: Int) -> [[UInt8]: [UInt8]] { states[records] }
    var recordCount: Int { states.count - 1 }

    /// Where the line of a record begins, counted from the last one, which is 1.
    func offset(ofLast count: Int) -> Int {
        var (offset, offsets) = (0, [Int]())
        for line in lines {
            if line.isRecord { offsets.append(offset) }
            offset += line.bytes.count + 1
        }
        return offsets[offsets.count - count]
    }

    /// Walks the lines of `bytes` while they are those that were written. After them, a written line that claims a
    /// later change to be durable makes it corruption; otherwise it is a torn tail.
    func verdict(on bytes: [UInt8]) -> Verdict {
        var (offset, end, records, next) = (0, 0, 0, 0)
        var isGood = true
        var firstBad = bytes.count
        while offset < bytes.count {
            let feed = bytes[offset...].firstIndex(of: 0x0a)
            let line = bytes[offset..<(feed ?? bytes.count)]
            defer { offset = (feed ?? bytes.count) + 1 }
            if line.isEmpty { continue }
            let claim = lines.first { $0.claim != nil && $0.bytes.elementsEqual(line) }?.claim
            if isGood && feed != nil {
                if next < lines.count, lines[next].claim == nil, lines[next].bytes.elementsEqual(line) {
                    records += lines[next].isRecord ? 1 : 0
                    (next, end) = (next + 1, offset + line.count + 1)
                    while next < lines.count, lines[next].claim != nil { next += 1 }
                    continue
                }
                if let claim, claim <= records {
                    end = offset + line.count + 1
                    continue
                }
            }
            if isGood { (isGood, firstBad) = (false, offset) }
            if let claim, claim > records { return .refused(offset: firstBad) }
        }
        let rest = bytes[end...]
        // A header is durable before anything follows it.
        if end == 0 && bytes.split(separator: 0x0a).count > 1 { return .refused(offset: firstBad) }
        return .starts(records: records, end: end, torn: rest.count - rest.reversed().prefix { $0 == 0x0a }.count)
    }

    /// Starts on `bytes`, and on what that leaves.
    /// - Returns: what is wrong, nil if all is as the verdict says.
    func problem(_ bytes: [UInt8]) -> String? {
        let model = ModelDisk()
        model.put(bytes, at: ModelFiles.segment(1))
        let verdict = verdict(on: bytes)
        do throws(StoreError) {
            let opened = try OpenedStore(ModelFiles.parent, disk: model)
            let problem = problem(in: opened, verdict, bytes, model)
            opened.set("after", "the crash")
            try? opened.commit()
            opened.store.close()
            if let problem { return problem }
            return try problemOfNextStart(on: model, verdict)
        } catch {
            guard case .refused(let offset) = verdict, case .corruption(let damage) = error else {
                return "\(error), \(verdict)"
            }
            let number = bytes[..<offset].count { $0 == 0x0a } + 1
            let isRight = damage.path == ModelFiles.segment(1) && damage.offset == offset && damage.line == number
            if !isRight { return "\(damage), \(verdict) in line \(number)" }
            return model.content(ModelFiles.segment(1)) == bytes ? nil : "a refused start has changed the file"
        }
    }

    private func problem(
        in opened: OpenedStore, _ verdict: Verdict, _ bytes: [UInt8], _ model: ModelDisk
    ) -> String? {
        guard case .starts(let records, let end, let torn) = verdict else { return "started, \(verdict)" }
        let report = opened.store.recovery.torn
        if opened.store.position.seq != records { return "\(opened.store.position.seq) records, not \(records)" }
        if opened.pairs != pairs(after: records) { return "other pairs" }
        if report?.size ?? 0 != torn { return "\(report?.size ?? 0) torn bytes, not \(torn)" }
        guard let report else { return nil }
        if report.offset != end || report.segment != ModelFiles.segment(1) { return "torn elsewhere: \(report)" }
        return model.content(report.path) == Array(bytes[end..<end + torn]) ? nil : "other bytes were set aside"
    }

    private func problemOfNextStart(on model: ModelDisk, _ verdict: Verdict) throws(StoreError) -> String? {
        guard case .starts(let records, _, _) = verdict else { return nil }
        let again = try OpenedStore(ModelFiles.parent, disk: model)
        defer { again.store.close() }
        let expected = pairs(after: records).merging(["after".bytes: "the crash".bytes]) { $1 }
        if again.pairs != expected || again.store.recovery.torn != nil { return "the next start is another" }
        return again.store.check().first
    }
}
