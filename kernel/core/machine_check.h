/* SPDX-License-Identifier: GPL-2.0-only
 * Machine checks: read what the banks recorded, say it, and decide whether this CPU can go on (SDM 3B 16). */
#ifndef BULKHEAD_CORE_MACHINE_CHECK_H
#define BULKHEAD_CORE_MACHINE_CHECK_H

#include "kernel/lib/types.h"

/* Log every valid bank with `who` ran, clear the banks and MCG_STATUS.MCIP. True when the interrupted context is
 * whole; else nothing may go on here: the caller panics. On a CPU without machine-check banks: false. */
bool machine_check_take(const char *who);

/* CPUs tell all others of an error that one of them met. True: this one's own context is whole, and no bank that it
 * sees has an error of its own; MCG_STATUS.MCIP is cleared, the banks are left to whoever it is, and what ran here goes
 * on. Else, and on a CPU without banks: machine_check_take(). Takes no lock and logs nothing. */
bool machine_check_is_others(void);

#endif
