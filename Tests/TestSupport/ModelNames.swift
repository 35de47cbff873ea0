// The names on a model disk, twice: as a lookup finds them, and as they are guaranteed to be after a power failure.

/// Which name leads to which file, and the changes to that which were not synced yet.
struct ModelNames: Sendable {
    /// The numbers of the files, by path.
    private(set) var files: [String: Int] = [:]
    private var durable: [String: Int] = [:]
    private var changes: [Change] = []

    fileprivate enum Change {
        case link(String, Int)
        case unlink(String)
        case rename(String, to: String, Int)
    }

    mutating func link(_ path: String, to file: Int) { change(.link(path, file)) }
    mutating func unlink(_ path: String) { change(.unlink(path)) }
    mutating func rename(_ path: String, to name: String) {
        if let file = files[path] { change(.rename(path, to: name, file)) }
    }

    private mutating func change(_ change: Change) {
        change.apply(to: &files)
        changes.append(change)
    }

    /// The files that a name leads to, or can lead to after a power failure.
    var everReachable: Set<Int> {
        Set(files.values).union(durable.values).union(changes.compactMap(\.file))
    }

    /// The last parts of the names in a folder.
    func names(in folder: String) -> [String] {
        files.keys.filter { ModelNames.folder(of: $0) == folder }.map { String($0.dropFirst(folder.count + 1)) }
    }

    /// What stands before the last `/`.
    static func folder(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// Makes the names in `folder` durable.
    mutating func sync(_ folder: String) {
        for change in changes where change.folder == folder { change.apply(to: &durable) }
        changes.removeAll { $0.folder == folder }
    }

    /// Gives a folder another name, for good.
    mutating func move(_ folder: String, to name: String) {
        func moved(_ files: [String: Int]) -> [String: Int] {
            var moved: [String: Int] = [:]
            for (path, file) in files {
                moved[ModelNames.folder(of: path) == folder ? name + path.dropFirst(folder.count) : path] = file
            }
            return moved
        }
        sync(folder)
        (files, durable) = (moved(files), moved(durable))
    }

    /// Keeps what was synced, and of the rest each change or not, as `survival` decides.
    mutating func losePower(_ survival: inout Survival) {
        for change in changes where survival.choice(of: 1) == 1 { change.apply(to: &durable) }
        changes = []
        files = durable
    }
}

extension ModelNames.Change {
    var folder: String {
        switch self {
        case .link(let path, _), .unlink(let path), .rename(let path, _, _): ModelNames.folder(of: path)
        }
    }

    var file: Int? {
        switch self {
        case .link(_, let file), .rename(_, _, let file): file
        case .unlink: nil
        }
    }

    func apply(to files: inout [String: Int]) {
        switch self {
        case .link(let path, let file):
            files[path] = file
        case .unlink(let path):
            files[path] = nil
        case .rename(let path, let name, let file):
            files[path] = nil
            files[name] = file
        }
    }
}
