// What somebody may have meant who wrote something else.

/// The one of `names` that differs least from `text`; nil where all differ too much for it to be a slip.
/// - Parameter part: the part of `text` that may be wrong; nil for all of it.
package func nearest(to text: String, of names: [String], part: String? = nil) -> String? {
    let limit = max(1, (part ?? text).count / 3)
    let found = names.map { (name: $0, distance: editDistance(text.lowercased(), $0.lowercased())) }.min {
        $0.distance < $1.distance
    }
    return found.flatMap { $0.distance <= limit ? $0.name : nil }
}

/// How many characters have to be added, removed, changed or swapped with their neighbour to make one text the other (the
/// optimal string alignment distance).
func editDistance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first), Array(second.prefix(200)))
    guard !first.isEmpty, first.count <= 200 else { return max(first.count, second.count) }
    var rows = [Array(0...second.count)]
    for row in 1...first.count {
        var current = [row]
        for column in stride(from: 1, through: second.count, by: 1) {
            let isSame = first[row - 1] == second[column - 1]
            var cost = min(rows[row - 1][column] + 1, current[column - 1] + 1)
            cost = min(cost, rows[row - 1][column - 1] + (isSame ? 0 : 1))
            if row > 1, column > 1, first[row - 1] == second[column - 2], first[row - 2] == second[column - 1] {
                cost = min(cost, rows[row - 2][column - 2] + 1)
            }
            current.append(cost)
        }
        rows.append(current)
    }
    return rows[first.count][second.count]
}

/// Somebody's text between quotes, on one line and not too long.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { scalar in
        scalar.properties.generalCategory == .control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return "'" + shown.joined() + (text.unicodeScalars.count > 80 ? "…'" : "'")
}
