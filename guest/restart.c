/* SPDX-License-Identifier: GPL-2.0-only
 * Rules for starting again. */
#include "guest/restart.h"

static enum restart_answer after_poweroff(const struct restart_rules *rules)
{
    switch (rules->poweroff) {
    case RESTART_POWEROFF_STARTS:
        return RESTART_LATER;
    case RESTART_POWEROFF_STOPS:
        return RESTART_RESTS;
    case RESTART_POWEROFF_UNSAID:
        break;
    }
    return rules->when == RESTART_ALWAYS ? RESTART_LATER : RESTART_RESTS;
}

static enum restart_answer by_rules(const struct restart_rules *rules, enum vm_end end)
{
    switch (end) {
    case VM_RESET:
        return rules->reboot_stops ? RESTART_RESTS : RESTART_NOW;
    case VM_RESTARTED:
    case VM_WATCHDOG:
        return RESTART_NOW;
    case VM_POWERED_OFF:
        return after_poweroff(rules);
    case VM_CRASHED:
        return rules->when == RESTART_NEVER ? RESTART_RESTS : RESTART_LATER;
    case VM_STOPPED:
    case VM_REFUSED:
    case VM_RUNNING:
        break;
    }
    return RESTART_RESTS;
}

enum restart_answer restart_decide(const struct restart_rules *rules, enum vm_end end, enum restart_wanted wanted)
{
    switch (wanted) {
    case RESTART_WANTED_STOP:
        return RESTART_RESTS;
    case RESTART_WANTED_START:
        return RESTART_NOW;
    case RESTART_WANTED_OFF:
        return end == VM_POWERED_OFF ? RESTART_RESTS : by_rules(rules, end);
    case RESTART_WANTED_NOTHING:
        break;
    }
    return by_rules(rules, end);
}

uint64_t restart_wait_ns(uint64_t last_ns, uint64_t ran_ns)
{
    if (last_ns == 0 || ran_ns >= RESTART_STABLE_NS) {
        return RESTART_WAIT_FIRST_NS;
    }
    return last_ns >= RESTART_WAIT_MOST_NS / 2 ? RESTART_WAIT_MOST_NS : 2 * last_ns;
}
