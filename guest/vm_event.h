/* SPDX-License-Identifier: GPL-2.0-only
 * Events of a guest's life: guest-started, guest-exited, guest-reset, guest-crashed, guest-paused, guest-resumed. */
#ifndef BULKHEAD_GUEST_VM_EVENT_H
#define BULKHEAD_GUEST_VM_EVENT_H

#include "guest/vm_create.h"

/* Its vCPUs are about to run, for the first time or again. */
void vm_event_started(const struct vm_owned *owned);

/* It stopped: vm->end and vm->why say how, owned->ran_ns after how long. */
void vm_event_stopped(const struct vm_owned *owned);

/* It stays off, for it could not start: why. */
void vm_event_failed(const struct vm_owned *owned, const char *why);

void vm_event_paused(const struct vm_owned *owned, bool paused, const char *who);

/* "powered-off", "reset", ...: the word for how a guest ended. */
const char *vm_event_end_text(enum vm_end end);

#endif
