/* SPDX-License-Identifier: GPL-2.0-only
 * Protected memory registers. The low region ends below 4 GiB, the high one starts there; limits are inclusive, and
 * hardware takes the bits below its granularity, and ignores those above its address width. */
#include "vtd/protect.h"

#include "vtd/unit.h"

static bool has_any(const struct vtd_unit *u)
{
    return u->caps.protected_low || u->caps.protected_high;
}

/* Hardware keeps the bits above its granularity, which only a write of all ones would tell: what is left out at the
 * top is this much at most, and below 4 GiB no memory is there. */
#define LIMIT_SLACK_BIT 24
/* A limit loses the bits above the host's address width, which is nowhere to be read here: 64 TiB is all of memory. */
#define LIMIT_TOP_BIT 45

static bool covers_low(const struct vtd_unit *u)
{
    uint64_t limit = vtd_unit_read32(u, VTD_PLMLIMIT) | (BIT64(LIMIT_SLACK_BIT) - 1);
    return vtd_unit_read32(u, VTD_PLMBASE) == 0 && limit == UINT32_MAX;
}

static bool covers_high(const struct vtd_unit *u)
{
    uint64_t limit = vtd_unit_read64(u, VTD_PHMLIMIT);
    unsigned top = u->caps.address_bits - 1 < LIMIT_TOP_BIT ? u->caps.address_bits - 1 : LIMIT_TOP_BIT;
    return vtd_unit_read64(u, VTD_PHMBASE) <= 4 * GIB &&
           (top < LIMIT_SLACK_BIT || (~limit & MASK64(top, LIMIT_SLACK_BIT)) == 0);
}

/* Whoever switched protection on may have meant some of memory only. */
static bool covers_all(const struct vtd_unit *u)
{
    return (!u->caps.protected_low || covers_low(u)) && (!u->caps.protected_high || covers_high(u));
}

enum status vtd_protect_on(struct vtd_unit *u)
{
    if (!has_any(u)) {
        return STATUS_OK;
    }
    if ((vtd_unit_read32(u, VTD_PMEN) & VTD_PMEN_EPM) != 0) {
        if (covers_all(u)) {
            return vtd_unit_wait32(u, VTD_PMEN, VTD_PMEN_PRS, VTD_PMEN_PRS);
        }
        /* The registers may not change while it is on. Bus mastering is off meanwhile (vtd/bringup.h). */
        enum status s = vtd_protect_off(u);
        if (s != STATUS_OK) {
            return s;
        }
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
