// The beginning of every file of a data set: `{"puffin":KIND,"version":1`, or `…,"version":2,"needs":[…]` (see
// Needs.swift). Only this file writes and reads it, so requirements on readers beyond the version have one place.

import Bytes

extension ByteBuffer {
    /// Appends the header fields of a kind of file.
    package mutating func append(fileHeader kind: StaticString, needs: Needs = []) {
        append("{\"puffin\":\"")
        append(kind)
        guard !needs.isEmpty else { return append("\",\"version\":1") }
        append("\",\"version\":2,\"needs\":")
        append(needs: NamedNeeds(needs))
    }
}

extension FieldReader {
    /// Skips the header fields of a kind of file that needs nothing beyond version 1.
    @_lifetime(self: copy self)
    package mutating func skip(fileHeader kind: StaticString) -> Bool {
        var ahead = self
        guard ahead.skip("{\"puffin\":\""), ahead.skip(kind), ahead.skip("\",\"version\":1") else { return false }
        self = ahead
        return true
    }

    /// The header of a segment or a snapshot.
    /// - Throws: `LineError` if this version cannot read the file.
    mutating func fileHeader() throws(LineError) -> LogLine? {
        if skip("{\"puffin\":\"log\",\"version\":") {
            let needs = try fileNeeds()
            return segmentHeader(needs).map { .header($0) }
        }
        guard skip("{\"puffin\":\"snapshot\",\"version\":") else { return nil }
        let needs = try fileNeeds()
        return snapshotHeader(needs).map { .snapshot($0) }
    }

    /// The version and what stands behind it.
    private mutating func fileNeeds() throws(LineError) -> Needs {
        if skip("1"), isAt(",") { return [] }
        guard skip("2,\"needs\":"), let needs = needs() else { throw .otherVersion(found: excerpt(of: body)) }
        guard needs.unknown.isEmpty else {
            throw .otherVersion(found: "version 2 that needs \(needs.unknown.joined(separator: ", "))")
        }
        return needs.known
    }
}

extension LineError {
    fileprivate static func otherVersion(found: String) -> LineError {
        LineError(expected: "a file of \(Needs.readableVersions)", found: found, isOtherVersion: true)
    }
}

extension Span where Element == UInt8 {
    /// Whether the line is the first one of a file of another kind or of an unknown version, which may have no
    /// checksum where this version looks for it.
    package func isOtherVersion(than kind: StaticString) -> Bool {
        guard starts(with: "{\"puffin\":\"") else { return false }
        var fields = FieldReader(self)
        _ = fields.skip("{\"puffin\":\"")
        guard fields.skip(kind), fields.skip("\",\"version\":") else { return true }
        return !fields.isAt("1,") && !fields.isAt("2,\"needs\":[")
    }
}
