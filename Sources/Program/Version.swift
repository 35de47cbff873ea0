// The release, in one place: `make release` compares it with the tag.

/// The version of every program of this package (https://semver.org).
package let puffinVersion = "0.1.0"
