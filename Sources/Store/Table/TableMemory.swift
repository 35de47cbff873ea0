// The process's memory allocator, set for large tables: a setting of the whole process, made by its main program.

import CMachine

/// The memory allocator.
package enum TableMemory {
    /// Makes freeing many pairs take equal steps, rather than occasionally one as long as there are pairs. To be called
    /// before the first table is created.
    package static func freeInEqualSteps() {
        allocator_join_at_once()
        allocator_map_large_blocks()
    }
}
