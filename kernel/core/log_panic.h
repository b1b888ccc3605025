/* SPDX-License-Identifier: GPL-2.0-only
 * What a panic needs of the log: output that waits for no lock, and the last lines once more. */
#ifndef BULKHEAD_CORE_LOG_PANIC_H
#define BULKHEAD_CORE_LOG_PANIC_H

#include "kernel/lib/types.h"

/* From now on the log takes no lock: the CPU that held it may be stopped. */
void log_panic_begin(void);

/* Print the last `count` lines of the ring as it was when the panic began, oldest first, each marked "| ". */
void log_panic_history(unsigned count);

#endif
