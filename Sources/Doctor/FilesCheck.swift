// The files of the data set: whether a start would accept them, and what earlier starts have set aside.

import Bytes

/// What was found in the files.
package struct FilesReading: Sendable {
    /// A file that is not as it should be.
    package struct Problem: Equatable, Sendable {
        package enum Kind: Sendable {
            case damage
            case version
            /// This user may not read it.
            case access
        }

        package let text: String
        package let kind: Kind

        package init(_ text: String, _ kind: Kind = .damage) { (self.text, self.kind) = (text, kind) }

        fileprivate var advice: String {
            switch kind {
            case .damage: "puffin-server log verify, then restore a copy or see log repair --plan"
            case .version: "use the Puffin that wrote it"
            case .access: "run this as the user of the server"
            }
        }
    }

    /// Whether there is a data set.
    package var exists = true
    package var problem: Problem?
    /// What a crash has left behind the last change, in bytes.
    package var tornSize = 0
    /// Whether every line was read, rather than the files' heads and the open end.
    package var isDeep = false
    package var segments = 0
    /// The newest change.
    package var last: UInt64 = 0
    package var history: String?
    /// Whether a server is writing the files now.
    package var isInUse = false

    package init() {}

    package var finding: Finding {
        guard exists else { return Finding("files", ok: "no data set yet: a start makes one") }
        if let problem { return Finding("files", failure: problem.text, advice: problem.advice) }
        let how = isDeep ? "every line is sound" : "heads and the open end are sound"
        let text =
            "\(how): changes to \(last) in \(counted(segments, "segment")), history \(history ?? "unknown")"
            + (isDeep ? "" : "; --deep reads every line")
        let figures = [Finding.Figure("segments", segments), Finding.Figure("last_change", Int(clamping: last))]
        guard tornSize == 0 || isInUse else {
            return Finding(
                "files", warning: "\(text); behind them \(tornSize) bytes of a write that was cut short",
                advice: "nothing: the next start sets them aside", figures: figures)
        }
        return Finding("files", ok: text, figures: figures)
    }
}

/// A file that a start, a follower or a repair has set aside, or that Puffin does not know.
package struct AsideFile: Equatable, Sendable {
    package let path: String
    /// In bytes.
    package let size: Int

    package init(path: String, size: Int) { (self.path, self.size) = (path, size) }

    private static let words = ["torn", "damaged", "diverged", "superseded"]

    /// Why a file was set aside, by its name; nil if it was not.
    package static func reason(_ name: String) -> String? {
        words.first { word in
            guard let range = name.ranges(of: ".\(word)-").last else { return false }
            let time = name[range.upperBound...]
            return !time.isEmpty && time.allSatisfy { $0.isASCII && $0.isNumber }
        }
    }
}

/// What was set aside.
package struct AsideReading: Sendable {
    package let files: [AsideFile]

    package init(_ files: [AsideFile]) { self.files = files }

    package var finding: Finding {
        guard let first = files.first else { return Finding("set aside", ok: "nothing") }
        let size = files.reduce(0) { $0 + $1.size }
        let names = files.count == 1 ? first.path : "\(first.path) and \(files.count - 1) more"
        let text = "\(counted(files.count, "file")), \(ByteSize(size)): \(names)"
        let figures = [Finding.Figure("files", files.count), Finding.Figure("bytes", size)]
        // A torn write was never acknowledged.
        if files.allSatisfy({ AsideFile.reason($0.path) == "torn" }) {
            return Finding("set aside", ok: text, figures: figures)
        }
        return Finding(
            "set aside", warning: text,
            advice:
                "they may have changes that the data set lacks: read them (jq), set again what you need, then remove them",
            figures: figures)
    }
}
