/// The settings of the console.
package struct ConsoleSettings: Sendable {
    /// What its banner says, such as `production`; nil for no banner.
    package var label: String?

    package init() {}
}
