// Conditions of requests: If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2), whose entity tags are
// digests of values. The same value has the same tag on every server and after every start.

import Bytes
import Wire

/// What the conditions of a request say about a value.
enum ConditionResult {
    /// The request runs.
    case met
    /// If-Match is not met.
    case otherValue
    /// If-None-Match is not met: the client has this value, or expected none.
    case sameValue
}

extension HTTPRequest {
    /// Whether it has a condition.
    var isConditional: Bool { fields.ifMatch >= 0 || fields.ifNoneMatch >= 0 }

    /// Compares its conditions with a value, in the order of RFC 9110, section 13.2.2.
    /// - Parameter digest: that of the value; nil if there is none.
    /// - Throws: `HTTPRefusal` if a condition is not a list of tags.
    func conditions(_ digest: ValueDigest?) throws(HTTPRefusal) -> ConditionResult {
        if fields.ifMatch >= 0, try !names(digest, .ifMatch, from: fields.ifMatch, isStrong: true) {
            return .otherValue
        }
        if fields.ifNoneMatch >= 0, try names(digest, .ifNoneMatch, from: fields.ifNoneMatch, isStrong: false) {
            return .sameValue
        }
        return .met
    }

    /// Whether a list of tags has that of a value. The field may be sent several times.
    private func names(
        _ digest: ValueDigest?, _ name: HTTPFieldName, from first: Int, isStrong: Bool
    ) throws(HTTPRefusal) -> Bool {
        var isNamed = false
        var next: Int? = first
        while let index = next {
            if try EntityTag.list(head.fieldValue(at: index), names: digest, isStrong: isStrong) { isNamed = true }
            next = head.index(of: name, from: index + 1)
        }
        return isNamed
    }
}

extension EntityTag {
    /// Whether a list of tags has that of a value.
    /// - Parameter digest: that of the value; nil if there is none.
    static func list(_ list: Span<UInt8>, names digest: ValueDigest?, isStrong: Bool) throws(HTTPRefusal) -> Bool {
        var isNamed = false
        var offset = 0
        while let tag = try EntityTag(list, at: &offset) {
            isNamed = isNamed || tag.names(digest, isStrong: isStrong)
        }
        return isNamed
    }
}

/// One tag of a list: `"0123456789abcdef"`, `W/"0123456789abcdef"` or `*`.
enum EntityTag {
    case any
    /// A tag that no value has here has no digest.
    case digest(ValueDigest?, isWeak: Bool)

    /// Reads the tag at `offset`, which moves behind it.
    /// - Returns: nil at the end of the list.
    init?(_ list: Span<UInt8>, at offset: inout Int) throws(HTTPRefusal) {
        while offset < list.count,
            list[offset] == UInt8(ascii: ",") || list[offset] == UInt8(ascii: " ")
                || list[offset] == UInt8(ascii: "\t")
        {
            offset += 1
        }
        guard offset < list.count else { return nil }
        if list[offset] == UInt8(ascii: "*") {
            offset += 1
            self = .any
        } else {
            let isWeak = list.starts(with: "W/", at: offset)
            if isWeak { offset += 2 }
            guard offset < list.count, list[offset] == UInt8(ascii: "\"") else { throw EntityTag.invalid }
            let start = offset + 1
            offset = start
            while offset < list.count, list[offset] != UInt8(ascii: "\"") { offset += 1 }
            guard offset < list.count else { throw EntityTag.invalid }
            self = .digest(ValueDigest(list.extracting(start..<offset)), isWeak: isWeak)
            offset += 1
        }
        // A comma or the end follows.
        while offset < list.count, list[offset] == UInt8(ascii: " ") || list[offset] == UInt8(ascii: "\t") {
            offset += 1
        }
        guard offset == list.count || list[offset] == UInt8(ascii: ",") else { throw EntityTag.invalid }
    }

    /// Whether it is the tag of a value.
    func names(_ digest: ValueDigest?, isStrong: Bool) -> Bool {
        switch self {
        case .any: digest != nil
        case .digest(let named, let isWeak): digest != nil && named == digest && !(isStrong && isWeak)
        }
    }

    private static var invalid: HTTPRefusal {
        HTTPRefusal(
            .badRequest, "A condition is not a list of entity tags: expected * or tags in quotes, \"0123456789abcdef\"")
    }
}
