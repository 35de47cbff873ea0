import Foundation
import ServerConfiguration
import Settings

/// A folder with configuration files, removed with its value.
final class ConfigFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "puffin-settings-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file.
    func write(_ content: String, to name: String = "config.yaml") throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }
}

/// A setting of the server.
func setting(_ name: String) -> Setting {
    guard let setting = ServerSettings.schema[name] else { preconditionFailure("no setting \(name)") }
    return setting
}

/// The settings that a file's content, flags and variables give.
/// - Throws: `ConfigErrors`, with the file's name alone as its path.
func resolve(
    file: String? = nil, flags: [(Setting, [String])] = [], environment: [String: String] = [:],
    schema: Schema = ServerSettings.schema
) throws -> Settings {
    let folder = try ConfigFolder()
    var sources = Sources()
    sources.flags = flags
    sources.environment = environment
    if let file {
        try folder.write(file)
        sources.config = folder.path + "/config.yaml"
    }
    do {
        return try sources.resolve(schema)
    } catch {
        throw Complaint(
            lines: "\(error)".replacingOccurrences(of: folder.path + "/", with: "").components(separatedBy: "\n"))
    }
}

/// What is wrong, a line for each.
struct Complaint: Error {
    let lines: [String]
}

/// The lines that say what is wrong; none if nothing is.
func complaints(
    file: String? = nil, flags: [(Setting, [String])] = [], environment: [String: String] = [:],
    schema: Schema = ServerSettings.schema
) throws -> [String] {
    do {
        _ = try resolve(file: file, flags: flags, environment: environment, schema: schema)
        return []
    } catch let complaint as Complaint {
        return complaint.lines
    }
}
