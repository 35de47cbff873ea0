// The nearest match of a word that is not known.

/// The one of `candidates` that `word` was most likely meant to be, in any case.
/// - Returns: nil where none is near: one slip in a short word, two in one of seven letters or more.
package func nearest(to word: String, among candidates: [String]) -> String? {
    let typed = Array(word.lowercased().unicodeScalars)
    let limit = typed.count < 7 ? 1 : 2
    let ranked = candidates.map { ($0, distance(typed, Array($0.lowercased().unicodeScalars))) }
    guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= limit else { return nil }
    return best.0
}

/// How many characters have to be put in, taken out, changed, or exchanged with their neighbours (Damerau and Levenshtein,
/// each place touched once).
private func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var row = Array(0...right.count)
    for i in 0..<left.count {
        var next = [i + 1]
        for j in 0..<right.count {
            var steps = min(row[j + 1] + 1, next[j] + 1, row[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { steps = min(steps, before[j - 1] + 1) }
            next.append(steps)
        }
        before = row
        row = next
    }
    return row[right.count]
}
