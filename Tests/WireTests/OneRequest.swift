// One request, however the network cuts it.

import FuzzChecks
import Testing
import Wire

/// Expects that the bytes are one request of these arguments: fed whole, byte by byte, and cut at each place.
func expect(
    _ bytes: [UInt8], gives arguments: [[UInt8]], in dialect: RequestDialect,
    at place: SourceLocation = #_sourceLocation
) {
    #expect(Transcript(bytes).requests == [arguments], sourceLocation: place)
    #expect(Transcript(bytes, cuts: Array(1..<bytes.count)).requests == [arguments], sourceLocation: place)
    for cut in 0...bytes.count {
        #expect(Transcript(bytes, cuts: [cut]).requests == [arguments], "cut at \(cut)", sourceLocation: place)
    }
    #expect(Transcript(bytes).ending == .drained, sourceLocation: place)
    #expect(Transcript(bytes).dialects == [dialect], sourceLocation: place)
}
