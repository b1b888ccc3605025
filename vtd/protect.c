/* SPDX-License-Identifier: GPL-2.0-only
 * Protected memory registers. The low region ends below 4 GiB, the high one starts there; limits are inclusive, and
 * hardware takes the bits below its granularity, and ignores those above its address width. */
#include "vtd/protect.h"

#include "vtd/unit.h"

static bool has_any(const struct vtd_unit *u)
{
    return u->caps.protected_low || u->caps.protected_high;
}

enum status vtd_protect_on(struct vtd_unit *u)
{
    if (!has_any(u) || (vtd_unit_read32(u, VTD_PMEN) & VTD_PMEN_EPM) != 0) {
        return STATUS_OK; /* on already: the registers may not change while it is */
    }
    if (u->caps.protected_low) {
        vtd_unit_write32(u, VTD_PLMBASE, 0);
        vtd_unit_write32(u, VTD_PLMLIMIT, UINT32_MAX);
    }
    if (u->caps.protected_high) {
        vtd_unit_write64(u, VTD_PHMBASE, 4 * GIB);
        vtd_unit_write64(u, VTD_PHMLIMIT, UINT64_MAX);
    }
    vtd_unit_write32(u, VTD_PMEN, VTD_PMEN_EPM);
    return vtd_unit_wait32(u, VTD_PMEN, VTD_PMEN_PRS, VTD_PMEN_PRS);
}

enum status vtd_protect_off(struct vtd_unit *u)
{
    if (!has_any(u) || (vtd_unit_read32(u, VTD_PMEN) & (VTD_PMEN_EPM | VTD_PMEN_PRS)) == 0) {
        return STATUS_OK;
    }
    vtd_unit_write32(u, VTD_PMEN, 0);
    return vtd_unit_wait32(u, VTD_PMEN, VTD_PMEN_PRS, 0);
}
