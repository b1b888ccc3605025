/* SPDX-License-Identifier: GPL-2.0-only
 * What a unit can do and what we decided, for the log. */
#include "vtd/unit_log.h"

#include "kernel/core/log.h"

void vtd_unit_log(const struct vtd_unit *u)
{
    const struct vtd_caps *c = &u->caps;
    static const char *const pages[] = {"-", "4k", "4k,2m", "4k,2m,1g"};
    log_info("vtd: unit=%u segment=%04x base=0x%llx cap=0x%llx ecap=0x%llx domains=%u address-bits=%u levels=%u "
             "pages=%s fault-records=%u",
             u->index, (unsigned)u->segment, (unsigned long long)u->base.v, (unsigned long long)c->cap,
             (unsigned long long)c->ecap, (unsigned)c->domain_count, c->address_bits, vtd_caps_levels(c->level_mask),
             pages[vtd_caps_max_leaf(c)], c->fault_count);
    log_info("vtd: unit=%u queue=%u coherent=%u snoop-control=%u caching-mode=%u write-buffer-flush=%u "
             "interrupt-remapping=%u x2apic=%u posting=%u device-tlb=%u live=%u",
             u->index, c->queued, c->coherent, c->snoop_control, c->caching_mode, u->write_buffer_flush, u->remapping,
             c->x2apic, c->posting, c->device_tlb, u->live);
}
