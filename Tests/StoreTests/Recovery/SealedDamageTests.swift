// Damage that no crash can have made: in a snapshot, or in a segment followed by another. Always refused, with the
// file, the line and the byte where it begins, and never silently shortened.

import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Damage in snapshots and sealed segments")
struct SealedDamageTests {
    /// A snapshot of a few pairs, three sealed segments after it, and the open one.
    private struct DataSet {
        let model = ModelDisk()
        let pairs: [[UInt8]: [UInt8]]

        init() throws {
            let opened = try OpenedStore(on: model, reserve: 0) { $0.layout.segmentSize = 350 }
            for number in 1...6 { opened.set("key \(number)", "value \(number) grüße") }
            opened.set([0xff], [0xfe])
            try opened.compact()
            for number in 1...7 {
                opened.set("key \(number)", "newer")
                try opened.commit()
            }
            try opened.close()
            pairs = opened.pairs
        }

        var segments: [String] { model.paths.filter { $0.hasSuffix(".jsonl") } }
    }

    /// The place at which a damaged file must be reported.
    private struct Place: Equatable {
        var path: String
        var line: Int
        var offset: Int
    }

    /// The place that a start reports: nil if it starts, with other pairs than before.
    private func place(
        _ bytes: [UInt8], at path: String, in data: DataSet
    ) -> (place: Place?, problem: String?) {
        let model = ModelDisk(copying: data.model)
        model.put(bytes, at: path)
        let files = model.paths
        do throws(StoreError) {
            let opened = try OpenedStore(on: model, reserve: 0)
            defer { opened.store.close() }
            return (nil, opened.pairs == data.pairs ? "it starts" : "it starts with other pairs")
        } catch {
            if model.content(path) != bytes || model.paths != files { return (nil, "a refused start changed files") }
            switch error {
            case .corruption(let damage):
                let hasText = !damage.expected.isEmpty && !damage.found.isEmpty
                return (Place(path: damage.path, line: damage.line, offset: damage.offset), hasText ? nil : "no text")
            case .unknownVersion(let path, _):
                return (Place(path: path, line: 1, offset: 0), nil)
            default:
                return (nil, "\(error)")
            }
        }
    }

    /// Tells of variants, each of which must be found at its place.
    private func check(
        _ name: String, _ variants: (DataSet, (_ path: String, [UInt8], _ line: Int, _ offset: Int) -> Void) -> Void
    ) throws {
        let data = try DataSet()
        var (count, wrong) = (0, [String]())
        variants(data) { path, bytes, line, offset in
            count += 1
            let expected = Place(path: path, line: line, offset: offset)
            let (found, problem) = place(bytes, at: path, in: data)
            if let problem { wrong.append("\(expected): \(problem)") }
            if let found, found != expected { wrong.append("\(expected), found \(found)") }
        }
        print("sealed damage, \(name): \(count) variants, \(wrong.count) wrong")
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
        #expect(count > 0)
    }

    /// The files that no crash damages: the snapshot, and every segment but the last.
    private func sealed(_ data: DataSet) -> [String] { [ModelFiles.snapshot] + data.segments.dropLast() }

    /// The lines of a file with their line feeds, and where each begins.
    private func lines(_ bytes: [UInt8]) -> (lines: [[UInt8]], offsets: [Int]) {
        let lines = bytes.split(separator: 0x0a).map { Array($0) + [0x0a] }
        return (lines, lines.indices.map { index in lines[..<index].reduce(0) { $0 + $1.count } })
    }

    @Test("the data set has a snapshot and three sealed segments, and starts")
    func sound() throws {
        let data = try DataSet()
        #expect(data.segments.count == 4)
        let opened = try OpenedStore(on: ModelDisk(copying: data.model), reserve: 0)
        #expect(opened.pairs == data.pairs)
        #expect(opened.store.recovery.snapshot?.pairs == 7)
        try opened.close()
    }

    @Test("every bit of every byte")
    func flips() throws {
        try check("bit flips") { data, check in
            for path in sealed(data) {
                let content = data.model.content(path) ?? []
                let (_, offsets) = lines(content)
                for index in content.indices {
                    let line = offsets.lastIndex { $0 <= index } ?? 0
                    for bit in 0..<8 {
                        var bytes = content
                        bytes[index] ^= 1 << bit
                        check(path, bytes, line + 1, offsets[line])
                    }
                }
            }
        }
    }

    @Test("a line that is missing, duplicated, or swapped with the next")
    func rearranged() throws {
        try check("lines") { data, check in
            for path in sealed(data) {
                let (lines, offsets) = lines(data.model.content(path) ?? [])
                // Without its last line a segment is missed by the next one: `segmentCutBetween`.
                let count = path == ModelFiles.snapshot ? lines.count : lines.count - 1
                // A line about durability says nothing that another one does not: it may be gone, and be there twice.
                for index in 0..<count where !isClaim(lines[index]) {
                    let end = offsets[index] + lines[index].count
                    check(path, Array((lines[..<index] + lines[(index + 1)...]).joined()), index + 1, offsets[index])
                    check(path, Array((lines[...index] + lines[index...]).joined()), index + 2, end)
                    guard index + 1 < count, !isClaim(lines[index + 1]) else { continue }
                    var swapped = lines
                    swapped.swapAt(index, index + 1)
                    check(path, Array(swapped.joined()), index + 1, offsets[index])
                }
            }
        }
    }

    private func isClaim(_ line: [UInt8]) -> Bool { line.starts(with: "{\"durable\"".bytes) }

    @Test("a snapshot cut at any byte, or with more after its last line")
    func cut() throws {
        try check("snapshots cut") { data, check in
            let content = data.model.content(ModelFiles.snapshot) ?? []
            let (lines, offsets) = lines(content)
            for cut in content.indices {
                // At the end of a line, the next one is missed; of nothing, the first.
                let line = offsets.lastIndex { $0 <= cut } ?? 0
                check(ModelFiles.snapshot, Array(content[..<cut]), line + 1, offsets[line])
            }
            for more in ["x", "\n\nx\n", "{\"end\":true"] {
                let feeds = more.prefix { $0 == "\n" }.count
                check(ModelFiles.snapshot, content + more.bytes, lines.count + 1 + feeds, content.count + feeds)
            }
        }
    }

    @Test("a sealed segment cut within any line")
    func segmentCut() throws {
        try check("segments cut") { data, check in
            for path in data.segments.dropLast() {
                let content = data.model.content(path) ?? []
                let (_, offsets) = lines(content)
                for cut in content.indices where !offsets.contains(cut) || cut == 0 {
                    let line = offsets.lastIndex { $0 <= cut } ?? 0
                    check(path, Array(content[..<cut]), line + 1, offsets[line])
                }
            }
        }
    }

    @Test("a segment that the snapshot ends in, of which nothing is left, is refused: no crash empties it")
    func emptied() throws {
        let model = ModelDisk()
        let opened = try OpenedStore(on: model, reserve: 0) { $0.retention.size = 1 << 20 }
        opened.set("a", "1")
        try opened.compact()
        try opened.close()
        let open = try FilePath(#require(model.paths.last { $0.hasSuffix(".jsonl") }))
        try model.remove(open)
        model.put([], at: ModelFiles.segment(1))
        let error = #expect(throws: StoreError.self) { try OpenedStore(on: model).close() }
        guard case .corruption(let damage)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.path == ModelFiles.segment(1) && damage.found == "an empty file")
        #expect(model.content(ModelFiles.segment(1)) == [])
    }

    @Test("a sealed segment cut between two lines is noticed by the next one")
    func segmentCutBetween() throws {
        let data = try DataSet()
        for (path, next) in zip(data.segments, data.segments.dropFirst()) {
            let content = data.model.content(path) ?? []
            let (lines, offsets) = lines(content)
            for index in lines.indices.dropFirst()
            where lines[index...].contains(where: { $0.starts(with: "{\"seq\"".bytes) }) {
                let found = place(Array(content[..<offsets[index]]), at: path, in: data)
                #expect(found.place == Place(path: next, line: 1, offset: 0), "\(found.problem ?? "")")
            }
        }
    }
}
