// Finds where an audit ended, so that the writer continues its numbers, its chain and its epoch.

import Bytes
import LogFormat

extension AuditWriter {
    /// Reads the newest segments. A segment whose end is unfinished is cut there; one that is damaged in its middle stays as
    /// evidence, and a new segment continues behind it.
    mutating func recover(at now: UInt64) throws(AuditError) {
        let segments = try folder.segments()
        var lastSealed: UInt64?
        for name in segments[try firstToRead(segments)...] {
            try read(name, isLast: name == segments.last, &lastSealed, at: now)
        }
        durable = next - 1
        if key == nil, isSealed {
            say(.error, "\(folder.path(of: AuditNames.seal)) is missing: the audit continues without seals")
        }
        catchUp(lastSealed)
    }

    /// The index of the segment in which the current epoch began. Segments after it name the same epoch.
    private func firstToRead(_ segments: [String]) throws(AuditError) -> Int {
        var index = max(segments.count - 1, 0)
        while index > 0 {
            let (own, before) = (try header(of: segments[index]), try header(of: segments[index - 1]))
            guard own == nil || own?.epoch != nil && own?.epoch == before?.epoch else { break }
            index -= 1
        }
        return index
    }

    /// A segment's header; nil if it is damaged or unfinished.
    private func header(of name: String) throws(AuditError) -> AuditHeader? {
        var reader = AuditLineReader(try folder.open(name, isWritable: false), path: folder.path(of: name))
        guard try reader.next(), reader.isTerminated, reader.line.soundBody != nil,
            case .header(let header) = AuditLine(reader.line)
        else { return nil }
        return header
    }

    private mutating func read(
        _ name: String, isLast: Bool, _ lastSealed: inout UInt64?, at now: UInt64
    ) throws(AuditError) {
        let opened = try folder.open(name, isWritable: isLast)
        var reader = AuditLineReader(opened, path: folder.path(of: name))
        var firstBad: (line: Int, offset: Int)?
        // Lines that are not sound: an unfinished end, unless a line follows that is one.
        var bad = ByteBuffer()
        var isDamaged = false
        (day, isSealed) = (nil, false)
        while try reader.next() {
            let line = reader.isTerminated ? take(reader.line, number: reader.number) : nil
            guard let line, firstBad != nil || isSound(line, reader.line) else {
                firstBad = firstBad ?? (reader.number, reader.offset)
                bad.append(reader.wholeLine)
                continue
            }
            if !bad.isEmpty { epochHash.update(bad.bytes) }
            bad.removeAll()
            isDamaged = firstBad != nil
            apply(line, reader.line, &lastSealed)
            if case .seal = line { continue }
            epochHash.update(reader.wholeLine)
        }
        if reader.number == 0 { firstBad = (1, 0) }
        guard let firstBad else {
            if isLast { try useForAppending(opened, name, size: reader.end) }
            return
        }
        if isDamaged || !isLast {
            epochHash.update(bad.bytes)
            let path = folder.path(of: name)
            say(.error, "\(path) is damaged at line \(firstBad.line); the audit continues in a new file")
        } else {
            try cut(opened, name, to: firstBad.offset, of: reader.end, at: now)
        }
    }

    private func take(_ line: Span<UInt8>, number: Int) -> AuditLine? {
        guard let parsed = AuditLine(line) else { return nil }
        if case .header = parsed { return number == 1 ? parsed : nil }
        return number == 1 ? nil : parsed
    }

    private func isSound(_ parsed: AuditLine, _ line: Span<UInt8>) -> Bool {
        if case .header = parsed { return line.soundBody != nil }
        return line.lineChecksum == CRC32C.extend(chain, with: line.lineBody)
    }

    private mutating func apply(_ parsed: AuditLine, _ line: Span<UInt8>, _ lastSealed: inout UInt64?) {
        switch parsed {
        case .header(let header):
            (next, chain, isSealed) = (header.n, header.chain, header.epoch != nil)
            if epochStart == nil { epochHash.reset() }
            // The seal before may be in a segment that is not read.
            if let epoch = header.epoch, epoch > 0 { lastSealed = max(lastSealed ?? 0, epoch - 1) }
            return
        case .event(let n, let time):
            next = n + 1
            if day == nil { day = time / AuditWriter.dayLength }
            if epochStart == nil { epochStart = time }
        case .lost(let loss):
            if epochStart == nil { epochStart = loss.time }
        case .seal(let seal):
            lastSealed = seal.epoch
            newestSeal = seal
            epochHash.reset()
            epochStart = nil
        }
        chain = line.lineChecksum ?? chain
    }

    /// What a crash left in the file may not have been synced.
    private mutating func useForAppending(
        _ opened: any AuditFile, _ name: String, size: Int
    ) throws(AuditError) {
        try opened.sync()
        (file, self.name, self.size) = (opened, name, size)
    }

    private mutating func cut(
        _ opened: any AuditFile, _ name: String, to offset: Int, of size: Int, at now: UInt64
    ) throws(AuditError) {
        let path = folder.path(of: name)
        if offset == 0 {
            try folder.remove(name)
            if let number = AuditNames.number(of: name), number > next { next = number }
            say(.warning, "Removed \(path), whose first line was unfinished")
        } else {
            try opened.truncate(to: offset)
            try useForAppending(opened, name, size: offset)
            say(.warning, "Cut \(size - offset) bytes of an unfinished line from the end of \(path)")
        }
        var remark = AuditEvent(.settings, at: now)
        (remark.target, remark.change, remark.result) = (path, "audit file cut by \(size - offset) bytes", "torn")
        remarks.append(remark)
    }

    /// A crash between a seal and the storing of the next key, which may have failed for a while, leaves an old key in `SEAL`.
    private mutating func catchUp(_ lastSealed: UInt64?) {
        guard let lastSealed, let epoch = key?.epoch else { return }
        if epoch > lastSealed + 1 {
            say(
                .error,
                "The audit's last seal is of epoch \(lastSealed), but its key is of epoch \(epoch): sealed lines were removed"
            )
        }
        guard epoch <= lastSealed else { return }
        guard lastSealed - epoch < SealingKey.stepLimit else {
            return say(.error, "The audit names epoch \(lastSealed), its key is of epoch \(epoch): run audit verify")
        }
        while let epoch = key?.epoch, epoch < lastSealed { key?.evolve() }
        pendingEvolution = true
        storeKey()
    }
}
