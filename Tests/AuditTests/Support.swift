import Audit
import Bytes
import OpenSSL
import Testing

/// 2026-01-15T00:00:00Z.
let start: UInt64 = 1_768_435_200_000
let minute: UInt64 = 60_000

func options() -> AuditOptions {
    var options = AuditOptions(node: "10.0.0.2:8080", history: "5f0c9a52e1b7")
    options.reserveSize = 0
    return options
}

/// The key of epoch 0 in tests.
func firstKey() throws -> SealingKey { try #require(SealingKey(first: Array(0..<32))) }

func event(_ kind: AuditEvent.Kind, at time: UInt64 = start, user: String? = "alice") -> AuditEvent {
    var event = AuditEvent(kind, at: time)
    event.user = user
    event.result = "ok"
    return event
}

extension AuditWriter {
    /// Appends and syncs one event.
    mutating func write(_ event: AuditEvent, at now: UInt64) -> Bool {
        var batch = AuditBatch()
        batch.append(event)
        return append(batch, at: now) && sync(at: now)
    }

    mutating func mustWrite(_ event: AuditEvent, at now: UInt64) {
        let isWritten = write(event, at: now)
        #expect(isWritten)
    }

    mutating func mustClose(at now: UInt64) {
        let isClosed = close(at: now)
        #expect(isClosed)
    }
}

/// An audit whose epochs have two events each, and with `open` unsealed ones at its end.
func sealedAudit(epochs: Int, open: Int = 0, segmentSize: Int = 64 << 20) throws -> (MemoryFolder, SealingKey) {
    let folder = MemoryFolder()
    let key = try SealingKey.initialize(folder)
    var options = options()
    options.segmentSize = segmentSize
    var writer = try AuditWriter(folder, options, at: start)
    var now = start
    for _ in 0..<epochs {
        writer.mustWrite(event(.login, at: now), at: now)
        writer.mustWrite(event(.denied, at: now + 1), at: now + 1)
        now += 15 * minute + 1
        writer.tick(at: now)
    }
    for _ in 0..<open { writer.mustWrite(event(.login, at: now), at: now) }
    return (folder, key)
}

extension [UInt8] {
    /// With their line feeds.
    var lines: [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for byte in self {
            line.append(byte)
            if byte == UInt8(ascii: "\n") {
                lines.append(line)
                line = []
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
