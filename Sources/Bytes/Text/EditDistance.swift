// The distance between two words, to suggest what a misspelled name meant.

/// The number of characters to add, remove, change or swap with a neighbour to turn one text into the other (optimal
/// string alignment distance, after Damerau, 1964, and Levenshtein, 1966). For texts of more than 200 characters it
/// returns only a bound, since no name is that long.
package func editDistance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first), Array(second.prefix(200)))
    guard !first.isEmpty, first.count <= 200 else { return max(first.count, second.count) }
    var before: [Int] = []
    var row = Array(0...second.count)
    for i in first.indices {
        var next = [i + 1]
        for j in second.indices {
            var steps = min(row[j + 1] + 1, next[j] + 1, row[j] + (first[i] == second[j] ? 0 : 1))
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                steps = min(steps, before[j - 1] + 1)
            }
            next.append(steps)
        }
        (before, row) = (row, next)
    }
    return row[second.count]
}
