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

    /// Its name in reports.
    package var name: String {
        switch self {
        case .get, .readModifyWrite: "GET"
        case .set: "SET"
        case .delete: "DELETE"
        case .insert: "INSERT"
        case .scan: "SCAN"
        }
    }

    /// The operation as which it is measured.
    var measuredAs: LoadOperation { self == .readModifyWrite ? .get : self }
}

/// The share of each operation.
package struct OperationMix: Equatable, Sendable {
    private let weights: [Int]
    private let total: Int
    private let bounds: InlineArray<6, Int>

    /// - Parameter weights: by operation; others are 0, and at least one is not.
    package init(_ weights: [LoadOperation: Int]) {
        self.weights = LoadOperation.allCases.map { weights[$0] ?? 0 }
        var bounds = InlineArray<6, Int>(repeating: 0)
        var sum = 0
        for index in 0..<6 {
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

    package static func == (left: OperationMix, right: OperationMix) -> Bool { left.weights == right.weights }

    package func contains(_ operation: LoadOperation) -> Bool { weights[Int(operation.rawValue)] > 0 }

    /// Whether anything reads keys that must exist.
    package var needsData: Bool {
        contains(.get) || contains(.scan) || contains(.readModifyWrite) || contains(.delete)
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
