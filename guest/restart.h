/* SPDX-License-Identifier: GPL-2.0-only
 * Whether a guest that stopped starts again, and how long it waits before: decisions alone; vm_keep.c acts on them. */
#ifndef BULKHEAD_GUEST_RESTART_H
#define BULKHEAD_GUEST_RESTART_H

#include "guest/vm.h"

/* `restart` of the configuration: which ends are followed by a start. */
enum restart_when {
    RESTART_NEVER,
    RESTART_ON_FAILURE, /* crashes */
    RESTART_ALWAYS,     /* power-off too, unless on-poweroff says otherwise */
};

enum restart_poweroff {
    RESTART_POWEROFF_UNSAID, /* on-poweroff is not given */
    RESTART_POWEROFF_STOPS,
    RESTART_POWEROFF_STARTS,
};

/* What the watchdog does when it runs out. */
enum restart_watchdog {
    RESTART_WATCHDOG_NONE, /* the guest has none */
    RESTART_WATCHDOG_RESET,
    RESTART_WATCHDOG_STOP,
    RESTART_WATCHDOG_EVENT, /* it is told, nothing else happens */
};

/* All 0: the guest's own resets start it anew, every other end is final. */
struct restart_rules {
    bool reboot_stops;
    enum restart_poweroff poweroff;
    enum restart_when when;
    enum restart_watchdog watchdog;
};

/* What somebody asked for (vm_order.h) that is not done yet. */
enum restart_wanted {
    RESTART_WANTED_NOTHING,
    RESTART_WANTED_STOP,
    RESTART_WANTED_START, /* anew, when it runs */
    RESTART_WANTED_OFF,   /* it was asked to switch itself off: when it does, it stays off */
};

enum restart_answer {
    RESTART_RESTS, /* until it is ordered to start */
    RESTART_NOW,
    RESTART_LATER, /* after restart_wait_ns() */
};

/* What comes after that end, not VM_RUNNING. An order goes before all rules; what the guest itself asked for, and
 * watchdogs, start it at once; the rest waits. */
enum restart_answer restart_decide(const struct restart_rules *rules, enum vm_end end, enum restart_wanted wanted);

#define RESTART_WAIT_FIRST_NS UINT64_C(1000000000)
#define RESTART_WAIT_MOST_NS UINT64_C(60000000000)
#define RESTART_STABLE_NS UINT64_C(60000000000)

/* How long to wait before the next start: 1 s, 2 s, 4 s ... 60 s, from the start again after a run of a minute.
 * last_ns: what was waited before the run, 0 for nothing yet; ran_ns: how long it ran. */
uint64_t restart_wait_ns(uint64_t last_ns, uint64_t ran_ns);

#endif
