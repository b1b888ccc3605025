/* SPDX-License-Identifier: GPL-2.0-only
 * Words for fault reasons. */
#include "vtd/fault_text.h"

#include <stddef.h>

static const char *const dma_reasons[] = {
    [0x1] = "no root entry: no device of this bus belongs to anyone",
    [0x2] = "no context entry: this device belongs to nobody",
    [0x3] = "the context entry has an invalid width or type",
    [0x4] = "the address is beyond the width that the tables cover",
    [0x5] = "no write permission: the second-level tables do not map this address for writing",
    [0x6] = "no read permission: the second-level tables do not map this address for reading",
    [0x7] = "a second-level table lies at an address the unit cannot reach",
    [0x8] = "the root table lies at an address the unit cannot reach",
    [0x9] = "a context table lies at an address the unit cannot reach",
    [0xa] = "reserved bits are set in the root entry",
    [0xb] = "reserved bits are set in the context entry",
    [0xc] = "reserved bits are set in a second-level entry",
    [0xd] = "a translation request or translated request, which this device may not send",
};

static const char *const interrupt_reasons[] = {
    [0x0] = "reserved bits are set in the interrupt request",
    [0x1] = "the interrupt index is beyond the remapping table",
    [0x2] = "no remapping entry: this interrupt belongs to nobody",
    [0x3] = "the remapping table lies at an address the unit cannot reach",
    [0x4] = "reserved bits are set in the remapping entry",
    [0x5] = "a compatibility-format interrupt, which is blocked",
    [0x6] = "the remapping entry belongs to another device",
    [0x7] = "a posted-interrupt descriptor lies at an address the unit cannot reach",
    [0x8] = "reserved bits are set in a posted-interrupt descriptor",
};

#define INTERRUPT_FIRST 0x20

const char *vtd_fault_text(uint8_t reason)
{
    const char *text = NULL;
    if (reason < ARRAY_LENGTH(dma_reasons)) {
        text = dma_reasons[reason];
    } else if (reason >= INTERRUPT_FIRST && reason < INTERRUPT_FIRST + ARRAY_LENGTH(interrupt_reasons)) {
        text = interrupt_reasons[reason - INTERRUPT_FIRST];
    }
    return text != NULL ? text : "unknown reason";
}

const char *vtd_fault_access_text(enum vtd_fault_access access)
{
    switch (access) {
    case VTD_FAULT_WRITE:
        return "write";
    case VTD_FAULT_READ:
        return "read";
    case VTD_FAULT_ATOMIC:
        return "atomic";
    case VTD_FAULT_PAGE_REQUEST:
        return "page-request";
    case VTD_FAULT_INTERRUPT:
        return "interrupt";
    }
    return "unknown";
}
