import Audit
import Bytes
import OpenSSL
import TestSupport
import Testing

@Suite("Seals")
struct SealTests {
    @Test("What was written is sound, with the key and without")
    func sound() throws {
        let (folder, key) = try sealedAudit(epochs: 3, open: 2)
        for key in [nil, key] {
            let verdict = try AuditVerifier.verify(folder, key: key)
            #expect(verdict.findings == [])
            #expect(verdict.events == 8 && verdict.seals == 3 && verdict.unsealed == 2)
            #expect(verdict.firstEpoch == 0 && verdict.lastEpoch == 2 && verdict.hasSealFile)
        }
    }

    @Test("The example of the document is sound with its key")
    func document() throws {
        let lines = try Project.text("docs/audit.md").split(separator: "\n").map(String.init)
        let folder = MemoryFolder()
        let example = lines.filter { $0.hasPrefix("{\"") && $0.hasSuffix("\"}") }.joined(separator: "\n") + "\n"
        folder["00000000000000000001.jsonl"] = Array(example.utf8)
        let digits = try #require(lines.first { [UInt8](hexadecimal: $0)?.count == SealingKey.size })
        let bytes = try #require([UInt8](hexadecimal: digits))
        let verdict = try AuditVerifier.verify(folder, key: SealingKey(first: bytes))
        #expect(verdict.findings == [] && verdict.events == 4 && verdict.seals == 1 && verdict.hasKey)
    }

    @Test("Every bit flipped in a sealed epoch is found, in the first epoch that it belongs to")
    func flips() throws {
        let (folder, key) = try sealedAudit(epochs: 2)
        let name = try #require(folder.segmentNames.first)
        let bytes = folder[name]
        let lines = bytes.lines
        // The header, two events and the first seal.
        let firstEpochSize = lines[0..<4].reduce(0) { $0 + $1.count }
        for index in bytes.indices {
            for bit in 0..<8 {
                let copy = folder.copy()
                copy[name][index] ^= 1 << UInt8(bit)
                let verdict = try AuditVerifier.verify(copy, key: key)
                #expect(!verdict.isSound, "byte \(index), bit \(bit)")
                let epoch = try #require(verdict.firstAlteredEpoch ?? (index < firstEpochSize ? 0 : nil))
                #expect(index < firstEpochSize ? epoch == 0 : epoch >= 0, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test("An epoch rewritten with right checksums is found by its seal")
    func rewritten() throws {
        let (folder, key) = try sealedAudit(epochs: 3)
        let forged = MemoryFolder()
        // Somebody without the keys writes the same audit with another user, sealing with keys of his own.
        _ = try SealingKey.initialize(forged)
        var writer = try AuditWriter(forged, options(), at: start)
        var now = start
        for _ in 0..<3 {
            writer.mustWrite(event(.login, at: now, user: "mallory"), at: now)
            writer.mustWrite(event(.denied, at: now + 1), at: now + 1)
            now += 15 * minute + 1
            writer.tick(at: now)
        }
        #expect(try AuditVerifier.verify(forged, key: nil).isSound)
        forged["SEAL"] = folder["SEAL"]
        let verdict = try AuditVerifier.verify(forged, key: key)
        #expect(verdict.firstAlteredEpoch == 0)
        #expect(verdict.findings.map(\.problem) == [.forged, .forged, .forged])
    }

    @Test("Lines removed, repeated, swapped or added in a sealed epoch are found")
    func lines() throws {
        let (folder, key) = try sealedAudit(epochs: 4)
        let name = try #require(folder.segmentNames.first)
        let lines = folder[name].lines
        for index in lines.indices {
            var (removed, repeated, added) = (lines, lines, lines)
            removed.remove(at: index)
            repeated.insert(lines[index], at: index)
            added.insert([UInt8(ascii: "\n")], at: index)
            for changed in [removed, repeated, added] {
                let copy = folder.copy()
                copy[name] = changed.flatMap { $0 }
                #expect(try !AuditVerifier.verify(copy, key: key).isSound, "line \(index)")
            }
            for other in lines.indices where other > index {
                var swapped = lines
                swapped.swapAt(index, other)
                let copy = folder.copy()
                copy[name] = swapped.flatMap { $0 }
                #expect(try !AuditVerifier.verify(copy, key: key).isSound, "lines \(index) and \(other)")
            }
        }
    }

    @Test("A cut at every byte is found, by the checksums or by the key in SEAL")
    func cuts() throws {
        let (folder, key) = try sealedAudit(epochs: 2)
        let name = try #require(folder.segmentNames.first)
        let bytes = folder[name]
        for size in 0..<bytes.count {
            let copy = folder.copy()
            copy[name] = Array(bytes[..<size])
            let verdict = try AuditVerifier.verify(copy, key: key)
            #expect(!verdict.isSound, "cut to \(size) bytes")
        }
    }

    @Test("A removed segment is found, and the end of sealing is too")
    func segments() throws {
        let (folder, key) = try sealedAudit(epochs: 6, segmentSize: 600)
        let names = folder.segmentNames
        #expect(names.count > 2)
        #expect(try AuditVerifier.verify(folder, key: key).isSound)
        // The last one has a header alone: without it nothing is missing.
        for name in names.dropFirst().dropLast() {
            let copy = folder.copy()
            try copy.remove(name)
            #expect(try !AuditVerifier.verify(copy, key: key).isSound, "without \(name)")
        }
        // Retention removes the oldest ones; that is no finding, and the rest can be verified.
        let rest = folder.copy()
        try rest.remove(names[0])
        let verdict = try AuditVerifier.verify(rest, key: key)
        #expect(verdict.isSound && verdict.first != 1)

        let plain = MemoryFolder()
        var writer = try AuditWriter(plain, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        #expect(try AuditVerifier.verify(plain, key: nil).isSound)
        #expect(try AuditVerifier.verify(plain, key: key).findings.map(\.problem) == [.noSeal])
    }

    @Test("Another key is noticed at the first seal and in SEAL")
    func otherKey() throws {
        let (folder, _) = try sealedAudit(epochs: 2)
        let verdict = try AuditVerifier.verify(folder, key: try firstKey())
        #expect(verdict.findings.map(\.problem) == [.forged, .forged, .foreignKey])
    }

    @Test("A key evolves as documented, and no file ever holds an earlier one")
    func evolution() throws {
        var key = try firstKey()
        key.evolve()
        let expected = Digests.sha256((Array("puffin audit".utf8) + Array(0..<32)).span)
        #expect(key.epoch == 1 && key.hexadecimal == Digests.hexadecimal(expected))

        let folder = MemoryFolder()
        var keys = [try SealingKey.initialize(folder)]
        var writer = try AuditWriter(folder, options(), at: start)
        for epoch in 1...5 {
            var next = keys[epoch - 1]
            next.evolve()
            keys.append(next)
            let now = start + UInt64(epoch) * 16 * minute
            writer.mustWrite(event(.login, at: now), at: now)
            writer.mustClose(at: now)
            let stored = try #require(try SealingKey.stored(in: folder))
            #expect(stored == keys[epoch])
            let names = try folder.names()
            #expect(!names.contains("SEAL.tmp"))
            let all = String(decoding: names.flatMap { folder[$0] }, as: UTF8.self)
            for old in keys[..<epoch] { #expect(!all.contains(old.hexadecimal)) }
        }
    }

    @Test("The next key is stored by renaming, after the seal is on the disk")
    func storing() throws {
        let folder = MemoryFolder()
        _ = try SealingKey.initialize(folder)
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        folder.set(.rename, fails: .ioError)
        writer.mustClose(at: start)
        #expect(writer.health.keyFailure != nil && writer.health.isWritable)
        // A crash here: the old key is in SEAL, its seal in the segment.
        let crashed = folder.crash()
        #expect(try SealingKey.stored(in: crashed)?.epoch == 0)
        _ = try AuditWriter(crashed, options(), at: start)
        #expect(try SealingKey.stored(in: crashed)?.epoch == 1)
        folder.set(.rename, fails: nil)
        writer.tick(at: start + 1)
        #expect(writer.health.keyFailure == nil)
        #expect(try SealingKey.stored(in: folder)?.epoch == 1)
    }

    @Test("audit init does not replace a key, and a damaged SEAL is an error")
    func initialization() throws {
        let (folder, _) = try sealedAudit(epochs: 1)
        #expect(throws: AuditError.alreadySealed(path: "memory/SEAL")) { try SealingKey.initialize(folder) }
        folder["SEAL"][40] ^= 1
        #expect(throws: AuditError.damagedSeal(path: "memory/SEAL")) {
            _ = try AuditWriter(folder, options(), at: start)
        }
    }

    @Test("Sealing that begins later begins with a new segment")
    func later() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        writer.mustClose(at: start)
        let key = try SealingKey.initialize(folder)
        #expect(try AuditVerifier.verify(folder, key: key).isSound)
        var second = try AuditWriter(folder, options(), at: start)
        second.mustWrite(event(.login), at: start)
        second.mustClose(at: start)
        let verdict = try AuditVerifier.verify(folder, key: key)
        #expect(verdict.findings == [] && verdict.unsealedBefore == 1 && verdict.seals == 1)
        #expect(folder.segmentNames.count == 2)
        #expect(try SealingKey.stored(in: folder)?.epoch == 1)
    }
}
