// Shell completion of a command's arguments: keys with the typed prefix, as many as are useful, or the words of its usage.
// A server that does not answer at once yields no keys.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import ConnectionOptions
import Program
import Shell
import Wire

/// The keys that begin with `prefix`, sorted: at most 100, found within a quarter of a second.
func keys(over link: ServerLink, beginningWith prefix: String) -> [[UInt8]] {
    let limit = 100
    let deadline = ContinuousClock.now + .milliseconds(250)
    var walk = KeyWalk(over: link, matching: GlobPattern.text(ofPrefix: Array(prefix.utf8)), count: 5000)
    var found: Set<[UInt8]> = []
    while found.count < limit, ContinuousClock.now < deadline, let keys = try? walk.next() { found.formUnion(keys) }
    return found.sorted { $0.lexicographicallyPrecedes($1) }.prefix(limit).map { $0 }
}

/// For the scripts of `--generate-completion-script`: they call puffin-cli with the words typed so far.
@Sendable func completeArguments(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    // From the command on, without options and their values.
    var request: [String] = []
    var address = environment("PUFFIN_ADDR") ?? ""
    var position = 1
    while position < min(index, words.count) {
        let word = words[position]
        if word.hasPrefix("-"), word != "-" {
            let isValued = PuffinCLI.commonValued.contains(String(word.drop { $0 == "-" }))
            if isValued, word.hasSuffix("addr"), position + 1 < words.count { address = words[position + 1] }
            position += isValued ? 2 : 1
        } else {
            request.append(word)
            position += 1
        }
    }
    if let spec = request.first.flatMap({ Catalog.find($0) }) {
        let options = spec.words(behind: request.map { Array($0.utf8) })
        if !options.isEmpty { return options.filter { $0.hasPrefix(prefix.uppercased()) } }
        let isKey = Catalog.find(request.map { Array($0.utf8) })?.keys.contains(request.count) == true
        guard isKey else { return [] }
    }
    let endpoint = address.isEmpty ? Endpoint() : try? Endpoint(parsing: address)
    // Options of the line are not known here, but for the address; what the environment says is.
    let access = ServerAccess(
        user: try? LoginOptions.parse([]).credentialsOfFiles(), security: try? SecurityOptions.parse([]).security())
    guard let endpoint, let link = try? ServerLink(to: endpoint, within: .milliseconds(300), access) else {
        return []
    }
    let found = keys(over: link, beginningWith: prefix).compactMap { String(validating: $0, as: UTF8.self) }
        // Other keys would need quoting, which differs between shells.
        .filter { $0.allSatisfy { $0.isLetter || $0.isNumber || "_-.:/@+,=".contains($0) } }
    guard CompletionShell.requesting == .zsh else { return found }
    // There a colon begins a description.
    return found.map { $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:") }
}
