/* SPDX-License-Identifier: GPL-2.0-only
 * The host-state area of a VMCS: what an exit loads (SDM 3C 25.5). */
#ifndef BULKHEAD_VMX_HOST_STATE_H
#define BULKHEAD_VMX_HOST_STATE_H

/* Fill the host area of the current VMCS from the calling CPU, whose index is cpu. Control registers, PAT and EFER must
 * be as they will stay. */
void vmx_host_state_write(unsigned cpu);

#endif
