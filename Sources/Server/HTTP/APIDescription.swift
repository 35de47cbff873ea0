// What explains the interface: its description, which is docs/openapi.json, and a page for each problem.
//
// Unsafe code: the description's bytes are a constant of COpenAPI, of the size that it says.

import Bytes
import COpenAPI
import Wire

extension HTTPResponse {
    /// The description of the interface (https://spec.openapis.org/oas/v3.1.0).
    static func description() -> HTTPResponse {
        var body = ByteBuffer()
        let file = unsafe openapi
        body.append(unsafe Span(_unsafeStart: file.bytes, count: file.size))
        return HTTPResponse(contentType: "application/json", body: body)
    }

    /// What a problem means, and what to do; nil if there is none of this name.
    static func explanation(of name: String) -> HTTPResponse? {
        guard let problem = HTTPProblem(rawValue: name) else { return nil }
        return HTTPResponse(text: "\(problem.status) \(problem.title)\n\n\(problem.advice)")
    }
}
