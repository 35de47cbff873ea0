import Audit
import Bytes
import SystemPackage
import Testing

@Suite("The audit's writer")
struct WriterTests {
    @Test("The first lines are those of the documentation")
    func format() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        var login = AuditEvent(.login, at: 1_764_000_000_123)
        (login.user, login.how, login.client, login.from) = ("alice", "token:t2", 812, "10.0.0.7:51234")
        (login.tls, login.result) = ("1.3", "ok")
        writer.mustWrite(login, at: start)
        #expect(
            folder.text == """
                {"puffin":"audit","version":1,"node":"10.0.0.2:8080","history":"5f0c9a52e1b7","n":1,"chain":"00000000","crc":"002ef213"}
                {"n":1,"ts":1764000000123,"event":"login","user":"alice","how":"token:t2","client":812,"from":"10.0.0.7:51234","tls":"1.3","result":"ok","crc":"6ebf5f5c"}

                """)
        #expect(folder.segmentNames == ["00000000000000000001.jsonl"])
    }

    @Test("A segment ends with its size, and with its UTC day")
    func rotation() throws {
        let folder = MemoryFolder()
        var options = options()
        options.segmentSize = 500
        var writer = try AuditWriter(folder, options, at: start)
        for index in 0..<20 { writer.mustWrite(event(.login), at: start + UInt64(index)) }
        let count = folder.segmentNames.count
        #expect(count > 3)
        writer.mustWrite(event(.login), at: start + 86_400_000 - 1)
        let atMidnight = folder.segmentNames.count
        writer.mustWrite(event(.login), at: start + 86_400_000)
        #expect(folder.segmentNames.count == atMidnight + 1)
        writer.mustWrite(event(.login), at: start + 86_400_001)
        #expect(folder.segmentNames.count == atMidnight + 1)
        let verdict = try AuditVerifier.verify(folder, key: nil)
        #expect(verdict.isSound && verdict.events == 23 && verdict.first == 1 && verdict.last == 23)
        for file in verdict.files { #expect(file.first.map(AuditNames.segment) == file.name) }
    }

    @Test("A tail torn at every byte is cut, and numbers, chain and epochs continue", arguments: [false, true])
    func tornTails(isSealed: Bool) throws {
        let folder = MemoryFolder()
        let key = isSealed ? try SealingKey.initialize(folder) : nil
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        if isSealed { writer.mustClose(at: start) }
        writer.mustWrite(event(.denied), at: start)
        let name = folder.segmentNames[0]
        let bytes = folder[name]
        // A seal that was synced is never torn by a crash: its key is gone.
        let least = isSealed ? bytes.lines.prefix(3).reduce(0) { $0 + $1.count } : 0
        for size in least...bytes.count {
            let copy = folder.copy()
            copy[name] = Array(bytes[..<size])
            var reopened = try AuditWriter(copy, options(), at: start)
            reopened.mustWrite(event(.login), at: start)
            reopened.mustClose(at: start)
            let verdict = try AuditVerifier.verify(copy, key: key)
            #expect(verdict.findings == [] && verdict.tornSize == 0, "cut to \(size) bytes")
            let isWhole = size == bytes.count || bytes[..<size].last == UInt8(ascii: "\n")
            let notices = reopened.takeNotices()
            #expect(notices.isEmpty == isWhole, "cut to \(size) bytes: \(notices)")
            #expect(copy.text.contains("audit file cut by") == !isWhole)
            #expect(verdict.last == reopened.next - 1)
        }
    }

    @Test("Damage in the middle stays as evidence; the audit continues in a new file")
    func damage() throws {
        let (folder, key) = try sealedAudit(epochs: 1, open: 3)
        let name = folder.segmentNames[0]
        var bytes = folder[name]
        let lines = bytes.lines
        let offset = lines[0..<5].reduce(0) { $0 + $1.count } + 40
        bytes[offset] ^= 1
        folder[name] = bytes
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        writer.mustClose(at: start)
        #expect(folder[name].starts(with: bytes))
        #expect(folder.segmentNames.count == 2)
        let notices = writer.takeNotices()
        #expect(notices.map(\.level) == [.error])
        let verdict = try AuditVerifier.verify(folder, key: key)
        #expect(verdict.findings.count == 1 && verdict.findings.first?.line == 6)
        #expect(verdict.last == 6)
    }

    @Test("A crash loses only what was not synced", arguments: [1, 2, 3] as [UInt64])
    func crashes(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        var folder = MemoryFolder()
        let key = try SealingKey.initialize(folder)
        var options = options()
        options.segmentSize = 900
        options.epochLength = 5000
        var now = start
        for _ in 0..<60 {
            var writer = try AuditWriter(folder, options, at: now)
            for _ in 0..<random.below(12) {
                var batch = AuditBatch()
                for _ in 0..<random.below(4) { batch.append(event(.write, at: now)) }
                let isWritten = writer.append(batch, at: now)
                #expect(isWritten)
                if random.below(3) == 0 { _ = writer.sync(at: now) }
                if random.below(3) == 0 { writer.tick(at: now) }
                now += UInt64(random.below(2000))
            }
            if random.below(4) == 0 { writer.mustClose(at: now) }
            let durable = writer.durable
            folder = random.below(2) == 0 ? folder.crash() : folder.copy()
            let verdict = try AuditVerifier.verify(folder, key: key)
            #expect(verdict.findings == [])
            #expect(verdict.last ?? 0 >= durable)
        }
    }

    @Test("A file that was removed or replaced is noticed before the next write", arguments: [false, true])
    func displaced(isReplaced: Bool) throws {
        let (folder, key) = try sealedAudit(epochs: 1, open: 1)
        var writer = try AuditWriter(folder, options(), at: start)
        let name = folder.segmentNames[0]
        try folder.remove(name)
        if isReplaced { folder[name] = Array("{}\n".utf8) }
        writer.mustWrite(event(.login), at: start)
        writer.mustWrite(event(.login), at: start)
        let notices = writer.takeNotices()
        #expect(notices.map(\.level) == [.error])
        #expect(folder.text.contains("audit file removed or replaced"))
        #expect(folder.segmentNames.contains("00000000000000000004.jsonl"))
        let verdict = try AuditVerifier.verify(folder, key: key)
        #expect(!verdict.isSound)
        #expect(verdict.last == 6)
        // The epochs behind are sound.
        writer.mustClose(at: start)
        if !isReplaced {
            let behind = folder.copy()
            #expect(try AuditVerifier.verify(behind, key: key).firstAlteredEpoch == 1)
            #expect(try AuditVerifier.verify(behind, key: key).lastEpoch == 2)
        }
    }

    @Test("A file without events that was replaced is renamed")
    func replacedEmpty() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        try folder.remove("00000000000000000001.jsonl")
        folder["00000000000000000001.jsonl"] = Array("another\n".utf8)
        writer.mustWrite(event(.login), at: start)
        #expect(try folder.names().contains("00000000000000000001.jsonl.displaced-\(start)"))
        #expect(try AuditVerifier.verify(folder, key: nil).isSound)
    }

    @Test("Removed segments are events, and the open one stays")
    func retention() throws {
        let folder = MemoryFolder()
        var options = options()
        (options.segmentSize, options.retainSize) = (300, 1500)
        var writer = try AuditWriter(folder, options, at: start)
        for index in 0..<40 {
            writer.mustWrite(event(.login), at: start + UInt64(index))
            writer.tick(at: start + UInt64(index))
        }
        let size = folder.segmentNames.reduce(0) { $0 + folder[$1].count }
        #expect(size < 2500)
        #expect(folder.text.contains("audit file removed: beyond audit.retain_size"))
        let verdict = try AuditVerifier.verify(folder, key: nil)
        #expect(verdict.isSound && verdict.first != 1)

        writer.options.retainAge = 1000
        folder.state.withLock { $0.now = start }
        let later = start + 3_700_000
        writer.tick(at: later)
        #expect(folder.segmentNames.count == 1)
        #expect(folder.text.contains("older than audit.retain_age"))
        #expect(try AuditVerifier.verify(folder, key: nil).isSound)
    }
}

@Suite("The audit's failures")
struct AuditFailureTests {
    @Test("Lost events are counted, and a line says so when the disk takes lines again")
    func lost() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        folder.set(.write, fails: .ioError)
        for index in 0..<5 {
            let isWritten = writer.write(event(.denied), at: start + UInt64(index))
            #expect(!isWritten)
        }
        #expect(!writer.health.isWritable && writer.health.lost == 5)
        folder.set(.write, fails: nil)
        // Not before the next attempt is due.
        var isWritten = writer.write(event(.denied), at: start + 900)
        #expect(!isWritten)
        isWritten = writer.write(event(.login), at: start + 1000)
        #expect(isWritten)
        #expect(writer.health.isWritable && writer.health.lost == 6 && writer.health.unreportedLost == 0)
        #expect(folder.text.contains("{\"lost\":6,\"since\":\(start),\"ts\":\(start + 1000),\"crc\":"))
        let verdict = try AuditVerifier.verify(folder, key: nil)
        #expect(verdict.findings == [] && verdict.lost == 6 && verdict.events == 2)
    }

    @Test("A tick heals without a further event")
    func healing() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        folder.set(.write, fails: .ioError)
        _ = writer.write(event(.login), at: start)
        folder.set(.write, fails: nil)
        writer.tick(at: start + 1000)
        #expect(writer.health.isWritable && writer.health.unreportedLost == 0)
        #expect(try AuditVerifier.verify(folder, key: nil).lost == 1)
    }

    @Test("After a failed sync the lines are written again before they count as durable")
    func failedSync() throws {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        folder.set(.sync, fails: .ioError)
        let isWritten = writer.write(event(.denied), at: start)
        #expect(!isWritten)
        #expect(writer.durable == 1 && writer.next == 3)
        // The kernel drops what it could not write.
        folder.state.withLock { state in
            for (name, var file) in state.files {
                file.content.bytes = file.content.synced
                state.files[name] = file
            }
        }
        folder.set(.sync, fails: nil)
        writer.tick(at: start + 1000)
        #expect(writer.durable == 2 && writer.health.lost == 0)
        let verdict = try AuditVerifier.verify(folder.crash(), key: nil)
        #expect(verdict.isSound && verdict.last == 2)
    }

    @Test("The reserve carries the last lines on a full disk, and is taken again")
    func reserve() throws {
        let folder = MemoryFolder()
        var options = options()
        options.reserveSize = 4096
        var writer = try AuditWriter(folder, options, at: start)
        folder.state.withLock { $0.space = 5000 }
        var written = 0
        while writer.write(event(.login), at: start), written < 100 { written += 1 }
        #expect(written > 10 && written < 100)
        #expect(writer.health.isReserveUsed && !writer.health.isWritable)
        folder.state.withLock { $0.space = .max }
        writer.tick(at: start + 60_000)
        writer.tick(at: start + 120_000)
        #expect(!writer.health.isReserveUsed && folder["RESERVE"].count == 4096)
        #expect(try AuditVerifier.verify(folder, key: nil).isSound)
    }

    @Test("Crashes amid failures leave an audit that can be verified", arguments: Array(1...20) as [UInt64])
    func crashesAmidFailures(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        var folder = MemoryFolder()
        let key = try SealingKey.initialize(folder)
        var options = options()
        (options.segmentSize, options.epochLength, options.reserveSize) = (1500, 4000, 256)
        options.retryInterval = 100
        let operations: [AuditOperation] = [.write, .sync, .truncate, .create, .rename, .remove]
        var now = start
        for _ in 0..<20 {
            var writer = try AuditWriter(folder, options, at: now)
            for _ in 0..<random.below(30) {
                let operation = operations[random.below(operations.count)]
                folder.set(operation, fails: random.below(3) == 0 ? .ioError : nil)
                var batch = AuditBatch()
                for _ in 0..<random.below(3) { batch.append(event(.write, at: now)) }
                _ = writer.append(batch, at: now)
                if random.below(3) == 0 { _ = writer.sync(at: now) }
                if random.below(3) == 0 { writer.tick(at: now) }
                if random.below(9) == 0 { _ = writer.close(at: now) }
                now += UInt64(random.below(700))
            }
            let durable = writer.durable
            folder = random.below(2) == 0 ? folder.crash() : folder.copy()
            var reopened = try AuditWriter(folder, options, at: now)
            reopened.mustClose(at: now)
            let verdict = try AuditVerifier.verify(folder, key: key)
            #expect(verdict.findings == [])
            #expect(verdict.last ?? 0 >= durable)
        }
    }

    @Test("A SEAL that was removed is said, and noticed by the verifier")
    func missingSeal() throws {
        let (folder, key) = try sealedAudit(epochs: 1)
        try folder.remove("SEAL")
        var writer = try AuditWriter(folder, options(), at: start)
        let notices = writer.takeNotices()
        #expect(notices.map(\.level) == [.error])
        writer.mustWrite(event(.login), at: start + 86_400_000)
        #expect(try AuditVerifier.verify(folder, key: key).findings.map(\.problem) == [.unsealed])
    }

    @Test("Whatever fails and whenever, what is read afterwards is sound", arguments: Array(1...20) as [UInt64])
    func chaos(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        let folder = MemoryFolder()
        let key = try SealingKey.initialize(folder)
        var options = options()
        (options.segmentSize, options.epochLength, options.reserveSize) = (1500, 4000, 256)
        options.retryInterval = 100
        var writer = try AuditWriter(folder, options, at: start)
        var (now, accepted) = (start, 0)
        let operations: [AuditOperation] = [.write, .sync, .truncate, .create, .rename, .remove]
        for _ in 0..<400 {
            let operation = operations[random.below(operations.count)]
            let errno: Errno? = random.below(3) == 0 ? (random.below(2) == 0 ? .ioError : .noSpace) : nil
            folder.set(operation, fails: errno)
            var batch = AuditBatch()
            for _ in 0..<random.below(3) { batch.append(event(.write, at: now)) }
            if writer.append(batch, at: now) { accepted += batch.count }
            if random.below(3) == 0 { _ = writer.sync(at: now) }
            if random.below(3) == 0 { writer.tick(at: now) }
            now += UInt64(random.below(500))
        }
        for operation in operations { folder.set(operation, fails: nil) }
        now += 1000
        writer.tick(at: now)
        writer.mustClose(at: now)
        let verdict = try AuditVerifier.verify(folder, key: key)
        #expect(verdict.findings == [])
        #expect(verdict.lost == writer.health.lost && verdict.unsealed == 0)
        #expect(verdict.events == accepted)
    }
}
