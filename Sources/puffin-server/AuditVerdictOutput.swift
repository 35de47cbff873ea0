// What `puffin-server audit verify` prints.

import Audit
import Bytes

extension ByteBuffer {
    /// Appends a verdict for people: a line for each finding, then the summary.
    mutating func append(text verdict: AuditVerdict) {
        for finding in verdict.findings { append(text: "\(finding)\n") }
        if verdict.findings.count == AuditVerdict.findingLimit { append("Further findings are not listed\n") }
        append(text: summary(verdict) + "\n")
        if let first = verdict.first, first > 1 {
            append(text: "Events before \(first) are not in this folder: retention removes the oldest segments\n")
        }
        if verdict.unsealedBefore > 0 {
            append(text: "Without proof because they precede sealing: \(counted(verdict.unsealedBefore, "event"))\n")
        }
        if verdict.seals > 0, verdict.unsealed > 0 {
            append(text: "Without proof because they follow the last seal: \(counted(verdict.unsealed, "event"))\n")
        }
        if verdict.seals > 0, !verdict.hasKey {
            append("No key was given: the seals' codes were not checked (--key-file)\n")
        }
        if verdict.hasKey, !verdict.hasSealFile {
            append("SEAL is not in this folder: epochs removed from the end cannot be noticed\n")
        }
        if verdict.witnessed > 0 {
            append(text: "Compared with a follower's audit: \(counted(verdict.witnessed, "seal"))\n")
        }
        if verdict.tornSize > 0 {
            append(
                text:
                    "\(counted(verdict.tornSize, "byte")) at the end are no whole line: a server is writing, or has crashed\n"
            )
        }
    }

    /// Appends a verdict as a JSON object.
    mutating func append(object verdict: AuditVerdict) {
        append(json: .compact) { json in
            json.object { json in
                json.member("state", verdict.isSound ? "sound" : "altered")
                json.member("first", verdict.first)
                json.member("last", verdict.last)
                json.member("events", verdict.events)
                json.member("lost", verdict.lost)
                json.member("seals", verdict.seals)
                json.member("first_epoch", verdict.firstEpoch)
                json.member("last_epoch", verdict.lastEpoch)
                json.member("first_altered_epoch", verdict.firstAlteredEpoch)
                json.member("unsealed_before", verdict.unsealedBefore)
                json.member("unsealed", verdict.unsealed)
                json.member("torn", verdict.tornSize)
                json.member("key", verdict.hasKey)
                json.member("seal_file", verdict.hasSealFile)
                json.member("witnessed", verdict.witnessed)
                json.member("findings", list: { json in for finding in verdict.findings { write(finding, to: &json) } })
            }
        }
        append("\n")
    }
}

private func write(_ finding: AuditFinding, to json: inout JSONWriter) {
    json.object { json in
        json.member("file", finding.file.isEmpty ? nil : finding.file)
        json.member("line", finding.line)
        json.member("epoch", finding.epoch)
        json.member("meaning", finding.meaning)
    }
}

private func summary(_ verdict: AuditVerdict) -> String {
    let range = verdict.first.map { "events \($0) to \(verdict.last ?? $0)" } ?? "no events"
    let lost = verdict.lost > 0 ? ", \(counted(Int(clamping: verdict.lost), "event")) lost and counted" : ""
    var seals = ", no seals"
    if let first = verdict.firstEpoch, let last = verdict.lastEpoch {
        seals = ", epochs \(first) to \(last)" + (verdict.hasKey ? " sealed with the key" : " sealed")
    }
    let what = "\(range) in \(counted(verdict.files.count, "segment"))\(seals)\(lost)"
    guard !verdict.isSound else { return "Sound: \(what)" }
    let epoch = verdict.firstAlteredEpoch.map { "; epoch \($0) is the first that is not as it was" } ?? ""
    return "Altered: \(what)\(epoch)"
}
