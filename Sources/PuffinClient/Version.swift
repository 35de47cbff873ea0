// The one place that says which release the client library and the command-line client are.

/// The version of this client, as in semantic versioning.
package let puffinVersion = "0.1.0"
