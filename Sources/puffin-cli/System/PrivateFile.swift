// Folders and files that only the user may read. `unsafe` is allowed here because each path lives until the call
// returns.

import Glibc
import SystemPackage

/// Creates a folder and its parents for this user only.
/// - Returns: whether it exists.
func makePrivateFolder(_ path: FilePath) -> Bool {
    if makeFolder(path) { return true }
    let parent = path.removingLastComponent()
    guard errno == ENOENT, parent != path, !parent.isEmpty else { return false }
    return makePrivateFolder(parent) && makeFolder(path)
}

private func makeFolder(_ path: FilePath) -> Bool {
    if unsafe mkdir(path.string, 0o700) == 0 { return true }
    return errno == EEXIST
}

/// Replaces one file by another.
/// - Returns: whether that succeeded.
func replaceFile(_ path: FilePath, by other: FilePath) -> Bool { unsafe rename(other.string, path.string) == 0 }
