// What Reactor uses of libevent 2.1 and of the system headers that Swift's Glibc module leaves out.
#pragma once

// First: libevent's configuration defines _GNU_SOURCE, and what it changes afterwards (the name of a field of fd_set)
// would differ from what Swift's Glibc module has seen, which a debug build refuses.
#include <features.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
