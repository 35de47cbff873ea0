// Keys for shell completion: those with the typed prefix, as many as are useful. A server that does not answer at once
// yields none.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

/// The keys that begin with `prefix`, sorted: at most 100, found within a quarter of a second.
func keys(over link: ServerLink, beginningWith prefix: String) -> [[UInt8]] {
    let limit = 100
    let deadline = ContinuousClock.now + .milliseconds(250)
    var walk = KeyWalk(over: link, matching: pattern(ofPrefix: prefix), count: 5000)
    var found: Set<[UInt8]> = []
    while found.count < limit, ContinuousClock.now < deadline, let keys = try? walk.next() { found.formUnion(keys) }
    return found.sorted { $0.lexicographicallyPrecedes($1) }.prefix(limit).map { $0 }
}

/// For the scripts of `--generate-completion-script`: they call puffin-cli with the words typed so far.
@Sendable func completeKeys(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    var address = environment("PUFFIN_ADDR") ?? ""
    for (option, value) in zip(words, words.dropFirst()) where option == "-addr" || option == "--addr" {
        address = value
    }
    let endpoint = address.isEmpty ? Endpoint() : try? Endpoint(parsing: address)
    guard let endpoint, let link = try? ServerLink(to: endpoint, within: .milliseconds(300)) else { return [] }
    let found = keys(over: link, beginningWith: prefix).compactMap { String(validating: $0, as: UTF8.self) }
        // Other keys would need quoting, which differs between shells.
        .filter { $0.allSatisfy { $0.isLetter || $0.isNumber || "_-.:/@+,=".contains($0) } }
    guard CompletionShell.requesting == .zsh else { return found }
    // There a colon begins a description.
    return found.map { $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:") }
}
