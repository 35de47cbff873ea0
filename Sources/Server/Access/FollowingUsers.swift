// How sessions follow the users of the log.

extension Server {
    /// Makes sessions follow the users, if the log has changed them.
    func followUsers() {
        // Until a data set is loaded again, its former users hold.
        guard store.isLoaded else { return }
        usersRevision = store.notesRevision
        let awaited = authentication.awaitsUsers
        if authentication.refresh(store) { refreshRights() }
        if awaited { for session in connections.all { session.beginOnceLoaded() } }
    }

    func refreshRights() {
        for session in connections.all { session.refreshRights() }
    }
}
