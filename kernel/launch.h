/* SPDX-License-Identifier: GPL-2.0-only
 * From the configuration to running guests: everything is checked before any guest starts, every reason for a refusal
 * is named with its place in the file and its fix. */
#ifndef BULKHEAD_KERNEL_LAUNCH_H
#define BULKHEAD_KERNEL_LAUNCH_H

#include "boot/boot_info.h"
#include "kernel/isolate.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"

/* Codes BH0700 to BH0719, with those of plan/cpu_check.h. BH0707 was: a key that this version does not act on. */
enum launch_diag {
    LAUNCH_DIAG_NO_MODULE = 702,    /* an image that the loader did not bring */
    LAUNCH_DIAG_BACKEND = 703,      /* the CPU cannot run guests */
    LAUNCH_DIAG_GUEST = 705,        /* a guest that cannot be made: image, tables, device */
    LAUNCH_DIAG_MODULE_TWICE = 706, /* two modules of one name */
    LAUNCH_DIAG_CONSOLE = 708,      /* system.console is no port and speed */
};

/* Is there a configuration among the modules ("bulkhead.toml", or the name that config= on the command line gives)? */
bool launch_has_configuration(const struct boot_info *boot);

/* Read the configuration, if there is one, and switch on the virtual functions that it asks for: after
 * machine_read_pci() and isolate_quiesce(), before isolate_group(). What is wrong is told, and refused, by
 * launch_guests(). */
void launch_prepare(const struct boot_info *boot, struct machine *machine, struct arena *arena);

/* Check, make and start every guest, then wait until all have ended. STATUS_UNSUPPORTED: refused, why is in diags,
 * nothing was started. */
MUST_CHECK enum status launch_guests(const struct boot_info *boot, struct machine *machine, struct isolate *isolate,
                                     struct diag_list *diags);

#endif
