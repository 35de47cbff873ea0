// Folders and files that nobody else may read. `unsafe` is allowed here because each path lives until the call returns.

import Glibc
import SystemPackage

/// Makes a folder, and those that it stands in, for this user alone.
/// - Returns: whether it is there.
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

/// Puts one file in the place of another.
/// - Returns: whether it is there.
func replaceFile(_ path: FilePath, by other: FilePath) -> Bool { unsafe rename(other.string, path.string) == 0 }
