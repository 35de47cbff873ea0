// How the process's memory is managed for the sake of a table: a setting of the whole process, made by its main program.

import CMachine

/// The memory allocator.
package enum TableMemory {
    /// Makes freeing many pairs take equal steps, rather than now and then one that is as long as there are many pairs. To be
    /// called before the first table is made.
    package static func freeInEqualSteps() {
        allocator_join_at_once()
        allocator_map_large_blocks()
    }
}
