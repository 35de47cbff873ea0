// Tells the thread sanitizer what a contended Swift Mutex orders. The uncontended path is inlined into the program and is
// instrumented there; the contended one hands the mutex over in the kernel (FUTEX_LOCK_PI), from inside the standard library,
// which is not instrumented. Preloaded, this library takes the place of the two functions of that path.
// And what a continuation orders that is resumed before its task waits for it: Swift's runtime announces the resumption, but a task that
// need not wait goes on without being told to have seen it (swift_continuation_await calls no _swift_tsan_acquire).
// And what a reference count orders: who gives up a copy of an array has read it before another thread finds the array unique and changes
// it in place. The counts are changed inside the runtime.
// Source: LinuxImpl.swift of Swift's Synchronization; Task.cpp of its Concurrency; sanitizer/tsan_interface.h of LLVM.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Null in a program that is built without the sanitizer, such as the test runner.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    SWIFT void (*next)(uint32_t, SELF void *) = (SWIFT void (*)(uint32_t, SELF void *))dlsym(RTLD_NEXT, LOCK);
    next(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF void *mutex) {
    if (__tsan_release) __tsan_release(mutex);
    SWIFT void (*next)(SELF void *) = (SWIFT void (*)(SELF void *))dlsym(RTLD_NEXT, UNLOCK);
    next(mutex);
}

#define ASYNC __attribute__((swiftasynccall))

SWIFT void *swift_task_getCurrent(void) __attribute__((weak));

ASYNC void swift_continuation_await(void *continuation);
ASYNC void swift_continuation_await(void *continuation) {
    static ASYNC void (*next)(void *);
    if (!next) next = (ASYNC void (*)(void *))dlsym(RTLD_NEXT, "swift_continuation_await");
    if (__tsan_acquire) __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return next(continuation);
}

void swift_release(void *object);
void swift_release(void *object) {
    static void (*next)(void *);
    if (!next) next = (void (*)(void *))dlsym(RTLD_NEXT, "swift_release");
    if (object && __tsan_release) __tsan_release(object);
    next(object);
}

bool swift_isUniquelyReferenced_nonNull_native(const void *object);
bool swift_isUniquelyReferenced_nonNull_native(const void *object) {
    static bool (*next)(const void *);
    if (!next) next = (bool (*)(const void *))dlsym(RTLD_NEXT, "swift_isUniquelyReferenced_nonNull_native");
    bool is_unique = next(object);
    if (is_unique && __tsan_acquire) __tsan_acquire((void *)object);
    return is_unique;
}
