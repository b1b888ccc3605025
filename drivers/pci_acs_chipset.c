/* SPDX-License-Identifier: GPL-2.0-only
 * Root ports of Intel's chipsets that are other than the specification: which they are, and how those without ACS are
 * made to isolate. Registers: Intel 6 and 7 Series Chipset datasheet, 10.1 (chipset configuration), 19.1 (MPC); ids:
 * Linux, drivers/pci/quirks.c. */
#include "drivers/pci_acs_chipset.h"

#include "drivers/pci_acs.h"
#include "drivers/pci_diag.h"
#include "kernel/core/mmio_map.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"

#define INTEL 0x8086

/* Device ids, both included, every `step`th. */
struct id_range {
    uint16_t first, last, step;
};

static const struct id_range emulating[] = {
    {0x1c10, 0x1c1f, 1}, /* Cougar Point */
    {0x1d10, 0x1d1e, 2}, /* Patsburg (X79) */
    {0x1e10, 0x1e1f, 1}, /* Panther Point */
    {0x3b42, 0x3b51, 1}, /* Ibex Peak */
    {0x8c10, 0x8c1f, 1}, /* Lynx Point-H */
    {0x8c90, 0x8c9e, 2}, /* Lynx Point, 9 series */
    {0x8d10, 0x8d1e, 1}, /* Wellsburg (X99) */
    {0x9c10, 0x9c1b, 1}, /* Lynx Point-LP */
    {0x9c90, 0x9c9b, 1}, /* Wildcat Point */
};

static const struct id_range with_dwords[] = {
    {0x9d10, 0x9d1b, 1},                      /* 7th and 8th generation mobile */
    {0xa110, 0xa11f, 1}, {0xa167, 0xa16a, 1}, /* Sunrise Point-H */
    {0xa290, 0xa29f, 1}, {0xa2e7, 0xa2ee, 1}, /* Union Point */
};

static bool is_one_of(const struct pci_function *f, const struct id_range *ranges, size_t count)
{
    if (f->vendor != INTEL || f->express != PCI_EXPRESS_ROOT_PORT) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct id_range *r = &ranges[i];
        if (f->device >= r->first && f->device <= r->last && (f->device - r->first) % r->step == 0) {
            return true;
        }
    }
    return false;
}

bool pci_acs_has_dwords(const struct pci_function *f)
{
    return is_one_of(f, with_dwords, ARRAY_LENGTH(with_dwords));
}

bool pci_acs_can_emulate(const struct pci_function *f)
{
    return is_one_of(f, emulating, ARRAY_LENGTH(emulating));
}

/* The LPC bridge, 1f.0 of the port's bus. */
#define LPC_RCBA 0xf0 /* where the chipset's own registers are */
#define RCBA_ENABLE BIT32(0)
#define RCBA_MASK 0xffffc000u
#define RCBA_BYTES (16 * KIB)

/* The chipset's own registers. */
#define UPDCR 0x1014 /* Upstream Peer Decode Configuration */
#define UPDCR_PEERS MASK32(5, 0)
#define BSPR 0x1104                         /* Backbone Scratch Pad: what straps forbid for good */
#define BSPR_NO_PEERS (BIT32(8) | BIT32(9)) /* neither non-posted nor posted requests between ports */

/* Of each port. */
#define MPC 0xd8                   /* Miscellaneous Port Configuration */
#define MPC_CHECKS_BUSES BIT32(26) /* Invalid Receive Bus Number Check Enable: Source Validation */

static bool refuse(const struct pci_function *port, const char *why, struct diag_list *diags)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diags, PCI_DIAG_ACS_CHIPSET, DIAG_WARNING, sbdf_text(port->at, where), "",
             "%s: what is below this port shares one group with its neighbours", why);
    return false;
}

/* Nothing that one port lets in goes out at another. */
static bool close_peers(struct hpa registers)
{
    if ((mmio_read32(hpa_add(registers, BSPR)) & BSPR_NO_PEERS) == BSPR_NO_PEERS) {
        return true;
    }
    struct hpa at = hpa_add(registers, UPDCR);
    uint32_t peers = mmio_read32(at);
    if ((peers & UPDCR_PEERS) != 0) {
        mmio_write32(at, peers & ~UPDCR_PEERS);
    }
    return (mmio_read32(at) & UPDCR_PEERS) == 0;
}

static bool check_buses(struct sbdf port)
{
    uint32_t mpc = pci_config_read32(port, MPC);
    if ((mpc & MPC_CHECKS_BUSES) == 0) {
        pci_config_write32(port, MPC, mpc | MPC_CHECKS_BUSES);
        mpc = pci_config_read32(port, MPC);
    }
    return (mpc & MPC_CHECKS_BUSES) != 0;
}

bool pci_acs_chipset_enable(const struct pci_function *port, struct diag_list *diags)
{
    struct sbdf lpc = sbdf_make(sbdf_segment(port->at), sbdf_bus(port->at), 0x1f, 0);
    uint32_t rcba = pci_config_read32(lpc, LPC_RCBA);
    if (rcba == UINT32_MAX || (rcba & RCBA_ENABLE) == 0 || (rcba & RCBA_MASK) == 0) {
        return refuse(port, "the chipset's registers are off", diags);
    }
    struct hpa registers = hpa(rcba & RCBA_MASK);
    if (mmio_map(registers, RCBA_BYTES) != STATUS_OK) {
        return refuse(port, "the chipset's registers cannot be mapped", diags);
    }
    if (!close_peers(registers)) {
        return refuse(port, "the chipset goes on sending between its ports", diags);
    }
    if (!check_buses(port->at)) {
        return refuse(port, "the port does not check requester ids", diags);
    }
    return true;
}
