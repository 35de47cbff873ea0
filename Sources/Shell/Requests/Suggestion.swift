// The nearest match of a word that is not known.

import Bytes
import Wire

/// The one of `candidates` that `word` was most likely meant to be, in any case.
/// - Returns: nil where none is near: one slip in a short word, two in one of seven letters or more.
package func nearest(to word: String, among candidates: [String]) -> String? {
    let typed = word.lowercased()
    let ranked = candidates.map { (name: $0, distance: editDistance(typed, $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= (typed.count < 7 ? 1 : 2) else {
        return nil
    }
    return best.name
}

/// The request that asks a server whether it has a command.
package func commandInfoRequest(_ name: String) -> [[UInt8]] { ["COMMAND", "INFO", name].map { Array($0.utf8) } }

/// Whether a server's reply to that says that it has none. What an error says is for people.
package func saysUnknown(_ reply: Reply) -> Bool { reply == .array([.null]) }
