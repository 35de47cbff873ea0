// Replies: the outcome does not depend on how the network cut the bytes, the limits hold, and a reply that is written
// again is read again as the same one.

import Wire

/// Small, so that short inputs reach every limit.
private let limits = {
    var limits = ReplyLimits()
    limits.nestingDepth = 4
    limits.lineSize = 60
    limits.replySize = 200
    return limits
}()

/// Checks a client's parser on what a server sends.
func checkReplies(_ input: [UInt8]) throws(BrokenProperty) {
    let whole = ReplyTranscript(input, limits: limits)
    try require(whole.untruths.isEmpty, "\(whole)")
    for cuts in cuts(of: input) {
        let cut = ReplyTranscript(input, cuts: cuts, limits: limits)
        try require(cut == whole, "cut at \(cuts.count == 1 ? "\(cuts)" : "every byte"): \(cut), whole: \(whole)")
    }
    if case .malformed(let error) = whole.ending {
        try require(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "not one line: \(error.message)")
    }
    var start = 0
    for (index, end) in whole.ends.enumerated() {
        try require(end - start <= limits.replySize, "\(end - start) bytes, the limit is \(limits.replySize)")
        try require(whole.depths[index] <= limits.nestingDepth, "too deep: \(whole)")
        start = end
    }
    let written = whole.replies.flatMap { $0 }
    let again = ReplyTranscript(written, limits: ReplyLimits())
    try require(
        again.replies == whole.replies && again.ending == .drained, "\(shown(written)) is read as \(again)")
}
