// What Reactor uses of libevent 2.1 and of the system headers that Swift's Glibc module leaves out.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <sys/eventfd.h>
