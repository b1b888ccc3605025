/* SPDX-License-Identifier: GPL-2.0-only
 * What is typed on the physical console goes to one guest's serial port; Ctrl-] goes to the next guest. */
#ifndef BULKHEAD_KERNEL_CONSOLE_INPUT_H
#define BULKHEAD_KERNEL_CONSOLE_INPUT_H

#include "guest/vm.h"
#include "kernel/isolate.h"

/* The ISA interrupt of the console's port; -1 when it has none. */
int console_input_irq(void);

/* Listen from now on, for these guests; the first has the focus. The array lives on. Without a console, or when its
 * interrupt cannot be routed, there is no input (said in the log). */
void console_input_start(struct isolate *iso, const struct machine *m, struct vm *const *guests, size_t count);

#endif
