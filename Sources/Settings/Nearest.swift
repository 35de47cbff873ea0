// Suggestions for misspelled names.

import Bytes

/// The one of `names` that differs least from `text`; nil if all differ too much for a typing error.
/// - Parameter part: the part of `text` that may be wrong; nil for all of it.
package func nearest(to text: String, of names: [String], part: String? = nil) -> String? {
    // No name is longer, and the text would be compared with each.
    guard text.utf8.count <= 200 else { return nil }
    let limit = max(1, (part ?? text).count / 3)
    let found = names.map { (name: $0, distance: editDistance(text.lowercased(), $0.lowercased())) }.min {
        $0.distance < $1.distance
    }
    return found.flatMap { $0.distance <= limit ? $0.name : nil }
}

/// A user's text in quotes, on one line and shortened.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { scalar in
        scalar.steersTerminal ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return "'" + shown.joined() + (text.unicodeScalars.count > 80 ? "…'" : "'")
}
