/* SPDX-License-Identifier: GPL-2.0-only
 * Bus numbers behind a VMD endpoint with a switch, and capabilities of functions there, over pretended configuration
 * space. */
#include "guest/vmd_buses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "kernel/core/time.h"
#include "tests/fake/log.h"
#include "tests/fake/pci.h"
#include "tests/fake/time.h"

#define MEM1 UINT64_C(0x90000000)
#define ACTIVE (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER)
#define RESET_NS UINT64_C(100000000) /* for so long nobody may touch what was reset: the fake fails the test */

/* Port 1 with a switch of two ports, a disk behind each; port 2 with a disk. */
enum child { PORT_1, PORT_2, UP, DOWN_1, DOWN_2, DISK_1, DISK_2, DISK_3, CHILDREN };

static const struct vmd_domain domain = {
    .segment = SBDF_VMD_FIRST, .first_bus = 0, .last_bus = 31, .memory = {{MEM1, 0x2000000}, {0}}, .usable = true};
static struct fake_pci_function *hardware[CHILDREN];
static struct pci_function functions[CHILDREN];
static struct guest_vmd_child children[CHILDREN];
static struct guest_vmd_bus bus;
static struct pci_ecam machine = {.last_bus = 255};
static struct pci_ecam window = {.segment = SBDF_VMD_FIRST, .first_bus = 0, .last_bus = 31};
static struct diag diags[64];

/* --- hardware: the functions are side by side on bus 0 of the machine, and found by their bridges' numbers */

static const uint32_t parents[] = {
    [PORT_1] = GUEST_VMD_ROOT, [PORT_2] = GUEST_VMD_ROOT, [UP] = PORT_1,    [DOWN_1] = UP, [DOWN_2] = UP,
    [DISK_1] = DOWN_1,         [DISK_2] = DOWN_2,         [DISK_3] = PORT_2};
static const uint8_t devices[] = {[PORT_1] = 1, [PORT_2] = 2, [DOWN_2] = 1, [DISK_3] = 0};

static struct sbdf flat(unsigned index)
{
    return sbdf_make(0, 0, 1 + index, 0);
}

static bool forwards(unsigned index, unsigned number)
{
    uint32_t numbers = fake_pci_get(hardware[index], PCI_BUS_NUMBERS, 4);
    unsigned first = numbers >> 8 & 0xff, last = numbers >> 16 & 0xff;
    return index <= DOWN_2 && first != 0 && number >= first && number <= last;
}

static bool is_secondary(unsigned index, unsigned number)
{
    return (fake_pci_get(hardware[index], PCI_BUS_NUMBERS, 4) >> 8 & 0xff) == number;
}

/* As a request goes down: of several bridges that would take it, the first does. CHILDREN: nobody answers. */
static unsigned route(unsigned number, unsigned device)
{
    uint32_t above = GUEST_VMD_ROOT;
    while (number != 0 && (above == GUEST_VMD_ROOT || !is_secondary(above, number))) {
        unsigned next = CHILDREN;
        for (unsigned i = CHILDREN; i-- > 0;) {
            next = parents[i] == above && forwards(i, number) ? i : next;
        }
        if (next == CHILDREN) {
            return CHILDREN;
        }
        above = next;
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        if (parents[i] == above && devices[i] == device) {
            return i;
        }
    }
    return CHILDREN;
}

static bool takes(void *context, struct sbdf at)
{
    (void)context;
    return sbdf_is_vmd(at);
}

static uint32_t on_read(void *context, struct sbdf at, uint16_t offset, unsigned width)
{
    (void)context;
    unsigned i = sbdf_function(at) == 0 ? route(sbdf_bus(at), sbdf_device(at)) : CHILDREN;
    if (i == CHILDREN) {
        return UINT32_MAX;
    }
    return width == 1   ? pci_config_read8(flat(i), offset)
           : width == 2 ? pci_config_read16(flat(i), offset)
                        : pci_config_read32(flat(i), offset);
}

static void on_write(void *context, struct sbdf at, uint16_t offset, unsigned width, uint32_t value)
{
    (void)context;
    unsigned i = sbdf_function(at) == 0 ? route(sbdf_bus(at), sbdf_device(at)) : CHILDREN;
    if (i == CHILDREN) {
        return;
    }
    if (width == 1) {
        pci_config_write8(flat(i), offset, (uint8_t)value);
    } else if (width == 2) {
        pci_config_write16(flat(i), offset, (uint16_t)value);
    } else {
        pci_config_write32(flat(i), offset, value);
    }
}

static const struct fake_pci_foreign routed = {NULL, takes, on_read, on_write};

static struct fake_pci_function *bridge(unsigned index, unsigned number, unsigned first, unsigned last,
                                        enum pci_express_type type)
{
    struct fake_pci_function *f = fake_pci_add_bridge(flat(index), (uint8_t)first, (uint8_t)last);
    fake_pci_set(f, PCI_BUS_NUMBERS, 1, number);
    fake_pci_set(f, VMD_BRIDGE_PREFETCH, 4, 0x00010001);
    fake_pci_add_express(f, type, false);
    return f;
}

static struct fake_pci_function *disk(unsigned index)
{
    struct fake_pci_function *f = fake_pci_add(flat(index), 0x8086, 0x0a54, 0x010802);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, 0, 0x4000);
    fake_pci_add_bar(f, 2, FAKE_BAR_IO, 0, 0x20);
    fake_pci_add_rom(f, 0, 0x10000);
    fake_pci_add_pm(f, true);
    uint16_t vendor = fake_pci_add_cap(f, PCI_CAP_VENDOR, 16);
    fake_pci_make_writable(f, vendor + 4, 4, UINT32_MAX);
    fake_pci_add_msix(f, 8, 0x2000, 0x3000);
    fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    uint16_t aer = fake_pci_add_ext_cap(f, PCI_EXT_AER, 0x48);
    fake_pci_make_writable(f, aer + 8, 4, UINT32_MAX);
    uint16_t serial = fake_pci_add_ext_cap(f, 0x0003, 12);
    fake_pci_set(f, serial + 4, 4, 0x11223344);
    uint16_t ats = fake_pci_add_ext_cap(f, PCI_EXT_ATS, 8);
    fake_pci_make_writable(f, ats + PCI_ATS_CONTROL, 2, 0x801f);
    uint16_t sriov = fake_pci_add_ext_cap(f, PCI_EXT_SRIOV, 0x40);
    fake_pci_make_writable(f, sriov + 8, 2, 0x001f);
    return f;
}

static int setup(void **state)
{
    (void)state;
    struct diag_list list = diag_list_make(diags, ARRAY_LENGTH(diags));
    fake_pci_reset();
    fake_log_reset();
    pci_config_use_ecam(&machine, 1);
    pci_config_use_vmd(&window, 1);
    hardware[PORT_1] = bridge(PORT_1, 0, 1, 4, PCI_EXPRESS_ROOT_PORT);
    hardware[PORT_2] = bridge(PORT_2, 0, 5, 5, PCI_EXPRESS_ROOT_PORT);
    hardware[UP] = bridge(UP, 1, 2, 4, PCI_EXPRESS_UPSTREAM);
    hardware[DOWN_1] = bridge(DOWN_1, 2, 3, 3, PCI_EXPRESS_DOWNSTREAM);
    hardware[DOWN_2] = bridge(DOWN_2, 2, 4, 4, PCI_EXPRESS_DOWNSTREAM);
    for (unsigned i = DISK_1; i < CHILDREN; i++) {
        hardware[i] = disk(i);
    }
    fake_pci_add_bar(hardware[PORT_2], 0, FAKE_BAR_MEM64, 0, 0x4000);
    fake_pci_add_foreign(&routed);
    bus = (struct guest_vmd_bus){&domain, children, CHILDREN};
    for (unsigned i = 0; i < CHILDREN; i++) {
        static const uint8_t numbers[] = {0, 0, 1, 2, 2, 3, 4, 5};
        struct sbdf at = sbdf_make(SBDF_VMD_FIRST, numbers[i], devices[i], 0);
        struct pci_reader reader = pci_reader_live(&at);
        assert_int_equal(pci_function_read(&reader, at, &functions[i], &list), STATUS_OK);
        pci_bars_size_function(&functions[i], &list);
        guest_vmd_child_make(&children[i], &domain, &functions[i], parents[i]);
    }
    guest_vmd_buses_settle(&bus);
    fake_pci_forget_writes();
    return 0;
}

static uint64_t place(unsigned number, unsigned device, unsigned offset)
{
    return (uint64_t)number << 20 | (uint64_t)device << 15 | offset;
}

static uint32_t in(unsigned number, unsigned device, unsigned offset, unsigned width)
{
    return (uint32_t)guest_vmd_config_read(&bus, place(number, device, offset), width);
}

/* No two bridges forward the same bus, and each one's are inside those of the one above. */
static void expect_nested(void)
{
    for (unsigned i = 0; i < CHILDREN; i++) {
        uint32_t mine = fake_pci_get(hardware[i], PCI_BUS_NUMBERS, 4);
        unsigned first = mine >> 8 & 0xff, last = mine >> 16 & 0xff;
        if (!children[i].bridge || first == 0) {
            continue;
        }
        assert_true(first <= last && last <= domain.last_bus);
        for (unsigned j = 0; j < i; j++) {
            uint32_t other = fake_pci_get(hardware[j], PCI_BUS_NUMBERS, 4);
            unsigned start = other >> 8 & 0xff, end = other >> 16 & 0xff;
            if (!children[j].bridge || start == 0 || children[j].parent != children[i].parent) {
                continue;
            }
            struct sbdf at;
            bool reachable = guest_vmd_buses_place(&bus, &children[i], &at);
            assert_true(!reachable || last < start || end < first);
        }
    }
}

static void out(unsigned number, unsigned device, unsigned offset, unsigned width, uint32_t value)
{
    guest_vmd_config_write(&bus, place(number, device, offset), width, value);
    expect_nested();
}

static void all_are_reached(void **state)
{
    (void)state;
    assert_int_equal(in(0, 1, PCI_VENDOR, 2), 0x8086);
    assert_int_equal(in(1, 0, PCI_BUS_NUMBERS, 4), 0x00040201);
    assert_int_equal(in(2, 1, PCI_BUS_NUMBERS, 4), 0x00040402);
    for (unsigned i = 3; i <= 5; i++) {
        assert_int_equal(in(i, 0, PCI_DEVICE, 2), 0x0a54);
    }
}

/* As Linux does it when it does not trust firmware: all off from above, then one after the other, each with all that is
 * left until what is behind it is counted. */
static void numbered_anew(void **state)
{
    (void)state;
    out(0, 1, PCI_BUS_NUMBERS, 4, 0);
    out(0, 2, PCI_BUS_NUMBERS, 4, 0);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    out(0, 1, PCI_BUS_NUMBERS, 4, 0x001f0700);
    assert_int_equal(in(7, 0, PCI_BUS_NUMBERS, 4), 0x00040201); /* of the old ones */
    out(7, 0, PCI_BUS_NUMBERS, 4, 0);
    out(7, 0, PCI_BUS_NUMBERS, 4, 0x001f0807);
    out(8, 0, PCI_BUS_NUMBERS, 4, 0x001f0908);
    out(8, 0, PCI_BUS_NUMBERS, 4, 0x00090908);
    out(8, 1, PCI_BUS_NUMBERS, 4, 0x001f0a08);
    out(8, 1, PCI_BUS_NUMBERS + 2, 1, 0x0a);
    out(7, 0, PCI_BUS_NUMBERS + 2, 1, 0x0a);
    out(0, 1, PCI_BUS_NUMBERS + 2, 1, 0x0a);
    out(0, 2, PCI_BUS_NUMBERS, 4, 0x000b0b00);
    assert_int_equal(in(9, 0, PCI_DEVICE, 2), 0x0a54);
    assert_int_equal(in(10, 0, PCI_DEVICE, 2), 0x0a54);
    assert_int_equal(in(11, 0, PCI_DEVICE, 2), 0x0a54);
    assert_int_equal(fake_pci_get(hardware[DOWN_2], PCI_BUS_NUMBERS, 4), 0x000a0a08);
}

/* Which function an access reaches never depends on what hardware makes of overlapping numbers. */
static void random_numbers(void **state)
{
    (void)state;
    unsigned reached = 0;
    srand(7);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned number = (unsigned)rand() % 8, device = (unsigned)rand() % 3;
        unsigned first = (unsigned)rand() % 8, last = first + (unsigned)rand() % 4;
        out(number, device, PCI_BUS_NUMBERS, 4, last << 16 | first << 8 | number);
        for (unsigned n = 0; n < 8; n++) {
            struct guest_vmd_child *c = guest_vmd_buses_find(&bus, (uint8_t)n, 0);
            uint32_t seen = pci_config_read32(sbdf_make(SBDF_VMD_FIRST, n, 0, 0), PCI_BUS_NUMBERS);
            if (c != NULL) {
                reached++;
                assert_int_equal(seen, fake_pci_get(hardware[c - children], PCI_BUS_NUMBERS, 4));
            }
        }
    }
    assert_true(reached > 1000);
}

static void a_reset_forgets_all_behind(void **state)
{
    (void)state;
    out(3, 0, PCI_BAR0, 4, (uint32_t)MEM1);
    out(3, 0, PCI_COMMAND, 2, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[DISK_1], PCI_COMMAND, 2) & ACTIVE, ACTIVE);
    out(0, 1, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_RESET);
    out(0, 1, PCI_BRIDGE_CONTROL, 2, 0);
    assert_int_equal(in(3, 0, PCI_VENDOR, 4), UINT32_MAX);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX); /* hardware was not asked */
    assert_int_equal(in(5, 0, PCI_DEVICE, 2), 0x0a54);     /* the other port's */
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(1, 0, PCI_BUS_NUMBERS, 4), 0);
    out(1, 0, PCI_BUS_NUMBERS, 4, 0x00040201);
    out(2, 0, PCI_BUS_NUMBERS, 4, 0x00030302);
    assert_int_equal(in(3, 0, PCI_DEVICE, 2), 0x0a54);
    assert_int_equal(in(3, 0, PCI_COMMAND, 2), 0);
}

/* A link that is switched off, or on, is a reset of what is behind it too. */
static void a_link_that_is_switched(void **state)
{
    (void)state;
    uint16_t link = functions[PORT_2].cap.express + PCI_EXP_LNKCTL;
    fake_pci_make_writable(hardware[PORT_2], link, 2, 0x01fb);
    out(5, 0, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    out(0, 2, link, 1, 0x40);
    assert_int_equal(in(5, 0, PCI_DEVICE, 2), 0x0a54);
    out(0, 2, link, 1, 0x40 | PCI_LNKCTL_DISABLE);
    assert_int_equal(in(5, 0, PCI_DEVICE, 2), 0xffff);
    fake_time_advance_ns(RESET_NS);
    out(0, 2, link, 2, 0x40);
    assert_int_equal(in(5, 0, PCI_DEVICE, 2), 0xffff);
    assert_int_equal(in(1, 0, PCI_VENDOR, 2), 0x8086);
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(5, 0, PCI_DEVICE, 2), 0x0a54);
    assert_int_equal(in(5, 0, PCI_COMMAND, 2), 0);
}

/* The guest itself starts anew while a switch is in reset: its numbers are written as soon as it may be touched. */
static void numbers_while_in_reset(void **state)
{
    (void)state;
    out(0, 1, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_RESET);
    out(0, 1, PCI_BRIDGE_CONTROL, 2, 0);
    for (unsigned i = UP; i <= DOWN_2; i++) {
        fake_pci_set(hardware[i], PCI_BUS_NUMBERS, 4, 0);
        hardware[i]->untouchable_ns = time_now_ns() + RESET_NS / 2;
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        guest_vmd_child_reset(&children[i]);
    }
    guest_vmd_buses_settle(&bus);
    assert_int_equal(fake_pci_get(hardware[UP], PCI_BUS_NUMBERS, 4), 0);
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(1, 0, PCI_BUS_NUMBERS, 4), 0x00040201);
    assert_int_equal(fake_pci_get(hardware[UP], PCI_BUS_NUMBERS, 4), 0x00040201);
    assert_int_equal(in(2, 0, PCI_BUS_NUMBERS, 4), 0x00030302);
    assert_int_equal(in(2, 1, PCI_BUS_NUMBERS, 4), 0x00040402);
    assert_int_equal(in(3, 0, PCI_DEVICE, 2), 0x0a54);
}

/* --- capabilities */

static uint16_t cap(unsigned index, uint8_t id)
{
    const struct pci_cap_offsets *o = &functions[index].cap;
    return id == PCI_CAP_EXPRESS ? o->express : id == PCI_CAP_MSIX ? o->msix : id == PCI_CAP_VENDOR ? o->vendor : o->pm;
}

static void unknown_capabilities_are_null(void **state)
{
    (void)state;
    uint16_t vendor = cap(DISK_3, PCI_CAP_VENDOR);
    assert_int_equal(in(5, 0, vendor, 1), 0);
    assert_int_not_equal(in(5, 0, vendor + 1u, 1), 0); /* the chain goes on */
    out(5, 0, vendor + 4u, 4, UINT32_MAX);
    assert_int_equal(fake_pci_get(hardware[DISK_3], vendor + 4, 4), 0);
    uint16_t ats = functions[DISK_3].cap.ats;
    assert_int_equal(in(5, 0, ats, 2), 0);
    out(5, 0, ats + PCI_ATS_CONTROL, 2, PCI_ATS_ENABLE);
    assert_int_equal(fake_pci_get(hardware[DISK_3], ats + PCI_ATS_CONTROL, 2), 0);
    uint16_t sriov = functions[DISK_3].cap.sriov;
    out(5, 0, sriov + 8u, 2, 1);
    assert_int_equal(fake_pci_get(hardware[DISK_3], sriov + 8, 2), 0);
    assert_int_equal(in(5, 0, sriov, 2), 0);
    assert_int_equal(in(5, 0, functions[DISK_3].cap.aer, 2), 0); /* a null one that the chain starts with */
    assert_int_equal(in(5, 0, PCI_EXT_FIRST, 4) >> 20, functions[DISK_3].cap.aer + 0x48u);
    assert_int_equal(in(5, 0, functions[DISK_3].cap.aer + 0x4cu, 4), 0x11223344);
}

static void what_is_the_functions_own(void **state)
{
    (void)state;
    uint16_t msix = cap(DISK_3, PCI_CAP_MSIX);
    out(5, 0, msix + PCI_MSIX_CONTROL, 2, 0xffff);
    assert_int_equal(fake_pci_get(hardware[DISK_3], msix + PCI_MSIX_CONTROL, 2), 0xc007);
    uint16_t express = cap(DISK_3, PCI_CAP_EXPRESS);
    out(5, 0, PCI_BAR0, 4, (uint32_t)MEM1);
    out(5, 0, PCI_COMMAND, 2, ACTIVE);
    out(5, 0, express + PCI_EXP_DEVCTL, 2, 0x28ff); /* no error reporting, no no-snoop, no phantom functions */
    uint32_t control = fake_pci_get(hardware[DISK_3], express + PCI_EXP_DEVCTL, 2);
    assert_int_equal(control & PCI_DEVCTL_ERRORS, 0);
    assert_int_equal(control & 0x0800, 0);
    out(5, 0, express + PCI_EXP_DEVCTL, 2, PCI_DEVCTL_FLR);
    assert_int_equal(hardware[DISK_3]->flrs, 1);
    assert_int_equal(children[DISK_3].header.command, 0);
    uint64_t before = fake_pci_accesses();
    assert_int_equal(in(5, 0, PCI_VENDOR, 4), UINT32_MAX);
    out(5, 0, PCI_COMMAND, 2, ACTIVE);
    out(5, 0, express + PCI_EXP_DEVCTL + 1u, 1, PCI_DEVCTL_FLR >> 8);
    assert_false(guest_vmd_child_quiet(&children[DISK_3], sbdf_make(SBDF_VMD_FIRST, 5, 0, 0)));
    assert_int_equal(fake_pci_accesses(), before); /* nobody touched it, nor anything else */
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(5, 0, PCI_VENDOR, 4), 0x0a548086);
    assert_int_equal(in(5, 0, PCI_COMMAND, 2), 0);
}

/* How long a CPU waits for a device that says nothing is told by the bridge above it. */
static void time_limits_of_bridges(void **state)
{
    (void)state;
    static const struct {
        uint8_t child, bus, device;
        uint32_t takes;
    } of[] = {{PORT_2, 0, 2, 0}, {UP, 1, 0, 0}, {DOWN_2, 2, 1, 0}, {DISK_3, 5, 0, 0x1f}};
    for (unsigned i = 0; i < ARRAY_LENGTH(of); i++) {
        struct fake_pci_function *f = hardware[of[i].child];
        uint16_t control = functions[of[i].child].cap.express + PCI_EXP_DEVCTL2;
        fake_pci_make_writable(f, control, 2, 0xffff);
        out(of[i].bus, of[i].device, control, 2, 0xffff);
        assert_int_equal(fake_pci_get(f, control, 2), of[i].takes);
    }
}

/* Back from sleep, a root port may show retries no more, and hold its other registers as after power-on. */
static void bridges_stay_awake(void **state)
{
    (void)state;
    uint16_t pm = fake_pci_add_pm(hardware[PORT_2], false) + PCI_PM_CONTROL;
    out(0, 2, pm, 2, PCI_PM_D3HOT);
    assert_int_equal(fake_pci_get(hardware[PORT_2], pm, 2) & PCI_PM_STATE, 0);
    assert_int_equal(in(0, 2, pm, 2), 0);
    uint16_t own = cap(DISK_3, PCI_CAP_PM) + PCI_PM_CONTROL;
    out(5, 0, own, 2, PCI_PM_D3HOT);
    assert_int_equal(fake_pci_get(hardware[DISK_3], own, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
    assert_int_equal(in(5, 0, own, 2), 0xffff);
    fake_time_advance_ns(RESET_NS / 10);
    assert_int_equal(in(5, 0, own, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
}

static void ports_have_no_flr_and_no_hot_plug(void **state)
{
    (void)state;
    uint16_t express = cap(PORT_2, PCI_CAP_EXPRESS);
    fake_pci_make_writable(hardware[PORT_2], express + PCI_EXP_DEVCTL, 2, 0xffff);
    fake_pci_make_writable(hardware[PORT_2], express + PCI_EXP_SLTCTL, 2, 0xffff);
    fake_pci_make_writable(hardware[PORT_2], express + PCI_EXP_ROOTCTL, 2, 0xffff);
    out(0, 2, express + PCI_EXP_DEVCTL, 2, 0xffff);
    assert_int_equal(fake_pci_get(hardware[PORT_2], express + PCI_EXP_DEVCTL, 2) & 0x8e0f, 0);
    out(0, 2, express + PCI_EXP_SLTCTL, 4, UINT32_MAX);
    out(0, 2, express + PCI_EXP_ROOTCTL, 4, UINT32_MAX);
    assert_int_equal(fake_pci_get(hardware[PORT_2], express + PCI_EXP_SLTCTL, 2), 0x03c0); /* lights */
    assert_int_equal(fake_pci_get(hardware[PORT_2], express + PCI_EXP_ROOTCTL, 2), 0);
}

/* Behind a switch windows and BARs are held to the same. */
static void windows_behind_a_switch(void **state)
{
    (void)state;
    out(2, 0, VMD_BRIDGE_MEMORY, 4, 0x90109010);
    assert_int_equal(fake_pci_get(hardware[DOWN_1], VMD_BRIDGE_MEMORY, 4), 0x90109010);
    out(2, 0, VMD_BRIDGE_MEMORY, 4, 0xfee0fee0);
    assert_int_equal(fake_pci_get(hardware[DOWN_1], VMD_BRIDGE_MEMORY, 4), VMD_BRIDGE_CLOSED);
    out(3, 0, PCI_BAR0 + 8, 4, UINT32_MAX);
    assert_int_equal(in(3, 0, PCI_BAR0 + 8, 4), 0); /* no I/O */
    out(3, 0, PCI_COMMAND, 2, 0x7);
    assert_int_equal(fake_pci_get(hardware[DISK_1], PCI_COMMAND, 2), PCI_COMMAND_BUS_MASTER | PCI_COMMAND_INTX_OFF);
    assert_int_equal(in(3, 0, PCI_COMMAND, 2), 0x7);
}

/* Firmware left it at 0, and the facts need not know it. A port that forwards would decode there. */
static void a_ports_own_bar(void **state)
{
    (void)state;
    memset(children[PORT_2].bars, 0, sizeof(children[PORT_2].bars));
    out(0, 2, PCI_COMMAND, 2, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_COMMAND, 2) & ACTIVE, PCI_COMMAND_BUS_MASTER);
    out(0, 2, PCI_BAR0, 4, UINT32_MAX);
    out(0, 2, PCI_BAR0 + 4, 4, UINT32_MAX);
    assert_int_equal(in(0, 2, PCI_BAR0, 4), 0xffffc004);
    assert_int_equal(in(0, 2, PCI_BAR0 + 4, 4), UINT32_MAX);
    out(0, 2, PCI_BAR0, 4, (uint32_t)MEM1 + 0x1000000);
    out(0, 2, PCI_BAR0 + 4, 4, 0);
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_COMMAND, 2) & ACTIVE, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_BAR0, 4) & ~0xfu, (uint32_t)MEM1 + 0x1000000);
}

/* A last BAR that calls itself 64 bits wide: the register behind it is the bus numbers'. */
static void a_bar_without_its_upper_half(void **state)
{
    (void)state;
    struct fake_pci_function *f = hardware[PORT_1];
    fake_pci_set(f, PCI_BAR0 + 4, 4, 0x4);
    fake_pci_make_writable(f, PCI_BAR0 + 4, 4, 0xffffc000);
    out(0, 1, PCI_BAR0 + 4, 4, (uint32_t)MEM1 + 0x1000000);
    out(0, 1, PCI_COMMAND, 2, ACTIVE);
    assert_int_equal(fake_pci_get(f, PCI_COMMAND, 2) & ACTIVE, ACTIVE);
    assert_int_equal(fake_pci_get(f, PCI_BUS_NUMBERS, 4), 0x00040100);
    assert_int_equal(in(3, 0, PCI_DEVICE, 2), 0x0a54);
}

/* A bridge without upper halves has its prefetchable window below 4 GiB. */
static void short_prefetchable_windows(void **state)
{
    (void)state;
    struct fake_pci_function *f = hardware[PORT_2];
    fake_pci_set(f, VMD_BRIDGE_PREFETCH, 4, 0);
    fake_pci_make_writable(f, VMD_BRIDGE_PREFETCH, 4, VMD_BRIDGE_ADDRESSES);
    fake_pci_make_writable(f, VMD_BRIDGE_PREFETCH_BASE, 4, 0);
    fake_pci_make_writable(f, VMD_BRIDGE_PREFETCH_LIMIT, 4, 0);
    out(0, 2, VMD_BRIDGE_PREFETCH, 4, 0x90109010);
    assert_int_equal(in(0, 2, VMD_BRIDGE_PREFETCH, 4), 0x90109010);
    assert_int_equal(fake_pci_get(f, VMD_BRIDGE_PREFETCH, 4), 0x90109010);
    out(0, 2, VMD_BRIDGE_PREFETCH, 4, 0xfed0fed0);
    assert_int_equal(fake_pci_get(f, VMD_BRIDGE_PREFETCH, 4), VMD_BRIDGE_CLOSED);
}

static void a_prefetchable_window_that_stays_open(void **state)
{
    (void)state;
    fake_pci_set(hardware[PORT_2], VMD_BRIDGE_PREFETCH, 4, 0xfed0fed0);
    fake_pci_make_writable(hardware[PORT_2], VMD_BRIDGE_PREFETCH, 4, 0);
    fake_pci_make_writable(hardware[PORT_2], VMD_BRIDGE_PREFETCH_BASE, 4, 0);
    fake_pci_make_writable(hardware[PORT_2], VMD_BRIDGE_PREFETCH_LIMIT, 4, 0);
    out(0, 2, PCI_BAR0, 4, (uint32_t)MEM1 + 0x1000000);
    out(0, 2, VMD_BRIDGE_MEMORY, 4, 0x90109010);
    out(0, 2, PCI_COMMAND, 2, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_COMMAND, 2) & ACTIVE, PCI_COMMAND_BUS_MASTER);
}

/* A bridge that lost its numbers (by its power states, or with its link) gets them again when its driver writes them,
 * and with it those below. */
static void numbers_that_were_lost(void **state)
{
    (void)state;
    fake_pci_set(hardware[UP], PCI_BUS_NUMBERS, 4, 0);
    assert_int_equal(in(1, 0, PCI_BUS_NUMBERS, 4), 0);
    fake_pci_set(hardware[DOWN_1], PCI_BUS_NUMBERS, 4, 0);
    out(1, 0, PCI_BUS_NUMBERS, 4, 0x00040201);
    assert_int_equal(in(3, 0, PCI_DEVICE, 2), 0x0a54);
}

/* The reset that its driver asked for takes effect between the last look and the command register's write. */
static void reset_late(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)width;
    if (offset == PCI_COMMAND && (fake_pci_get(f, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0) {
        fake_pci_set(f, f == hardware[PORT_2] ? VMD_BRIDGE_MEMORY : PCI_BAR0, 4, 0);
        f->hook = NULL;
    }
}

static void a_reset_at_the_worst_moment(void **state)
{
    (void)state;
    out(0, 2, PCI_BAR0, 4, (uint32_t)MEM1 + 0x1000000);
    out(0, 2, VMD_BRIDGE_MEMORY, 4, 0x90109010);
    hardware[PORT_2]->hook = reset_late;
    out(0, 2, PCI_COMMAND, 2, ACTIVE);
    assert_null(hardware[PORT_2]->hook);
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    out(5, 0, PCI_BAR0, 4, (uint32_t)MEM1 + 0x100000);
    hardware[DISK_3]->hook = reset_late;
    out(5, 0, PCI_COMMAND, 2, ACTIVE);
    assert_null(hardware[DISK_3]->hook);
    assert_int_equal(fake_pci_get(hardware[DISK_3], PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
    out(0, 2, PCI_COMMAND, 2, ACTIVE); /* asked again */
    assert_int_equal(fake_pci_get(hardware[PORT_2], PCI_COMMAND, 2) & ACTIVE, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[PORT_2], VMD_BRIDGE_MEMORY, 4), 0x90109010);
}

/* Another disk in its place is not this one. */
static void another_function(void **state)
{
    (void)state;
    fake_pci_set(hardware[DISK_3], PCI_DEVICE, 2, 0x1234);
    assert_int_equal(in(5, 0, PCI_VENDOR, 4), UINT32_MAX);
    out(5, 0, PCI_COMMAND, 2, ACTIVE);
    assert_int_equal(fake_pci_get(hardware[DISK_3], PCI_COMMAND, 2) & ACTIVE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_are_reached, setup),
        cmocka_unit_test_setup(numbered_anew, setup),
        cmocka_unit_test_setup(random_numbers, setup),
        cmocka_unit_test_setup(a_reset_forgets_all_behind, setup),
        cmocka_unit_test_setup(a_link_that_is_switched, setup),
        cmocka_unit_test_setup(numbers_while_in_reset, setup),
        cmocka_unit_test_setup(time_limits_of_bridges, setup),
        cmocka_unit_test_setup(bridges_stay_awake, setup),
        cmocka_unit_test_setup(unknown_capabilities_are_null, setup),
        cmocka_unit_test_setup(what_is_the_functions_own, setup),
        cmocka_unit_test_setup(ports_have_no_flr_and_no_hot_plug, setup),
        cmocka_unit_test_setup(windows_behind_a_switch, setup),
        cmocka_unit_test_setup(a_ports_own_bar, setup),
        cmocka_unit_test_setup(a_bar_without_its_upper_half, setup),
        cmocka_unit_test_setup(short_prefetchable_windows, setup),
        cmocka_unit_test_setup(a_prefetchable_window_that_stays_open, setup),
        cmocka_unit_test_setup(numbers_that_were_lost, setup),
        cmocka_unit_test_setup(a_reset_at_the_worst_moment, setup),
        cmocka_unit_test_setup(another_function, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
