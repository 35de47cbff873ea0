// The files of the console, which the program carries in itself.
//
// Unsafe code: the spans are of constants of CAssets, which stay where they are as long as the program runs.

import CAssets

/// A file of the console.
@safe
package enum Asset: CaseIterable, Sendable {
    case chart, console, icon, index, keys, lists, log, page, style

    private var file: asset_file {
        switch self {
        case .chart: unsafe asset_chart
        case .console: unsafe asset_console
        case .icon: unsafe asset_icon
        case .index: unsafe asset_index
        case .keys: unsafe asset_keys
        case .lists: unsafe asset_lists
        case .log: unsafe asset_log
        case .page: unsafe asset_page
        case .style: unsafe asset_style
        }
    }

    /// Its bytes.
    package var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            let file = unsafe self.file
            let span = unsafe Span(_unsafeStart: file.bytes, count: file.size)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}
