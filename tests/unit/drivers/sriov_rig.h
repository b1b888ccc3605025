/* SPDX-License-Identifier: GPL-2.0-only
 * A port, a PF behind it and what VFs need, for the tests of drivers/sriov*.c. */
#ifndef BULKHEAD_TESTS_SRIOV_RIG_H
#define BULKHEAD_TESTS_SRIOV_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "drivers/sriov_diag.h"
#include "drivers/sriov_enable.h"
#include "drivers/sriov_functions.h"
#include "drivers/sriov_plan.h"
#include "drivers/sriov_room.h"
#include "tests/fake/log.h"
#include "tests/fake/pci.h"
#include "tests/fake/sriov.h"
#include "tests/fake/time.h"

#define PORT_MEMORY 0xe000e000u   /* e0000000-e00fffff */
#define PORT_PREFETCH 0xfff1fff1u /* with what is below: 40fff00000-40ffffffff */

static struct {
    uint8_t memory[1 << 18];
    struct arena arena;
    struct pci_facts pci;
    struct sriov_facts sriov;
    struct diag items[16];
    struct diag_list diags;
    struct fake_pci_function *port, *pf;
    uint16_t port_express;
    struct fake_sriov device;
    struct sriov_place place;
    uint64_t taken, taken_size; /* one range that sriov_place.taken knows */
} rig;

static const struct pci_ecam rig_windows[] = {{.segment = 0, .first_bus = 0, .last_bus = 8}};

static inline uint64_t rig_taken(const void *context, uint64_t start, uint64_t size)
{
    (void)context;
    uint64_t end = rig.taken + rig.taken_size;
    return rig.taken_size != 0 && start < end && rig.taken < start + size ? end : 0;
}

/* 00:01.0 a root port (buses 1-2, ARI) with a PF at 01:00.0: 8 VFs of 8086:1520, offset 1, stride 1, two 64-bit BARs of
 * 16 KiB that firmware gave no place. Read by rig_read(). */
static inline int rig_setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_time_reset();
    pci_config_use_ecam(rig_windows, 1);
    rig.arena = arena_make(rig.memory, sizeof(rig.memory));
    rig.diags = diag_list_make(rig.items, 16);
    rig.sriov.count = 0;
    rig.taken_size = 0;
    rig.port = fake_pci_add_bridge(sbdf_make(0, 0, 1, 0), 1, 2);
    rig.port_express = fake_pci_add_express(rig.port, PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_set(rig.port, (uint16_t)(rig.port_express + PCI_EXP_DEVCAP2), 4, PCI_DEVCAP2_ARI);
    fake_pci_set(rig.port, PCI_BRIDGE_MEMORY, 4, PORT_MEMORY);
    fake_pci_set(rig.port, PCI_BRIDGE_PREFETCH, 4, PORT_PREFETCH);
    fake_pci_set(rig.port, PCI_BRIDGE_PREFETCH_BASE, 4, 0x40);
    fake_pci_set(rig.port, PCI_BRIDGE_PREFETCH_LIMIT, 4, 0x40);
    rig.pf = fake_pci_add(sbdf_make(0, 1, 0, 0), 0x8086, 0x1521, 0x020000);
    fake_pci_add_express(rig.pf, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_add_bar(rig.pf, 0, FAKE_BAR_MEM32, 0xe0000000, 0x4000);
    fake_pci_add_ext_cap(rig.pf, PCI_EXT_AER, 0x2c);
    fake_pci_add_ext_cap(rig.pf, PCI_EXT_ARI, 8);
    fake_sriov_add(&rig.device, rig.pf, 8, 0x1520, 1, 1);
    fake_sriov_add_bar(&rig.device, 0, FAKE_BAR_MEM64, 0, 0x4000);
    fake_sriov_add_bar(&rig.device, 3, FAKE_BAR_MEM64_PREFETCHABLE, 0, 0x4000);
    return 0;
}

static inline void rig_read(void)
{
    assert_int_equal(pci_enumerate(rig_windows, 1, &rig.arena, &rig.pci, &rig.diags), STATUS_OK);
    pci_bars_size(&rig.pci, &rig.diags);
    assert_int_equal(rig.diags.count, 0);
    fake_pci_forget_writes();
    rig.place = (struct sriov_place){
        .pci = &rig.pci, .others = &rig.sriov, .view = &sriov_view_live, .taken = rig_taken, .context = NULL};
}

static inline uint32_t rig_pf(void)
{
    return pci_find_index(&rig.pci, rig.pf->at);
}

static inline uint16_t rig_register(unsigned offset)
{
    return (uint16_t)(rig.device.cap + offset);
}

/* The only diagnostic there is. */
static inline void rig_expect(enum sriov_diag_code code, const char *what, const char *fix)
{
    assert_int_equal(rig.diags.count, 1);
    assert_int_equal(rig.items[0].code, code);
    assert_non_null(strstr(rig.items[0].what, what));
    assert_non_null(strstr(rig.items[0].fix, fix));
    rig.diags.count = rig.diags.errors = 0;
}

#endif
