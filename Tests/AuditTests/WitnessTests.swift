import Audit
import Bytes
import OpenSSL
import SystemPackage
import Testing

/// A leader's audit compared with the seals that a follower has heard of.
@Suite("Witnessed seals")
struct WitnessTests {
    private static let leader = "10.0.0.2:8080"

    /// A follower's audit with lines about these seals.
    private func follower(_ seals: [AuditSeal], of leader: String = WitnessTests.leader) throws -> MemoryFolder {
        let folder = MemoryFolder()
        var writer = try AuditWriter(folder, options(), at: start)
        for seal in seals {
            var event = AuditEvent(.witness, at: start)
            (event.from, event.target, event.seq) = (leader, "epoch \(seal.epoch)", seal.n)
            event.change = seal.macText
            writer.mustWrite(event, at: start)
        }
        return folder
    }

    /// The seals in an audit.
    private func seals(_ folder: MemoryFolder) -> [AuditSeal] {
        folder.segmentNames.flatMap { folder[$0].lines }.compactMap { line in
            guard case .seal(let seal)? = AuditLine(line.span.extracting(0..<line.count - 1)) else { return nil }
            return seal
        }
    }

    private func problems(
        _ folder: MemoryFolder, _ key: SealingKey?, _ witness: AuditWitness
    ) throws -> [AuditFinding.Problem] {
        try AuditVerifier.verify(folder, key: key, witness: witness).findings.map(\.problem)
    }

    @Test("What a follower has heard of is compared: all of it, some of it, and more than once")
    func sound() throws {
        let (folder, key) = try sealedAudit(epochs: 4, open: 1)
        let seals = seals(folder)
        #expect(seals.count == 4)
        for (seen, count) in [(seals, 4), ([seals[1], seals[3]], 2), ([seals[2], seals[2]], 1)] {
            let witness = try AuditWitness(follower(seen), leader: nil)
            let verdict = try AuditVerifier.verify(folder, key: key, witness: witness)
            #expect(verdict.isSound && verdict.witnessed == count)
        }
    }

    /// The key of epoch 2 is in `SEAL` while the server runs. Who takes it can seal what he likes from then on, by the same program.
    @Test("An epoch that was sealed anew with the stolen key is found by the witness alone")
    func resealed() throws {
        let (folder, key) = try sealedAudit(epochs: 2, open: 1)
        // Here somebody copies the folder with its key.
        let stolen = folder.copy()
        var honest = try AuditWriter(folder, options(), at: start)
        honest.mustWrite(event(.clear, user: "mallory"), at: start)
        honest.mustClose(at: start)
        let witness = try AuditWitness(follower(seals(folder)), leader: nil)
        // Without the line about what he did.
        var forger = try AuditWriter(stolen, options(), at: start)
        forger.mustWrite(event(.login, user: "mallory"), at: start)
        forger.mustClose(at: start)
        #expect(try AuditVerifier.verify(stolen, key: key).isSound, "the seals alone do not tell")
        let verdict = try AuditVerifier.verify(stolen, key: key, witness: witness)
        #expect(verdict.findings.map(\.problem) == [.resealed] && verdict.firstAlteredEpoch == 2)
        #expect("\(verdict.findings[0])".contains("epoch 2: the seal is not the one that the follower has heard of"))
        #expect(try problems(folder, key, witness) == [])
    }

    @Test("Epochs that were removed with an older SEAL in its place are found by the witness alone")
    func removed() throws {
        let (folder, key) = try sealedAudit(epochs: 2)
        let old = folder.copy()
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.clear), at: start)
        writer.mustClose(at: start)
        let witness = try AuditWitness(follower(seals(folder)), leader: nil)
        #expect(try AuditVerifier.verify(old, key: key).isSound, "the folder as it was is sound")
        #expect(try problems(old, key, witness) == [.unwitnessed(last: 1, seen: 2)])
        let text = try AuditVerifier.verify(old, key: key, witness: witness).findings.map { "\($0)" }
        #expect(
            text == [
                "the witness, epoch 2: a follower has heard of the seal of epoch 2, but the last seal is of epoch 1: sealed epochs were removed from the end"
            ])
        let empty = MemoryFolder()
        var unsealed = try AuditWriter(empty, options(), at: start)
        unsealed.mustWrite(event(.login), at: start)
        #expect(try problems(empty, nil, witness) == [.unwitnessed(last: nil, seen: 2)])
    }

    @Test("Seals from before the oldest segment are not missed: retention removes segments")
    func retention() throws {
        let (folder, key) = try sealedAudit(epochs: 4, segmentSize: 300)
        let witness = try AuditWitness(follower(seals(folder)), leader: nil)
        try folder.remove(folder.segmentNames[0])
        let verdict = try AuditVerifier.verify(folder, key: key, witness: witness)
        #expect(verdict.isSound && verdict.witnessed > 0 && verdict.witnessed < witness.count, "\(verdict)")
    }

    @Test("Leaders are told apart by their addresses")
    func leaders() throws {
        let (folder, key) = try sealedAudit(epochs: 2)
        let (other, _) = try sealedAudit(epochs: 3)
        let seen = try follower(seals(folder))
        var writer = try AuditWriter(seen, options(), at: start)
        for seal in seals(other) {
            var event = AuditEvent(.witness, at: start)
            (event.from, event.target, event.seq) = ("10.0.0.3:8080", "epoch \(seal.epoch)", seal.n)
            event.change = seal.macText
            writer.mustWrite(event, at: start)
        }
        let all = try AuditWitness(seen, leader: nil)
        #expect(all.leaders == [WitnessTests.leader, "10.0.0.3:8080"])
        let own = try AuditWitness(seen, leader: WitnessTests.leader)
        #expect(own.count == 2 && own.newest == 1)
        #expect(try problems(folder, key, own) == [])
        #expect(try AuditWitness(seen, leader: "10.0.0.4:8080").count == 0)
        #expect(try !problems(folder, key, all).isEmpty)
    }

    @Test("A seal is not told to followers before it is on the disk: a crash may undo it")
    func told() throws {
        let folder = MemoryFolder()
        let key = try SealingKey.initialize(folder)
        var writer = try AuditWriter(folder, options(), at: start)
        writer.mustWrite(event(.login), at: start)
        folder.set(.sync, fails: .ioError)
        writer.tick(at: start + 15 * minute)
        let (early, isWritable) = (writer.newestSeal, writer.health.isWritable)
        #expect(early == nil && !isWritable)
        let crashed = folder.crash()
        folder.set(.sync, fails: nil)
        writer.tick(at: start + 16 * minute)
        let newest = writer.newestSeal
        let told = try #require(newest)
        #expect(told.epoch == 0)
        let witness = try AuditWitness(follower([told]), leader: nil)
        #expect(try problems(folder, key, witness) == [])
        // What the crash would have left has no such seal.
        #expect(seals(crashed) == [])
    }
}
