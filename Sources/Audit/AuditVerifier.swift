// Verifies an audit: checksums, numbers and the chain by the files alone, the seals by the key that `audit init` printed.
//
// What a seal proves: an epoch's lines were like this when it was sealed, if the key of that epoch was still the server's secret
// then. It says nothing of lines behind the last seal, nor of events that were never given to the writer.

import Bytes
import LogFormat
import OpenSSL

/// Reads a folder from the oldest segment to the newest. A server may be writing it.
package struct AuditVerifier: ~Copyable {
    private let folder: any AuditFolder
    private let firstKey: SealingKey?
    private let witness: AuditWitness?
    /// The key of the epoch that was checked last.
    private var key: SealingKey?
    private var verdict = AuditVerdict()

    /// Whether the current line is a seal, which is no part of an epoch.
    private var isAtSeal = false
    private var file = AuditFileSummary(name: "", size: 0)
    private var line = 0
    /// The checksum before the next line; nil before the first header.
    private var chain: UInt32?
    private var next: UInt64 = 1
    /// The epoch of the current line; nil where there are no seals.
    private var epoch: UInt64?
    private var hash = SHA256Hasher()

    private init(_ folder: any AuditFolder, _ key: SealingKey?, _ witness: AuditWitness?) {
        self.folder = folder
        self.witness = witness
        firstKey = key
        self.key = key
        verdict.hasKey = key != nil
    }

    /// Verifies an audit.
    /// - Parameters:
    ///   - key: the key of epoch 0. Without it the codes of the seals are not checked, so a writer of the files could have
    ///     forged them.
    ///   - witness: the seals that a follower has received. Read them before the audit: the server may add a seal in between.
    /// - Throws: `AuditError` if a file cannot be read, or there are no segments.
    package static func verify(
        _ folder: any AuditFolder, key: SealingKey?, witness: AuditWitness? = nil
    ) throws(AuditError) -> AuditVerdict {
        var verifier = AuditVerifier(folder, key, witness)
        let stored = try SealingKey.stored(in: folder)
        let segments = try folder.segments()
        guard !segments.isEmpty else { throw .missing(path: folder.path) }
        for name in segments { try verifier.read(name, isLast: name == segments.last) }
        verifier.check(stored)
        verifier.checkWitness()
        return verifier.verdict
    }

    private mutating func read(_ name: String, isLast: Bool) throws(AuditError) {
        var reader = AuditLineReader(try folder.open(name, isWritable: false), path: folder.path(of: name))
        file = AuditFileSummary(name: name, size: 0)
        while try reader.next() {
            line = reader.number
            if !reader.isTerminated, isLast {
                verdict.tornSize = reader.end - reader.offset
            } else if !reader.isTerminated {
                find(.malformed)
            } else {
                take(reader.line)
            }
            if !isAtSeal { hash.update(reader.wholeLine) }
            isAtSeal = false
        }
        // Not even a header: a server is beginning the segment.
        if line == 0, !isLast { find(.malformed) }
        line = 0
        file.size = reader.end
        verdict.files.append(file)
    }

    private mutating func take(_ bytes: Span<UInt8>) {
        guard let parsed = AuditLine(bytes), let found = bytes.lineChecksum else { return find(.malformed) }
        if case .header(let header) = parsed {
            guard line == 1 else { return find(.malformed) }
            takeEpoch(of: header)
            checkSum(bytes, behind: 0, found)
            return take(header)
        }
        if line == 1 { find(.malformed) }
        // Behind a wrong line the chain continues from what that line claims, so one change is one finding.
        if let chain { checkSum(bytes, behind: chain, found) }
        chain = found
        switch parsed {
        case .header: break
        case .event(let n, _): takeEvent(n)
        case .lost(let loss): verdict.lost += loss.count
        case .seal(let seal): take(seal)
        }
    }

    private mutating func checkSum(_ bytes: Span<UInt8>, behind chain: UInt32, _ found: UInt32) {
        let expected = CRC32C.extend(chain, with: bytes.lineBody)
        if expected != found { find(.checksum(expected: expected, found: found)) }
    }

    private mutating func find(_ problem: AuditFinding.Problem) {
        guard verdict.findings.count < AuditVerdict.findingLimit else { return }
        verdict.findings.append(AuditFinding(file: file.name, line: line, epoch: epoch, problem: problem))
    }

    // MARK: Lines

    private mutating func take(_ header: AuditHeader) {
        if AuditNames.number(of: file.name) != header.n { find(.malformed) }
        if let chain {
            if header.n != next { find(.number(expected: next, found: header.n)) }
            if header.chain != chain { find(.chain(expected: chain, found: header.chain)) }
        } else if header.n == 1, header.chain != 0 {
            find(.chain(expected: 0, found: header.chain))
        }
        (next, chain) = (header.n, header.chain)
    }

    /// Sealing begins with the header of epoch 0, or where retention has removed what was before, and then never ends.
    private mutating func takeEpoch(of header: AuditHeader) {
        let isFirst = chain == nil
        switch (epoch, header.epoch) {
        case (nil, nil): break
        case (nil, let found?):
            epoch = found
            hash.reset()
            if found != 0, !isFirst { find(.unsealed) }
            verdict.unsealedBefore = verdict.events
            verdict.unsealed = 0
        case (let expected?, let found?):
            if found != expected {
                epoch = min(expected, found)
                find(.epoch(expected: expected, found: found))
                epoch = found
                hash.reset()
            }
        case (.some, nil):
            find(.unsealed)
            hash.reset()
        }
    }

    private mutating func takeEvent(_ n: UInt64) {
        if n != next { find(.number(expected: next, found: n)) }
        next = n + 1
        verdict.events += 1
        verdict.unsealed += 1
        if file.first == nil { file.first = n }
        file.last = n
    }

    private mutating func take(_ seal: AuditSeal) {
        isAtSeal = true
        defer { hash.reset() }
        guard let expected = epoch else { return find(.unsealed) }
        epoch = min(expected, seal.epoch)
        if seal.epoch != expected { find(.epoch(expected: expected, found: seal.epoch)) }
        if seal.n != next - 1 { find(.number(expected: next - 1, found: seal.n)) }
        if seal.sha256 != hash.digest() { find(.altered) }
        if let code = mac(of: seal), !Digests.areEqual(code.span, seal.mac.span) { find(.forged) }
        compareWithWitness(seal)
        verdict.seals += 1
        file.seals += 1
        verdict.unsealed = 0
        verdict.firstEpoch = verdict.firstEpoch ?? seal.epoch
        verdict.lastEpoch = seal.epoch
        epoch = seal.epoch + 1
    }

    // MARK: The witness

    private mutating func compareWithWitness(_ seal: AuditSeal) {
        guard let seen = witness?.seals[seal.epoch] else { return }
        verdict.witnessed += 1
        let isSeen = seen == [AuditWitness.Seal(n: seal.n, mac: seal.macText)]
        if !isSeen { find(.resealed) }
    }

    /// Seals of epochs before those of this folder went with segments that retention has removed.
    private mutating func checkWitness() {
        guard let newest = witness?.newest, verdict.lastEpoch.map({ newest > $0 }) ?? true else { return }
        (file.name, line) = ("", 0)
        find(.unwitnessed(last: verdict.lastEpoch, seen: newest))
    }

    // MARK: Keys

    /// The code that a seal must have; nil without a key. A number beyond all reason gives the code of another epoch.
    private mutating func mac(of seal: AuditSeal) -> [UInt8]? { key(of: seal.epoch)?.mac(of: seal.sha256) }

    private mutating func key(of wanted: UInt64) -> SealingKey? {
        guard let firstKey else { return nil }
        if (key?.epoch ?? 0) > wanted { key = firstKey }
        let limit = (key?.epoch ?? 0) + SealingKey.stepLimit
        while let epoch = key?.epoch, epoch < min(wanted, limit) { key?.evolve() }
        return key
    }

    /// `SEAL` holds the key behind the last seal, or in the moment of sealing the last seal's own. Nobody who has it can compute an
    /// earlier one, so it tells whether seals were removed from the end.
    /// - Parameter stored: read before the segments, so that a server may seal meanwhile.
    private mutating func check(_ stored: SealingKey?) {
        (file.name, line) = (AuditNames.seal, 0)
        if let stored {
            verdict.hasSealFile = true
            if stored.epoch > epoch ?? 0 { find(.truncated(last: verdict.lastEpoch, key: stored.epoch)) }
            if let derived = key(of: stored.epoch), derived != stored { find(.foreignKey) }
        }
        // Right behind `audit init` nothing is sealed, nor says a header that it will be.
        if verdict.hasKey, verdict.seals == 0, epoch == nil, stored?.epoch != 0 { find(.noSeal) }
    }
}
