// The settings of the audit.

import Audit
import Server
import Settings

extension ServerSettings {
    static let audit: [ServerSetting] = [
        ServerSetting(
            "audit.enabled", \.audit.isEnabled, flag: "audit", .truth, default: "false",
            "Record who logged in, was refused, changed users, and administered the server, in files of their own."),
        ServerSetting(
            "audit.folder", \.audit.folder, .optionalFile, default: "none",
            "The folder of the audit; none = the data file's name with .audit added."),
        ServerSetting(
            "audit.events", \.audit.kinds, listOf: .auditedKind,
            default: AuditSettings.allKinds.map(\.rawValue),
            "The kinds of events that are recorded, besides reads and writes; login stands for logout too."),
        ServerSetting(
            "audit.reads", \.audit.readPrefixes, listOf: .keyPrefix,
            "The beginnings of keys of which reads are recorded. Commands that list keys are then recorded too."),
        ServerSetting(
            "audit.writes", \.audit.writePrefixes, listOf: .keyPrefix,
            "The beginnings of keys of which changes are recorded."),
        ServerSetting(
            "audit.keys", \.audit.keyForm, .choice(), default: "plain",
            """
            How events show keys: plain; hashed = as HMAC-SHA-256 with audit.key_secret, so that equal keys are recognised and not \
            read; omitted = not at all.
            """),
        ServerSetting(
            secret: "audit.key_secret", \.audit.keySecret, .keySecret, default: "none",
            "The secret of hashed keys in the audit."),
        ServerSetting(
            "audit.durability", \.audit.durability, .choice(), default: "interval",
            """
            interval = the audit is synced each second; always = logins, changes of users, administration and FLUSHALL are answered \
            when their line is on the disk.
            """),
        ServerSetting(
            "audit.on_failure", \.audit.onFailure, .choice(), default: "continue", isLive: true,
            """
            What happens while the audit cannot be written: continue = events are counted as lost; refuse = logins and requests that \
            are recorded are refused, and the server does not start.
            """),
        ServerSetting(
            "audit.segment_size", \.audit.segmentSize, .size(from: 64 << 10), default: "64M",
            "The size at which a file of the audit is followed by the next. Each day begins one too."),
        ServerSetting(
            "audit.retain_age", \.audit.retainAge, .age, default: "0", isLive: true,
            "Files of the audit that are older are removed; 0 keeps them."),
        ServerSetting(
            "audit.retain_size", \.audit.retainSize, .size(), default: "0", isLive: true,
            "The oldest files of the audit are removed while all of them together are larger; 0 keeps them."),
    ]
}

extension ValueType<AuditEvent.Kind> {
    /// A kind of events that `audit.events` names.
    static var auditedKind: ValueType {
        let words = AuditSettings.allKinds.map(\.rawValue)
        return ValueType(words.joined(separator: ", "), words: words) { text in
            AuditSettings.allKinds.first { $0.rawValue == text }
        }
    }
}

extension ValueType<String> {
    /// The beginning of keys.
    static var keyPrefix: ValueType {
        ValueType("the beginning of keys, such as billing:, of 1 to 1024 bytes") { text in
            (1...1024).contains(text.utf8.count) ? text : nil
        }
    }
}

extension ValueType<[UInt8]> {
    /// The secret of hashed keys, or none.
    static var keySecret: ValueType {
        let sizes = AuditSettings.secretSizes
        return ValueType("\(sizes.lowerBound) to \(sizes.upperBound) bytes, or none", words: ["none"]) { text in
            if text == "none" { return [] }
            return sizes.contains(text.utf8.count) ? Array(text.utf8) : nil
        }
    }
}
