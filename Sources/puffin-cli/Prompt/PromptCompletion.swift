// The prompt's Tab key: command names, keys of the server, and usage.

import BlockingClient
import Bytes
import Commands
import Shell

/// Answers the Tab key.
struct PromptCompletion {
    let session: PromptSession

    /// Candidates shown at once.
    private static let shownLimit = 60

    /// - Parameter line: the text before the cursor.
    func answer(before line: String) -> EditorAnswer {
        switch Completion(before: line, locals: PromptHelp.locals) {
        case .command(let prefix): return choose(prefix, among: names(beginningWith: prefix))
        case .topic(let prefix): return choose(prefix, among: names(beginningWith: prefix))
        case .key(let prefix):
            guard let link = session.existingLink else { return .beep }
            return choose(prefix, among: keys(over: link, beginningWith: prefix).map { lineSpelling(of: $0) })
        case .word(let prefix, let words):
            let isLower = prefix != prefix.uppercased()
            let fitting = words.filter { $0.hasPrefix(prefix.uppercased()) }
            return choose(prefix, among: isLower ? fitting.map { $0.lowercased() } : fitting)
        case .usage(let usage): return .show([usage])
        case .nothing: return .beep
        }
    }

    /// In the letter case of the word begun.
    private func names(beginningWith prefix: String) -> [String] {
        let names =
            Catalog.commands.filter { !$0.isHidden }.map(\.name) + PromptHelp.locals.keys.map { $0.uppercased() }
        let isLower = prefix != prefix.uppercased()
        return names.filter { $0.hasPrefix(prefix.uppercased()) }.map { isLower ? $0.lowercased() : $0 }.sorted()
    }

    private func choose(_ prefix: String, among candidates: [String]) -> EditorAnswer {
        // A key that must be quoted does not begin as typed.
        let fitting = candidates.filter { $0.hasPrefix(prefix) }
        guard let first = fitting.first else { return candidates.isEmpty ? .beep : .show(candidates) }
        if fitting.count == 1, candidates.count == 1 { return .insert(String(first.dropFirst(prefix.count)) + " ") }
        let common = commonPrefix(of: fitting)
        if common.count > prefix.count, fitting.count == candidates.count {
            return .insert(String(common.dropFirst(prefix.count)))
        }
        let shown = Array(candidates.prefix(PromptCompletion.shownLimit))
        let more = candidates.count > shown.count ? ["… and \(candidates.count - shown.count) more"] : []
        return .show(columns(shown) + more)
    }

    /// As many columns as 78 characters hold.
    private func columns(_ words: [String]) -> [String] {
        let width = (words.map(\.count).max() ?? 0) + 2
        let perLine = max(1, 78 / width)
        return stride(from: 0, to: words.count, by: perLine).map { start in
            words[start..<min(start + perLine, words.count)].map { padded($0, width, left: true) }.joined()
        }
    }
}
