// What to measure and how often. A fixed count makes two runs comparable instruction by instruction.

/// The command line: `--only NAME`, `--count N`, `--rounds N`, `--list`.
struct Options {
    var only: String?
    var count = 1_000_000
    var rounds = 7
    var lists = false

    /// - Returns: nil if an argument is none of these.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--list": lists = true
            case "--only":
                guard let value = rest.popFirst() else { return nil }
                only = value
            case "--count", "--rounds":
                guard let number = rest.popFirst().flatMap({ Int($0) }), number > 0 else { return nil }
                if name == "--count" { count = number } else { rounds = number }
            default: return nil
            }
        }
    }
}
