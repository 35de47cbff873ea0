// The key of the current epoch, and the file that holds it.
//
// The scheme is forward-secure (Bellare & Yee, "Forward-security in private-key cryptography", 2003) and was used for logs by
// Schneier & Kelsey ("Secure audit logs to support computer forensics", 1999) and by systemd's journal (FSS, 2012): each epoch has
// its own key, the next key is a hash of it, and the old one is forgotten. Whoever takes the key of epoch E can forge E and later
// epochs, but no earlier ones, because SHA-256 cannot be inverted.

import Bytes
import LogFormat
import OpenSSL

/// The key of one epoch: 32 bytes.
package struct SealingKey: Equatable, Sendable {
    /// The epoch whose bytes the key seals, from 0.
    package private(set) var epoch: UInt64
    private(set) var bytes: [UInt8]

    /// Bytes of a key.
    package static let size = 32
    /// The largest believable step from one epoch to another: ten years of epochs. A forged number must not cost hours.
    static let stepLimit: UInt64 = 350_000
    /// More than the line in `SEAL` takes.
    private static let lineSize = 512
    private static let digits = Array("0123456789abcdef".utf8)
    private static let label = Array("puffin audit".utf8)

    /// - Parameter first: the key of epoch 0, as `audit init` printed it; other sizes give nil.
    package init?(first: [UInt8]) { self.init(epoch: 0, bytes: first) }

    init?(epoch: UInt64, bytes: [UInt8]) {
        guard bytes.count == SealingKey.size else { return nil }
        (self.epoch, self.bytes) = (epoch, bytes)
    }

    /// A new key of epoch 0.
    package static func makeFirst() -> SealingKey? { SealingKey(first: RandomBytes.make(size)) }

    /// The key as hexadecimal digits: what `audit init` prints.
    package var hexadecimal: String { Digests.hexadecimal(bytes) }

    /// The seal's code for the digest of the epoch's bytes.
    package func mac(of digest: [UInt8]) -> [UInt8] { Digests.hmacSHA256(digest.span, key: bytes.span) }

    /// Replaces the key by that of the next epoch, SHA-256("puffin audit" ‖ key), and overwrites it in memory.
    package mutating func evolve() {
        var input = SealingKey.label + bytes
        let next = Digests.sha256(input.span)
        input.cleanse()
        bytes.cleanse()
        bytes = next
        epoch += 1
    }

    /// Whether the keys and epochs are the same. The time taken does not depend on the keys.
    package static func == (one: SealingKey, other: SealingKey) -> Bool {
        one.epoch == other.epoch && Digests.areEqual(one.bytes.span, other.bytes.span)
    }
}

extension SealingKey {
    /// The content of `SEAL`: `{"puffin":"audit-seal","version":1,"epoch":E,"key":HEX,"crc":HEX}`.
    func store(in folder: some AuditFolder) throws(AuditError) {
        var line = ByteBuffer()
        // It must not grow, which would leave a copy of the key behind. No text either: a text cannot be overwritten.
        line.reserve(SealingKey.lineSize)
        line.append(fileHeader: "audit-seal")
        line.append(",\"epoch\":")
        line.append(decimal: epoch)
        line.append(",\"key\":\"")
        for byte in bytes {
            line.append(SealingKey.digits[Int(byte >> 4)])
            line.append(SealingKey.digits[Int(byte & 0xf)])
        }
        line.append("\"")
        line.appendChecksum(bodyFrom: 0, chain: 0)
        defer { line.cleanse() }
        if try folder.status(of: AuditNames.newSeal) != nil { try folder.remove(AuditNames.newSeal) }
        let file = try folder.create(AuditNames.newSeal)
        try file.write(line.bytes, at: 0)
        try file.sync()
        try folder.rename(AuditNames.newSeal, to: AuditNames.seal)
        try folder.sync()
    }

    /// The key in `SEAL`; nil if there is no such file.
    /// - Throws: `AuditError.damagedSeal` if the file is not a whole one.
    package static func stored(in folder: some AuditFolder) throws(AuditError) -> SealingKey? {
        guard try folder.status(of: AuditNames.seal) != nil else { return nil }
        var content = try folder.content(of: AuditNames.seal, limit: 4096)
        defer { content.cleanse() }
        guard content.last == UInt8(ascii: "\n"), let key = parse(content.span.extracting(0..<content.count - 1)) else {
            throw .damagedSeal(path: folder.path(of: AuditNames.seal))
        }
        return key
    }

    private static func parse(_ line: Span<UInt8>) -> SealingKey? {
        guard let body = line.soundBody else { return nil }
        var fields = FieldReader(body)
        guard fields.skip(fileHeader: "audit-seal"), fields.skip(",\"epoch\":"), let epoch = fields.number(),
            fields.skip(",\"key\":\""), let digits = fields.quoted(2 * size), fields.isAtEnd,
            let key = [UInt8](hexadecimal: digits)
        else { return nil }
        return SealingKey(epoch: epoch, bytes: key)
    }

    /// Makes the first key of an audit and stores it: what `audit init` does. Sealing begins with the next start of the server.
    /// - Returns: the key, which is to be kept elsewhere.
    /// - Throws: `AuditError.alreadySealed` if there is a key.
    package static func initialize(_ folder: some AuditFolder) throws(AuditError) -> SealingKey {
        try folder.make()
        guard try folder.status(of: AuditNames.seal) == nil else {
            throw .alreadySealed(path: folder.path(of: AuditNames.seal))
        }
        guard let key = makeFirst() else { throw .refused("No key could be made") }
        try key.store(in: folder)
        return key
    }
}
