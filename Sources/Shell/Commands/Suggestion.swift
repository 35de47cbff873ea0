// The nearest match of a word that is not known.

import Bytes

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
