// Changes of a store that a test drives without a server: nobody asks whether there is room for them.

import Bytes
import Store

extension Store {
    @discardableResult
    package func set(_ key: Span<UInt8>, to value: Span<UInt8>) -> UInt64 {
        set(key, to: value, expires: 0, .withoutAsking())
    }

    @discardableResult
    package func set(_ key: Span<UInt8>, to value: Span<UInt8>, expires: UInt64) -> UInt64 {
        set(key, to: value, expires: expires, .withoutAsking())
    }

    @discardableResult
    package func setExpiry(of key: Span<UInt8>, to expires: UInt64) -> UInt64 {
        setExpiry(of: key, to: expires, .withoutAsking())
    }

    @discardableResult
    package func delete(_ key: Span<UInt8>) -> (isDeleted: Bool, seq: UInt64) { delete(key, .withoutAsking()) }

    @discardableResult
    package func clear() -> UInt64 { clear(.withoutAsking()) }

    /// Sets a note, or removes it.
    @discardableResult
    package func setNote(_ kind: String, _ name: String, to value: String?) throws(NoteError) -> UInt64 {
        guard let value else { return try setNote(kind: kind, name: name, to: nil, .withoutAsking()) }
        let bytes = Array(value.utf8)
        return try setNote(kind: kind, name: name, to: bytes.span, .withoutAsking())
    }

    package func beginMulti() { beginMulti(.withoutAsking()) }

    /// What keeps a change from being made; nil where the store permits it.
    package func obstacle(toChangeOf size: Int, shrinks: Bool) -> WriteObstacle? {
        do throws(WriteObstacle) {
            _ = try permitOnCloserLook(forChangesOf: size, shrinks: shrinks)
            return nil
        } catch {
            return error
        }
    }

    /// Whether a change is permitted without a look at the disk.
    package func hasRoom(forChangeOf size: Int) -> Bool {
        if permit(forChangesOf: size) == nil { false } else { true }
    }
}
