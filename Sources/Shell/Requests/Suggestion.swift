// Suggestions for unknown words.

import Bytes
import Wire

/// The one of `candidates` that `word` most likely meant, in any case.
/// - Returns: nil if none is near: one error in a short word, two in one of seven letters or more.
package func nearest(to word: String, among candidates: [String]) -> String? {
    let typed = word.lowercased()
    let ranked = candidates.map { (name: $0, distance: editDistance(typed, $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= (typed.count < 7 ? 1 : 2) else {
        return nil
    }
    return best.name
}

/// The request that asks whether a server has a command.
package func commandInfoRequest(_ name: String) -> [[UInt8]] { ["COMMAND", "INFO", name].map { Array($0.utf8) } }

/// Whether the reply to that says it does not. Error sentences are for people, so they are not parsed.
package func saysUnknown(_ reply: Reply) -> Bool { reply == .array([.null]) }
