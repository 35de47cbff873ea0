// `puffin-server log repair`.

import ArgumentParser
import Bytes
import Inspection
import Reactor
import Store

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Plans or applies a repair: what it keeps, sets aside and loses.",
        discussion: """
            A repair keeps everything up to the first damage. It deletes nothing: the rest is renamed, with .damaged- \
            (or .torn-) and the time. --apply needs the server to be stopped.
            """)

    @OptionGroup var data: DataFlags

    @Flag(
        name: [.customLong("plan"), .customLong("plan", withSingleDash: true)],
        help: "Print what a repair would do, and change nothing.")
    var plan = false

    @Flag(name: [.customLong("apply"), .customLong("apply", withSingleDash: true)], help: "Carry out the repair.")
    var apply = false

    func validate() throws {
        guard plan != apply else {
            throw ValidationError("choose one: --plan says what would be kept, set aside and lost, --apply does it")
        }
    }

    func run() throws {
        try inspecting { output in
            if apply { return try applied(&output) }
            let files = try data.files()
            let verification = try Verification.run(files, on: LocalDisk())
            let plan = try RepairPlan(verification)
            try output.write(PlanText(plan, files, isDone: false).text)
            try output.flush()
            if plan.obstacle != nil { throw ExitCode(6) }
        }
    }

    private func applied(_ output: inout StandardOutput) throws {
        let files = try data.files()
        let repair = try Repair(files, on: LocalDisk(), time: WallClock.milliseconds)
        let text = PlanText(repair.plan, files, isDone: true).text
        guard repair.plan.obstacle == nil else {
            try output.write(text)
            throw ExitCode(6)
        }
        try repair.apply()
        try output.write(text)
        for path in repair.setAside { try output.write("is now: \(path)\n") }
        if !repair.setAside.isEmpty { try output.write("Done. Start the server, then keep or delete these files.\n") }
    }
}

/// A plan as text.
private struct PlanText {
    private let plan: RepairPlan
    private let files: DataFiles
    private let isDone: Bool

    init(_ plan: RepairPlan, _ files: DataFiles, isDone: Bool) {
        self.plan = plan
        self.files = files
        self.isDone = isDone
    }

    var text: String {
        if let obstacle = plan.obstacle {
            return (found + ["Cannot be repaired: \(obstacle)"]).joined(separator: "\n") + "\n"
        }
        guard plan.isNeeded else { return "Nothing to repair: everything is sound up to change \(plan.kept.seq)\n" }
        let lines = found + ["keep: \(kept)"] + plan.steps.map(line) + ["lose: \(lost)"] + details
        let end = "Nothing was changed; --apply does it" + (isTailOnly ? ", and so does the next start" : "")
        return (isDone ? lines : lines + [end]).joined(separator: "\n") + "\n"
    }

    private var isTailOnly: Bool {
        plan.steps.allSatisfy { if case .setTailAside = $0 { true } else { false } }
    }

    /// The first damage of each file.
    private var found: [String] {
        plan.verification.files.compactMap { file in
            switch file.state {
            case .damaged(let damage):
                "damaged: \(damage.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), "
                    + "found \(damage.found)"
            case .otherVersion(let found): "of another version: \(file.path): \(found)"
            case .sound where file.kind == .gap: "missing: changes \(file.first) to \(file.last)"
            case .sound, .torn: nil
            }
        }
    }

    private var kept: String {
        let pairs = plan.lostPairs.map { lost in
            let notes = lost.expectedNoteCount ?? lost.keptNoteCount > 0 ? " and \(lost.keptNoteCount) notes" : ""
            return ", \(lost.keptCount) pairs\(notes) of the snapshot among them"
        }
        return "changes up to \(plan.kept.seq)\(pairs ?? "")"
    }

    private func line(_ step: RepairStep) -> String {
        switch step {
        case .rewriteSnapshot: "set aside: \(files.snapshot), and write its sound pairs to a new one"
        case .setSnapshotAside: "set aside: \(files.snapshot); the log has everything from change 1 on"
        case .cut(let segment, let end): "set aside: \(files.segment(firstSeq: segment)) from byte \(end) on"
        case .setMarkAside(let reached):
            "set aside: \(files.folder.appending("DURABLE")), which says that the log reached change \(reached)"
        case .setAside(let segment): "set aside: \(files.segment(firstSeq: segment))"
        case .setTailAside(let segment, let end, let size):
            "set aside: \(size) bytes from byte \(end) on of \(files.segment(firstSeq: segment)), a write that was cut short"
        }
    }

    private var lost: String {
        guard let lost = plan.lost else { return plan.lostPairs == nil ? "nothing" : lostPairs }
        let changes =
            "changes \(lost.first) to \(lost.last) (\(lost.count)), of which \(lost.readableCount) can still be read"
        return plan.lostPairs == nil ? changes : changes + "; " + lostPairs
    }

    private var lostPairs: String {
        guard let pairs = plan.lostPairs else { return "nothing" }
        guard let expected = pairs.expectedCount else {
            return "\(pairs.lineCount) lines of the snapshot, and what stood behind its end, which is missing"
        }
        let all = pairs.expectedNoteCount ?? 0
        let notes = all > 0 ? " and \(all - pairs.keptNoteCount) of its \(all) notes" : ""
        return
            "\(expected - pairs.keptCount) of the snapshot's \(expected) pairs\(notes), in \(pairs.lineCount) damaged lines"
    }

    private var details: [String] {
        var lines: [String] = []
        if let lost = plan.lost, lost.readableCount > 0 {
            let keys = lost.keys.map { $0.span.excerpt(of: 60) }.joined(separator: ", ")
            let more = lost.keyCount > lost.keys.count ? ", …" : ""
            lines.append("the readable ones touch \(lost.keyCount) keys: \(keys)\(more)")
            if !lost.notes.isEmpty {
                lines.append("and notes: " + lost.notes.map(\.description).joined(separator: ", "))
            }
            if lost.hasClear { lines.append("one of them removes every pair") }
        }
        for line in plan.lostPairs?.lines ?? [] {
            let key =
                line.key.map { "key " + $0.span.excerpt(of: 60) } ?? line.note?.description ?? "its key is not legible"
            lines.append("snapshot line \(line.number): \(key)")
        }
        if let pairs = plan.lostPairs, pairs.lineCount > pairs.lines.count { lines.append("and further lines") }
        return lines
    }
}
