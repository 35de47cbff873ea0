// What a server records: events are gathered in a turn, and given to the thread at its end.

import Access
import Audit
import Bytes
import Commands
import Logging
import Reactor
import Store
import Wire

/// The audit of a server. Used on the loop's thread.
final class AuditTrail {
    private(set) var settings: AuditSettings
    private let thread: AuditThread
    private var coalescer = AuditCoalescer()
    /// The events of this turn, and their receipt.
    private var gathered: [AuditEvent] = []
    private var receipt = AuditReceipt()
    private var needsSync = false
    private let readPrefixes: [[UInt8]]
    private let writePrefixes: [[UInt8]]
    private let keys: AuditKeys
    /// The commands whose requests are recorded. Their sessions run them by way of `Session.runOnALook`.
    let watched: RowSet
    /// The newest seal of this server's leader.
    private var witnessed: PeerSeal?

    init(_ settings: AuditSettings, _ thread: AuditThread) {
        self.settings = settings
        self.thread = thread
        readPrefixes = settings.readPrefixes.map { Array($0.utf8) }
        writePrefixes = settings.writePrefixes.map { Array($0.utf8) }
        keys = settings.keys
        watched = RowSet(
            Catalog.rows.filter { spec in
                if let kind = AuditTrail.kind(of: spec) { return settings.records(kind) }
                let access = spec.recordedAccess
                return access.contains(.read) && !settings.readPrefixes.isEmpty
                    || access.contains(.write) && !settings.writePrefixes.isEmpty
            })
    }

    /// What a command's requests are recorded as, whatever their keys are; nil for those that only keys can tell. Changes of users
    /// are recorded where they are made.
    static func kind(of spec: CommandSpec) -> AuditEvent.Kind? {
        if spec.categories.contains(.clear) { return .clear }
        return spec.categories.contains(.operate) ? .admin : nil
    }

    // MARK: State

    /// The newest state of the files. Events that were not given to the thread yet need room there, too.
    var state: AuditState { thread.state(with: gathered.count + coalescer.count + 1) }

    /// Why requests that are recorded are refused; nil if they are not.
    var obstacle: AuditError? { obstacle(toRecord: 1) }

    /// The same for a request with so many events.
    func obstacle(toRecord count: Int) -> AuditError? {
        guard settings.onFailure == .refuse else { return nil }
        return thread.state(with: gathered.count + coalescer.count + count).health.failure
    }

    /// Why what would be recorded as an event of this kind is refused; nil if it is not.
    func obstacle(to kind: AuditEvent.Kind) -> AuditError? { settings.records(kind) ? obstacle : nil }

    /// The newest seal of this run, for heartbeats.
    var seal: PeerSeal? {
        state.seal.map { PeerSeal(n: $0.n, epoch: $0.epoch, mac: $0.macText) }
    }

    /// Whether answers wait for the disk.
    var isWaitedFor: Bool { settings.durability == .always }

    // MARK: Recording

    /// Records an event, if its kind is wanted.
    /// - Returns: what becomes of it; nil if it is not recorded, or joined with later ones.
    @discardableResult
    func record(_ event: AuditEvent) -> AuditReceipt? {
        guard settings.records(event.kind), let event = coalescer.add(event) else { return nil }
        gathered.append(event)
        if isWaitedFor, event.kind != .denied, event.kind != .refused { needsSync = true }
        return receipt
    }

    /// Gives the events of the turn to the thread.
    /// - Parameter now: Unix milliseconds.
    @inline(__always)
    func flush(at now: UInt64) {
        if !gathered.isEmpty { submit(at: now) }
    }

    private func submit(at now: UInt64) {
        thread.write(gathered, syncs: needsSync, receipt, at: now)
        gathered.removeAll()
        (receipt, needsSync) = (AuditReceipt(), false)
    }

    /// Upkeep, once a second.
    /// - Parameters:
    ///   - history: the data set's; empty while it is not known.
    ///   - now: Unix milliseconds.
    func tick(history: String, at now: UInt64) {
        for event in coalescer.take(at: now) { gathered.append(event) }
        let settings = settings
        thread.tick(at: now) { options in
            if !history.isEmpty { options.history = history }
            options.retainAge = settings.retainAge
            options.retainSize = settings.retainSize
        }
    }

    /// Applies the settings that need no restart.
    func change(to fresh: AuditSettings) {
        settings.onFailure = fresh.onFailure
        (settings.retainAge, settings.retainSize) = (fresh.retainAge, fresh.retainSize)
    }

    /// Writes what is left and seals it.
    /// - Parameter now: Unix milliseconds.
    func close(at now: UInt64) {
        gathered += coalescer.takeAll()
        var event = AuditEvent(.settings, at: now)
        (event.change, event.result) = ("stop", "ok")
        record(event)
        flush(at: now)
        thread.close(at: now)
    }

    /// Records the newest seal of this server's leader, so that the leader's audit can be compared with it.
    func witness(_ seal: PeerSeal, of leader: String, at now: UInt64) {
        guard seal != witnessed else { return }
        witnessed = seal
        var event = AuditEvent(.witness, at: now)
        (event.from, event.target, event.seq) = (leader, "epoch \(seal.epoch)", seal.n)
        event.change = seal.mac
        record(event)
    }

    // MARK: Keys

    /// How events show a key.
    func shown(_ key: Span<UInt8>) -> AuditEvent.Key? { keys.shown(key) }

    /// Whether what a request does with a key is recorded, and as what.
    func kind(of access: KeyAccess, to key: Span<UInt8>) -> AuditEvent.Kind? {
        if access.contains(.write), key.begins(withAnyOf: writePrefixes) { return .write }
        if access.contains(.read), key.begins(withAnyOf: readPrefixes) { return .read }
        return nil
    }

    /// Whether commands that read all pairs, and list some, are recorded.
    var recordsListings: Bool { !readPrefixes.isEmpty }
}

extension CommandSpec {
    /// What a command may do that is recorded by the keys that it concerns.
    fileprivate var recordedAccess: KeyAccess {
        switch reach {
        case .named: keys.widestAccess
        case .listed: .read
        case .counted: []
        case .whole(let access): access
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func begins(withAnyOf prefixes: [[UInt8]]) -> Bool {
        for prefix in prefixes where count >= prefix.count {
            if extracting(0..<prefix.count).equals(prefix.span) { return true }
        }
        return false
    }
}
