// The settings of the console.

import Server
import Settings

extension ServerSettings {
    static let console: [ServerSetting] = [
        ServerSetting(
            "console.label", \.console.label, .label, default: "none",
            "What a banner on the console says, so that nobody takes one server for another; none = no banner.")
    ]
}

extension ValueType<String?> {
    /// A short text for people, or none.
    static var label: ValueType {
        ValueType("1 to 64 bytes of text without control characters, such as production, or none", words: ["none"]) {
            text in
            if text == "none" { return .some(nil) }
            guard (1...64).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                return nil
            }
            return .some(text)
        }
    }
}
