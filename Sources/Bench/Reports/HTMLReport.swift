package enum HTMLReport {
    package static func text(_ result: RunResult, _ context: RunContext) -> String { "" }
}
