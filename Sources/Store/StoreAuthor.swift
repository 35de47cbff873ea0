// Who makes the changes: the server sets it before it runs a session's requests, and each record then ends with it.

import LogFormat

extension Store {
    /// Makes the following changes those of `author`, until it is set again. Not inside a record of several changes, which
    /// is its author's when it ends. Records of expired pairs have none, and those of a leader stay as they are.
    package func setAuthor(_ author: Author) { batch.setAuthor(author) }
}
