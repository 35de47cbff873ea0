// What prevents a torture from continuing. Losses are findings, not errors.

/// What happened instead of what was expected.
package struct TortureError: Error, Equatable, CustomStringConvertible {
    /// A sentence, with what to do if something can be done.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
