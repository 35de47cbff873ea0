// What requests run with. Each of these is an object that somebody has to hold while it is used; held once for all the
// requests that one read brings, and handed down from there, it costs a request nothing. (Counting references takes an
// atomic instruction, and that waits for every write before it, which after a change of the table is a wait for memory.)

import Store

/// The objects that a request may need.
struct Call {
    let session: Session
    let server: Server
    let store: Store
    let commands: CommandTable

    init(_ session: Session) {
        self.session = session
        server = session.server
        store = session.server.store
        commands = session.server.commands
    }
}
