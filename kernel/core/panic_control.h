/* SPDX-License-Identifier: GPL-2.0-only
 * The rest of the panic path: exceptions, the stop of the other CPUs, and what is done last. */
#ifndef BULKHEAD_CORE_PANIC_CONTROL_H
#define BULKHEAD_CORE_PANIC_CONTROL_H

#include "kernel/core/idt.h"
#include "kernel/lib/types.h"

/* Called once in a panic, CPUs stopped, to switch all bus mastering off. It must take no locks and wait for nothing. */
void panic_set_device_stop(void (*stop)(void));

/* Reset the machine at the end of a panic instead of halting (default: halt). */
void panic_set_reset(bool reset);

/* Has some CPU panicked? The NMI that follows means: stop. */
bool panic_in_progress(void);

/* Panic with the registers of an exception. */
_Noreturn void panic_exception(const struct trap_frame *frame, const char *what);

#endif
