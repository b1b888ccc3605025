/* SPDX-License-Identifier: GPL-2.0-only
 * The quirk table.
 *
 * bochs: Bochs 2.7 (read in its source, InterruptAcknowledge in cpu/event.cc). When an interrupt of the host arrives in
 * a guest, it first delivers whatever virtual interrupt is pending, and does not ask whether RFLAGS.IF or the interrupt
 * shadow blocks that one. A guest then gets an interrupt where it had turned them off. While interrupt-window exiting
 * is set no virtual interrupt is pending, so a request that cannot be taken at once waits behind a window. One more
 * would become pending by the EOI of another, so that EOI exits. What is left: requests that the guest itself makes
 * pending, by a self IPI or by lowering TPR with interrupts off, if an interrupt of the host comes just then.
 *
 * Also, an entry computes what RFLAGS.IF blocks as if there were no guest yet (VMenterLoadCheckGuestState, before it
 * sets in_vmx_guest): with IF clear, interrupts of the host stay pending and cause no exit, until the guest changes IF.
 * So such entries are given VMX_QUIRKS_HOLD_US together, by the preemption timer where there is one; then the host is
 * served as if there had been an exit. */
#include "vmx/quirks.h"

#define BOCHS_VMCS_BYTES 4096u /* Intel's CPUs say 1024 */
#define BOCHS_REVISION 0x2bu
#define BOCHS_REVISION_ICE_LAKE 4u /* and Tiger Lake; an Intel CPU's own */

const struct vmx_quirks *vmx_quirks_find(const struct vmx_capability *c)
{
    static const struct vmx_quirks none = {.name = "none"};
    static const struct vmx_quirks bochs = {
        .name = "bochs",
        .delivers_blocked = true,
        .holds_host = true,
        .broken_compaction = true,
        .page_sizes_safe = true,
    };
    bool known = c->revision == BOCHS_REVISION || c->revision == BOCHS_REVISION_ICE_LAKE;
    return known && c->vmcs_bytes == BOCHS_VMCS_BYTES ? &bochs : &none;
}

bool vmx_quirks_host_is_due(uint64_t *until, bool held, uint64_t now_tsc, uint64_t patience)
{
    if (!held) {
        *until = 0;
        return false;
    }
    if (*until == 0) {
        *until = now_tsc + patience;
    }
    if (now_tsc < *until) {
        return false;
    }
    *until = 0;
    return true;
}
