// What keeps a torture from going on. It is not what it looks for: losses are findings, not errors.

/// What happened instead of what was expected.
package struct TortureError: Error, Equatable, CustomStringConvertible {
    /// A sentence, with what to do where something can be done.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
