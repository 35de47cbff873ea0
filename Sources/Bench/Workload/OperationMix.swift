// The operations of a load, and their shares.

import Bytes

/// A kind of request. Raw values index the measurements.
package enum LoadOperation: UInt8, CaseIterable, Sendable {
    case get
    case set
    case delete
    /// SET of a key that does not exist yet.
    case insert
    /// Some keys in order: by RANGE, or by KEYS with a prefix where the server has no RANGE.
    case scan
    /// GET of a key, followed by a SET of the same key after its reply. Measured as GET and SET.
    case readModifyWrite
    /// SET of a value that expires, in a line SETEX.
    case setExpiring
    /// GETEX, which prolongs the time to live.
    case getExpiring
    case expire
    case increment
    /// MSET of `groupSize` keys.
    case setMany
    /// MULTI, `groupSize` SETs and EXEC.
    case transaction
    /// The first page of a SCAN.
    case page

    /// The number of keys of `setMany` and `transaction`.
    package static let groupSize = 10
    /// The time to live of what expires, in seconds.
    static let timeToLive = 3600
    /// About how many keys a page of SCAN has.
    static let pageSize = 100

    /// Its name in reports.
    package var name: String {
        switch self {
        case .get, .readModifyWrite: "GET"
        case .set: "SET"
        case .delete: "DELETE"
        case .insert: "INSERT"
        case .scan: "SCAN"
        case .setExpiring: "SET EX"
        case .getExpiring: "GETEX"
        case .expire: "EXPIRE"
        case .increment: "INCR"
        case .setMany: "MSET 10"
        case .transaction: "MULTI 10"
        case .page: "SCAN 0"
        }
    }

    /// Its name in the option `--mix`; nil if presets alone have it.
    private var optionName: String? {
        switch self {
        case .get: "get"
        case .set: "set"
        case .delete: "delete"
        case .setExpiring: "set-ex"
        case .getExpiring: "getex"
        case .expire: "expire"
        case .increment: "incr"
        case .setMany: "mset"
        case .transaction: "multi"
        case .page: "scan"
        case .insert, .scan, .readModifyWrite: nil
        }
    }

    /// The operations that `--mix` can name.
    package static let options: [(name: String, operation: LoadOperation)] = allCases.compactMap { operation in
        operation.optionName.map { ($0, operation) }
    }

    /// The operation as which it is measured.
    var measuredAs: LoadOperation { self == .readModifyWrite ? .get : self }

    /// Whether its reply is the value of its key.
    var readsValue: Bool { self == .get || self == .readModifyWrite || self == .getExpiring }
    /// Whether it stores a value of its key.
    var storesValue: Bool { self == .set || self == .insert || self == .setExpiring }
    /// The number of replies.
    var replyCount: Int { self == .transaction ? LoadOperation.groupSize + 2 : 1 }
    /// Whether a line answers it, the last one of several, with a list.
    var answersList: Bool { self == .scan || self == .transaction || self == .page }
}

/// A number for each operation.
package typealias PerOperation = InlineArray<13, Int>

/// The share of each operation.
package struct OperationMix: Equatable, Sendable {
    private let weights: [Int]
    private let total: Int
    private let bounds: PerOperation

    /// - Parameter weights: by operation; others are 0, and at least one is not.
    package init(_ weights: [LoadOperation: Int]) {
        self.weights = LoadOperation.allCases.map { weights[$0] ?? 0 }
        var bounds = PerOperation(repeating: 0)
        var sum = 0
        for index in 0..<PerOperation.count {
            sum += self.weights[index]
            bounds[index] = sum
        }
        total = sum
        self.bounds = bounds
    }

    /// The largest accepted weight, of an operation or of a size.
    static let weightLimit = 1_000_000

    /// Parses `get:set:delete`, such as `90:10:0` or `90:10`.
    /// - Throws: `SettingsError`, which says what was expected.
    package init(parsing text: String) throws(SettingsError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...3).contains(parts.count),
            parts.allSatisfy({ $0.map { (0...OperationMix.weightLimit).contains($0) } ?? false }),
            parts.contains(where: { $0 != 0 })
        else {
            throw SettingsError(
                "--ratio is get:set:delete, such as 90:10:0: whole numbers, not all of them 0; found \"\(text)\"")
        }
        let kinds: [LoadOperation] = [.get, .set, .delete]
        self.init(Dictionary(uniqueKeysWithValues: zip(kinds, parts.map { $0 ?? 0 })))
    }

    /// Parses operations and their weights, such as `get=70,set-ex=15,expire=15`.
    /// - Throws: `SettingsError`, which says what was expected.
    package init(parsingMix text: String) throws(SettingsError) {
        var weights: [LoadOperation: Int] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            let weight = words.count == 1 ? 1 : words.count == 2 ? Int(words[1]) : nil
            guard let operation = LoadOperation.options.first(where: { $0.name == words[0] })?.operation, let weight,
                (1...OperationMix.weightLimit).contains(weight), weights.updateValue(weight, forKey: operation) == nil
            else {
                throw SettingsError(
                    "--mix is a list of operations and weights, such as get=90,set-ex=10, of "
                        + LoadOperation.options.map(\.name).joined(separator: ", ") + "; found \"\(text)\"")
            }
        }
        self.init(weights)
    }

    package static func == (left: OperationMix, right: OperationMix) -> Bool { left.weights == right.weights }

    package func contains(_ operation: LoadOperation) -> Bool { weights[Int(operation.rawValue)] > 0 }

    /// Whether anything reads keys that must exist.
    package var needsData: Bool {
        LoadOperation.allCases.contains { operation in
            let needsKey = operation.readsValue || [.scan, .delete, .expire, .page].contains(operation)
            return needsKey && contains(operation)
        }
    }

    package func next(_ random: inout SplitMix64) -> LoadOperation {
        let draw = random.below(total)
        var index = 0
        while draw >= bounds[index] { index &+= 1 }
        return LoadOperation(rawValue: UInt8(truncatingIfNeeded: index)) ?? .get
    }

    /// `95 % GET, 5 % SET`.
    package var summary: String {
        LoadOperation.allCases.filter(contains).map { operation in
            let name = operation == .readModifyWrite ? "GET then SET" : operation.name
            return
                "\(fixed(Double(weights[Int(operation.rawValue)]) * 100 / Double(total), 1, trimmed: true)) % \(name)"
        }.joined(separator: ", ")
    }
}
