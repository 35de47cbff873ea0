// What the host holds: objects that it knows by their address, each with the bytes of its last result. Strings, numbers beyond 32 bits
// and lists cross in those bytes, little-endian, as JavaScript's `DataView` reads them.
//
// `unsafe` is allowed in this folder: the host passes addresses of memory that it has got from `puffin_allocate` and filled, and of
// objects that it has not released. A module of WebAssembly reaches no memory but its own.

import Bytes
import CMachine

/// An object of the host's.
class Holder {
    /// What the last call has to say.
    final var result = ByteBuffer()

    /// Gives the host a reference, which `puffin_release` takes back.
    final var handle: UnsafeMutableRawPointer { unsafe Unmanaged.passRetained(self).toOpaque() }
}

/// The object with an address.
func held<Object: Holder>(_ handle: UnsafeMutableRawPointer) -> Object {
    unsafe Unmanaged<Object>.fromOpaque(handle).takeUnretainedValue()
}

@_expose(wasm, "puffin_release") @_cdecl("puffin_release")
public func release(_ handle: UnsafeMutableRawPointer) {
    unsafe Unmanaged<Holder>.fromOpaque(handle).release()
}

@_expose(wasm, "puffin_result") @_cdecl("puffin_result")
public func result(_ handle: UnsafeMutableRawPointer) -> UnsafeRawPointer? {
    let holder: Holder = unsafe held(handle)
    return unsafe holder.result.bytes.withUnsafeBytes { $0.baseAddress }
}

@_expose(wasm, "puffin_result_size") @_cdecl("puffin_result_size")
public func resultSize(_ handle: UnsafeMutableRawPointer) -> Int32 {
    let holder: Holder = unsafe held(handle)
    return Int32(holder.result.count)
}

@_expose(wasm, "puffin_allocate") @_cdecl("puffin_allocate")
public func allocate(_ size: Int32) -> UnsafeMutableRawPointer? { unsafe malloc(Int(size)) }

@_expose(wasm, "puffin_free") @_cdecl("puffin_free")
public func deallocate(_ memory: UnsafeMutableRawPointer?) { unsafe free(memory) }

/// The host's bytes, for the duration of one call.
func lent(_ memory: UnsafePointer<UInt8>?, _ size: Int32, _ body: (Span<UInt8>) -> Void) {
    unsafe body(UnsafeBufferPointer(start: memory, count: Int(size)).span)
}

extension ByteBuffer {
    mutating func append(_ low: UInt32, _ high: UInt32) { append(word: UInt64(low) | UInt64(high) << 32) }
    mutating func append(number: UInt64) { append(word: Double(number).bitPattern) }

    /// Appends a size in four bytes, and the bytes.
    mutating func append(sized bytes: Span<UInt8>) {
        append(size: bytes.count)
        append(bytes)
    }

    mutating func append(size: Int) {
        for shift in stride(from: 0, to: 32, by: 8) { append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
}
