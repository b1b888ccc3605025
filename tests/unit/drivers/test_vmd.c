/* SPDX-License-Identifier: GPL-2.0-only
 * VMD endpoints and the domains behind them, on a pretended machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd.h"
#include "drivers/vmd_diag.h"
#include "drivers/vmd_reset.h"
#include "kernel/core/time.h"
#include "tests/fake/log.h"
#include "tests/fake/mmio.h"
#include "tests/fake/pci.h"

#define SERVER 0x28c0
#define CLIENT 0x9a0b
#define OLD 0x201d
#define CFGBAR UINT64_C(0x2000000000)
#define MEMBAR1 UINT64_C(0x90000000)
#define MEMBAR2 UINT64_C(0x2004000000)
#define ENDPOINT sbdf_make(0, 0, 0x0e, 0)

static uint8_t memory[1 << 20];
static struct arena arena;
static struct pci_facts facts;
static struct vmd_facts vmd;
static struct diag diags[128];
static struct diag_list list;
static struct fake_pci_function *endpoint;

static const struct pci_ecam one_segment[] = {{.segment = 0, .first_bus = 0, .last_bus = 255}};

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_mmio_reset();
    fake_log_reset();
    arena = arena_make(memory, sizeof(memory));
    list = diag_list_make(diags, ARRAY_LENGTH(diags));
    fake_pci_add(sbdf_make(0, 0, 0, 0), 0x8086, 0x1237, 0x060000);
    return 0;
}

static void set_mode(struct fake_pci_function *f, unsigned mode, bool bypass)
{
    fake_pci_set(f, VMD_CAP, 2, 1);
    fake_pci_set(f, VMD_CONFIG, 2, mode << 8 | (bypass ? VMD_CONFIG_BYPASS : 0));
    fake_pci_make_writable(f, VMD_CONFIG, 2, VMD_CONFIG_BYPASS);
}

/* A sound endpoint, whose configuration registers at 0x40 are VMD's own: capabilities begin at 0x80. */
static struct fake_pci_function *add_at(struct sbdf at, uint16_t device, unsigned mode, uint64_t config_bytes)
{
    struct fake_pci_function *f = fake_pci_add(at, 0x8086, device, 0x010400);
    uint64_t step = (uint64_t)sbdf_device(at) << 32;
    f->next_free = 0x80;
    fake_pci_add_express(f, PCI_EXPRESS_RC_ENDPOINT, false);
    fake_pci_add_msix(f, 32, 4, 0x1004);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64_PREFETCHABLE, CFGBAR + step, config_bytes);
    fake_pci_add_bar(f, 2, FAKE_BAR_MEM32, MEMBAR1, 32 * MIB);
    fake_pci_add_bar(f, 4, FAKE_BAR_MEM64, MEMBAR2 + step, MIB);
    set_mode(f, mode, false);
    return f;
}

static void add_endpoint(uint16_t device, unsigned mode)
{
    static const uint8_t first[] = {0, 128, 224, 0};
    endpoint = add_at(ENDPOINT, device, mode, 32 * MIB);
    fake_pci_add_root(SBDF_VMD_FIRST, first[mode]);
}

static struct sbdf child(unsigned bus, unsigned device)
{
    return sbdf_make(SBDF_VMD_FIRST, bus, device, 0);
}

static struct fake_pci_function *add_port(unsigned bus, unsigned device, unsigned secondary, unsigned subordinate)
{
    struct fake_pci_function *f = fake_pci_add_bridge(child(bus, device), (uint8_t)secondary, (uint8_t)subordinate);
    fake_pci_add_express(f, PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_set(f, 0x20, 4, 0x0000fff0);
    fake_pci_set(f, 0x24, 4, 0x0001fff1);
    fake_pci_set(f, 0x28, 4, UINT32_MAX);
    return f;
}

static struct fake_pci_function *add_disk(unsigned bus, unsigned device, uint64_t address)
{
    struct fake_pci_function *f = fake_pci_add(child(bus, device), 0x8086, 0x0a54, 0x010802);
    fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, address, 16 * KIB);
    return f;
}

static void open_all(void)
{
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_OK);
    pci_bars_size(&facts, &list);
    assert_int_equal(vmd_open(&vmd, &facts, &arena, &list), STATUS_OK);
}

static const struct vmd_domain *domain(void)
{
    const struct vmd_domain *d = vmd_of(&vmd, pci_find_index(&facts, ENDPOINT));
    assert_non_null(d);
    return d;
}

static size_t count_code(unsigned code)
{
    size_t n = 0;
    for (size_t i = 0; i < list.count; i++) {
        n += list.items[i].code == code;
    }
    return n;
}

static size_t count_children(void)
{
    size_t n = 0;
    for (size_t i = 0; i < facts.count; i++) {
        n += facts.functions[i].is_vmd_child;
    }
    return n;
}

static void expect_fault(enum vmd_fault fault)
{
    assert_false(domain()->usable);
    assert_int_equal(domain()->fault, fault);
    assert_int_equal(count_code(VMD_DIAG_UNUSABLE), 1);
    assert_int_equal(count_children(), 0);
    assert_int_equal(vmd.window_count, fault == VMD_FAULT_CROWDED ? 1 : 0);
}

static const struct pci_function *got(struct sbdf at)
{
    const struct pci_function *f = pci_find(&facts, at);
    assert_non_null(f);
    return f;
}

static void every_id_has_its_flags(void **state)
{
    (void)state;
    static const uint16_t clients[] = {0x467f, 0x4c3d, 0xa77f, 0x7d0b, 0xad0b, 0x9a0b, 0xb60b, 0xb06f, 0xb07f};
    assert_int_equal(vmd_ids_flags(0x8086, OLD), VMD_CAP_SHADOW);
    assert_int_equal(vmd_ids_flags(0x8086, SERVER), VMD_NATIVE_SHADOW | VMD_BUS_RESTRICTION | VMD_CAN_BYPASS);
    for (size_t i = 0; i < ARRAY_LENGTH(clients); i++) {
        assert_int_equal(vmd_ids_flags(0x8086, clients[i]), VMD_CAP_SHADOW | VMD_BUS_RESTRICTION | VMD_VECTOR0_UNUSED);
        assert_int_equal(vmd_ids_flags(0x1af4, clients[i]), 0);
    }
    size_t known = 0;
    for (unsigned device = 0; device <= UINT16_MAX; device++) {
        known += vmd_ids_flags(0x8086, (uint16_t)device) != 0;
    }
    assert_int_equal(known, 11);
}

static void nothing_happens_without_one(void **state)
{
    (void)state;
    size_t writes = 0;
    fake_pci_add(sbdf_make(0, 0, 3, 0), 0x8086, 0x0a54, 0x010802);
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_OK);
    size_t used = arena.used;
    assert_int_equal(vmd_open(&vmd, &facts, &arena, &list), STATUS_OK);
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
    assert_int_equal(arena.used, used);
    assert_int_equal(vmd.count + vmd.window_count + list.count, 0);
}

/* One server part as firmware leaves it: two ports, a drive behind each. */
static void add_two_drives(unsigned first)
{
    add_port(first, 1, first + 1, first + 1);
    add_port(first, 2, first + 2, first + 2);
    add_disk(first + 1, 0, MEMBAR1);
    add_disk(first + 2, 0, MEMBAR1 + 0x100000);
}

static void a_domain_is_read_and_its_functions_follow(void **state)
{
    (void)state;
    add_endpoint(SERVER, 1);
    fake_pci_set(endpoint, VMD_LOCK, 2, VMD_LOCK_SHADOW);
    add_two_drives(128);
    fake_pci_set(fake_pci_find(child(129, 0)), 0x04, 2, 0x0007);
    open_all();
    const struct vmd_domain *d = domain();
    assert_true(d->usable && d->lock_shadow && d->restricts && !d->bypass);
    assert_int_equal(d->segment, SBDF_VMD_FIRST);
    assert_int_equal(d->first_bus, 128);
    assert_int_equal(d->last_bus, 159);
    assert_true(d->config == CFGBAR + (UINT64_C(0x0e) << 32));
    assert_true(d->memory[0].start == MEMBAR1 && d->memory[0].size == 32 * MIB);
    assert_true(d->memory[1].start == MEMBAR2 + (UINT64_C(0x0e) << 32) + 0x3000);
    assert_true(d->memory[1].size == MIB - 0x3000);
    assert_true(vmd.windows[0].base.v == d->config - 128 * MIB);
    assert_int_equal(facts.count, 2 + 4);
    assert_int_equal(count_children(), 4);
    const struct pci_function *disk = got(child(129, 0));
    assert_int_equal(disk->vmd, d->endpoint);
    assert_ptr_equal(pci_parent(&facts, disk), got(child(128, 1)));
    assert_int_equal(disk->bars[0].size, 16 * KIB);
    assert_int_equal(disk->blocked, 0);
    char text[SBDF_TEXT_SIZE];
    assert_string_equal(sbdf_text(disk->at, text), "10000:81:00.0");
    /* I/O decode of a child goes, the rest stays until the machine is made quiet */
    assert_int_equal(fake_pci_get(fake_pci_find(child(129, 0)), 0x04, 2), 0x0006);
    assert_int_equal(list.count, 0);
    assert_null(vmd_of(&vmd, 0));
    assert_ptr_equal(vmd_of_segment(&vmd, SBDF_VMD_FIRST), d);
    assert_null(vmd_of_segment(&vmd, SBDF_VMD_FIRST + 1));
}

static void first_bus_by_mode_and_part(void **state)
{
    (void)state;
    static const struct {
        uint16_t device;
        unsigned mode, first;
    } cases[] = {{SERVER, 0, 0}, {SERVER, 1, 128}, {SERVER, 2, 224}, {CLIENT, 2, 224}, {OLD, 0, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setup(state);
        add_endpoint(cases[i].device, cases[i].mode);
        add_two_drives(cases[i].first);
        open_all();
        assert_int_equal(domain()->first_bus, cases[i].first);
        assert_int_equal(domain()->last_bus, cases[i].first + 31);
        assert_int_equal(count_children(), 4);
    }
    /* the old part has no such field, and where VMCAP offers no restriction it means nothing */
    setup(state);
    add_endpoint(OLD, 0);
    set_mode(endpoint, 3, false);
    add_two_drives(0);
    open_all();
    assert_int_equal(domain()->first_bus, 0);
    setup(state);
    add_endpoint(SERVER, 0);
    set_mode(endpoint, 2, false);
    fake_pci_set(endpoint, VMD_CAP, 2, 0);
    open_all();
    assert_int_equal(domain()->first_bus, 0);
}

/* It is asked again after every reset. */
static void the_first_bus_by_the_register(void **state)
{
    (void)state;
    uint8_t bus = 1;
    struct vmd_domain d = {.flags = vmd_ids_flags(0x8086, SERVER), .restricts = true};
    assert_true(vmd_first_bus(&d, 0x200, &bus));
    assert_int_equal(bus, 224);
    assert_false(vmd_first_bus(&d, 0x300, &bus));
    d.flags = vmd_ids_flags(0x8086, OLD);
    assert_true(vmd_first_bus(&d, 0x300, &bus));
    assert_int_equal(bus, 0);
}

static void bus_mode_3_is_refused(void **state)
{
    (void)state;
    add_endpoint(SERVER, 3);
    open_all();
    expect_fault(VMD_FAULT_BUS_MODE);
    assert_non_null(strstr(list.items[0].what, "VMCONFIG bits 9:8 are 3"));
    assert_non_null(strstr(list.items[0].fix, "firmware's setup"));
}

static void unassigned_bars_are_refused(void **state)
{
    for (unsigned bar = 0; bar < 6; bar += 2) {
        setup(state);
        add_endpoint(SERVER, 0);
        fake_pci_set(endpoint, (uint16_t)(0x10 + 4 * bar), 4, bar == 2 ? 0 : 4);
        fake_pci_set(endpoint, (uint16_t)(0x14 + 4 * bar), bar == 2 ? 0 : 4, 0);
        open_all();
        expect_fault(VMD_FAULT_BARS);
        assert_non_null(strstr(list.items[0].fix, "above 4G decoding"));
    }
}

static void a_small_window_has_few_buses_or_none(void **state)
{
    setup(state);
    endpoint = add_at(ENDPOINT, SERVER, 0, MIB / 2);
    open_all();
    expect_fault(VMD_FAULT_CONFIG_SMALL);
    setup(state);
    endpoint = add_at(ENDPOINT, SERVER, 0, 4 * MIB);
    open_all();
    assert_int_equal(domain()->last_bus, 3);
    setup(state);
    endpoint = add_at(ENDPOINT, SERVER, 0, 256 * MIB);
    open_all();
    assert_int_equal(domain()->last_bus, 31);
}

static void an_msix_table_elsewhere_is_refused(void **state)
{
    static const struct {
        unsigned entries;
        uint32_t table, pba;
    } cases[] = {{32, 2, 0x1004}, {32, 4, 0x1000}, {32, 0x1f04, 0x1004}, {32, 4, 0x2004}, {1024, 4, 0x1004}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setup(state);
        struct fake_pci_function *f = fake_pci_add(ENDPOINT, 0x8086, SERVER, 0x010400);
        f->next_free = 0x80;
        fake_pci_add_msix(f, cases[i].entries, cases[i].table, cases[i].pba);
        fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, CFGBAR, 32 * MIB);
        fake_pci_add_bar(f, 2, FAKE_BAR_MEM32, MEMBAR1, 32 * MIB);
        fake_pci_add_bar(f, 4, FAKE_BAR_MEM64, MEMBAR2, MIB);
        open_all();
        expect_fault(VMD_FAULT_MSIX);
    }
    setup(state);
    endpoint = add_at(ENDPOINT, SERVER, 0, 32 * MIB);
    endpoint->bytes[0x34] = 0; /* no capabilities, so no MSI-X */
    open_all();
    expect_fault(VMD_FAULT_MSIX);
}

static void bypass_goes_off_before_anything_else(void **state)
{
    (void)state;
    add_endpoint(SERVER, 1);
    set_mode(endpoint, 1, true);
    add_two_drives(128);
    open_all();
    assert_true(domain()->usable && domain()->bypass);
    assert_int_equal(fake_pci_get(endpoint, VMD_CONFIG, 2), 1 << 8);
    assert_int_equal(count_code(VMD_DIAG_BYPASS), 1);
    assert_int_equal(domain()->first_bus, 128);
}

static void bypass_that_stays_is_refused(void **state)
{
    (void)state;
    add_endpoint(SERVER, 1);
    set_mode(endpoint, 1, true);
    fake_pci_make_writable(endpoint, VMD_CONFIG, 2, 0);
    open_all();
    expect_fault(VMD_FAULT_BYPASS);
}

/* Only one part has the bit. */
static void a_client_part_is_not_touched(void **state)
{
    (void)state;
    add_endpoint(CLIENT, 0);
    set_mode(endpoint, 0, true);
    open_all();
    assert_true(domain()->usable && !domain()->bypass);
    assert_int_equal(fake_pci_written(0, ENDPOINT, VMD_CONFIG, 0, 0), SIZE_MAX);
}

static void a_window_in_ram_or_without_decoder_is_refused(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    fake_mmio_refuse_map(CFGBAR + (UINT64_C(0x0e) << 32));
    open_all();
    expect_fault(VMD_FAULT_SILENT);
    setup(state);
    add_endpoint(SERVER, 0);
    fake_pci_make_writable(endpoint, 0x04, 2, 0);
    open_all();
    expect_fault(VMD_FAULT_SILENT);
}

static void a_blocked_endpoint_is_left_alone(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_OK);
    pci_bars_size(&facts, &list);
    pci_find(&facts, ENDPOINT)->blocked = PCI_BLOCKED_BARS;
    fake_pci_forget_writes();
    assert_int_equal(vmd_open(&vmd, &facts, &arena, &list), STATUS_OK);
    expect_fault(VMD_FAULT_BLOCKED);
    size_t writes = 0;
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
}

static void ports_without_numbers_get_them(void **state)
{
    (void)state;
    add_endpoint(SERVER, 2);
    add_port(224, 1, 0, 0);
    add_port(224, 2, 0, 0);
    add_disk(225, 0, 0);
    add_disk(226, 0, 0);
    open_all();
    assert_int_equal(fake_pci_get(fake_pci_find(child(224, 1)), 0x18, 4), 0x00e1e1e0);
    assert_int_equal(fake_pci_get(fake_pci_find(child(224, 2)), 0x18, 4), 0x00e2e2e0);
    assert_int_equal(count_children(), 4);
    assert_int_equal(got(child(224, 1))->secondary, 225);
    assert_ptr_equal(pci_parent(&facts, got(child(226, 0))), got(child(224, 2)));
    assert_int_equal(count_code(VMD_DIAG_BUSES), 1);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].where, "0000:00:0e.0");
}

/* Port 1 leads to a switch with two ports; the second root port comes after all of that. */
static void a_switch_is_numbered_depth_first(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    add_port(0, 1, 0, 0);
    add_port(0, 2, 0, 0);
    add_port(1, 0, 0, 0);
    add_port(2, 0, 0, 0);
    add_port(2, 1, 0, 0);
    add_disk(3, 0, 0);
    add_disk(4, 0, 0);
    add_disk(5, 0, 0);
    open_all();
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 1)), 0x18, 4), 0x040100);
    assert_int_equal(fake_pci_get(fake_pci_find(child(1, 0)), 0x18, 4), 0x040201);
    assert_int_equal(fake_pci_get(fake_pci_find(child(2, 0)), 0x18, 4), 0x030302);
    assert_int_equal(fake_pci_get(fake_pci_find(child(2, 1)), 0x18, 4), 0x040402);
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 2)), 0x18, 4), 0x050500);
    assert_int_equal(count_children(), 8);
    assert_int_equal(got(child(5, 0))->blocked, 0);
}

static void sound_numbers_stay(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    add_port(0, 1, 3, 7); /* firmware left room for more */
    add_port(0, 2, 8, 8);
    add_disk(3, 0, MEMBAR1);
    add_disk(8, 0, MEMBAR1 + 0x100000);
    fake_pci_forget_writes();
    open_all();
    assert_int_equal(fake_pci_written(0, child(0, 1), 0x18, 0, 0), SIZE_MAX);
    assert_int_equal(count_children(), 4);
    assert_int_equal(list.count, 0);
}

/* Loops, ranges that clash, leave the endpoint's or are upside down: all are numbered anew. */
static void nonsense_is_numbered_anew(void **state)
{
    static const struct {
        uint8_t first, last, second, end;
    } cases[] = {{128, 128, 129, 129}, {129, 130, 130, 131}, {129, 200, 201, 201}, {5, 5, 6, 6},
                 {130, 129, 131, 131}, {129, 129, 129, 129}, {255, 255, 130, 130}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setup(state);
        add_endpoint(SERVER, 1);
        add_port(128, 1, cases[i].first, cases[i].last);
        add_port(128, 2, cases[i].second, cases[i].end);
        add_disk(129, 0, 0);
        add_disk(130, 0, 0);
        open_all();
        assert_int_equal(fake_pci_get(fake_pci_find(child(128, 1)), 0x18, 4), 0x818180);
        assert_int_equal(fake_pci_get(fake_pci_find(child(128, 2)), 0x18, 4), 0x828280);
        assert_int_equal(count_children(), 4);
        assert_int_equal(count_code(VMD_DIAG_BUSES), 1);
    }
}

static void a_bridge_that_keeps_nothing_leads_nowhere(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    fake_pci_make_writable(add_port(0, 1, 0, 0), 0x18, 4, 0);
    fake_pci_make_writable(add_port(0, 2, 1, 31), 0x18, 4, 0);
    add_port(0, 3, 0, 0);
    add_disk(1, 0, 0);
    add_disk(2, 0, 0);
    open_all();
    assert_true(count_code(VMD_DIAG_BRIDGE) >= 2);
    assert_true(domain()->usable);
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 3)), 0x18, 4) & 0xff, 0);
}

/* A chain of 40 bridges, each the only one below the one above. */
static void buses_run_out(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    for (unsigned bus = 0; bus < 40; bus++) {
        add_port(bus, 0, 0, 0);
    }
    open_all();
    assert_int_equal(count_code(VMD_DIAG_NO_BUS), 1);
    assert_int_equal(count_children(), 32);
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 0)), 0x18, 4), 0x1f0100);
    assert_int_equal(fake_pci_get(fake_pci_find(child(30, 0)), 0x18, 4), 0x1f1f1e);
    assert_int_equal(fake_pci_get(fake_pci_find(child(31, 0)), 0x18, 4), 0);
}

static void many_ports_share_what_there_is(void **state)
{
    (void)state;
    endpoint = add_at(ENDPOINT, SERVER, 0, 4 * MIB);
    fake_pci_add_root(SBDF_VMD_FIRST, 0);
    for (unsigned i = 1; i <= 8; i++) {
        add_port(0, i, 0, 0);
    }
    open_all();
    assert_int_equal(count_code(VMD_DIAG_NO_BUS), 1);
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 3)), 0x18, 4), 0x030300);
    assert_int_equal(fake_pci_get(fake_pci_find(child(0, 4)), 0x18, 4), 0);
}

static void too_many_functions_close_the_domain_only(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    add_port(0, 1, 1, 1);
    add_port(0, 2, 2, 2);
    add_port(0, 3, 3, 3);
    for (unsigned bus = 1; bus <= 3; bus++) {
        for (unsigned i = 0; i < 256; i++) {
            fake_pci_add(sbdf_make(SBDF_VMD_FIRST, bus, i / 8, i % 8), 0x8086, 0x0a54, 0x010802);
        }
    }
    struct fake_pci_function *second = add_at(sbdf_make(0, 0, 0x0f, 0), SERVER, 0, 32 * MIB);
    fake_pci_set(second, 0x18, 4, 0x94000000);
    fake_pci_add_root(SBDF_VMD_FIRST + 1, 0);
    fake_pci_add(sbdf_make(SBDF_VMD_FIRST + 1, 0, 5, 0), 0x8086, 0x0a54, 0x010802);
    open_all();
    assert_int_equal(domain()->fault, VMD_FAULT_CROWDED);
    assert_int_equal(count_children(), 1);
    assert_true(got(sbdf_make(SBDF_VMD_FIRST + 1, 0, 5, 0))->is_vmd_child);
    assert_int_equal(vmd_of_segment(&vmd, SBDF_VMD_FIRST + 1)->endpoint,
                     pci_find_index(&facts, sbdf_make(0, 0, 0x0f, 0)));
}

static void seventeen_endpoints(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 17; i++) {
        struct fake_pci_function *f = add_at(sbdf_make(0, 0, i, 0), OLD, 0, 32 * MIB);
        fake_pci_set(f, 0x18, 4, 0x80000000 + i * 0x2000000);
    }
    open_all();
    assert_int_equal(vmd.count, VMD_DOMAINS_MAX);
    assert_int_equal(vmd.left_out, 1);
    assert_int_equal(count_code(VMD_DIAG_MANY), 1);
    assert_null(vmd_of(&vmd, pci_find_index(&facts, sbdf_make(0, 0, 17, 0))));
    for (size_t i = 0; i < vmd.count; i++) {
        assert_int_equal(vmd.domains[i].segment, SBDF_VMD_FIRST + i);
    }
}

static void windows_outside_are_closed(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    struct fake_pci_function *port = add_port(0, 1, 1, 1);
    struct fake_pci_function *good = add_port(0, 2, 2, 2);
    fake_pci_set(port, 0x04, 2, 7);
    fake_pci_set(port, 0x20, 4, 0x92009000); /* one MiB more than MEMBAR1 */
    fake_pci_set(port, 0x24, 4, 0xfff10001); /* 0 up to the end of 64 bits */
    fake_pci_set(port, 0x28, 4, 0);
    fake_pci_set(port, 0x2c, 4, UINT32_MAX);
    fake_pci_set(good, 0x20, 4, 0x91f09000); /* all of MEMBAR1 */
    open_all();
    assert_int_equal(count_code(VMD_DIAG_OUTSIDE), 2);
    assert_int_equal(fake_pci_get(port, 0x20, 4), 0x0000fff0);
    assert_int_equal(fake_pci_get(port, 0x24, 4), 0x0001fff1);
    assert_int_equal(fake_pci_get(port, 0x28, 4), UINT32_MAX);
    assert_int_equal(fake_pci_get(port, 0x2c, 4), 0);
    assert_int_equal(fake_pci_get(port, 0x04, 2), 6);
    assert_int_equal(fake_pci_get(good, 0x20, 4), 0x91f09000);
    assert_int_equal(count_code(VMD_DIAG_BRIDGE), 0);
    size_t upper = fake_pci_written(0, child(0, 1), 0x2c, UINT32_MAX, 0);
    size_t base = fake_pci_written(0, child(0, 1), 0x24, UINT32_MAX, 0x0000fff0);
    size_t top = fake_pci_written(0, child(0, 1), 0x28, UINT32_MAX, UINT32_MAX);
    assert_true(upper < base && base < top && top != SIZE_MAX);
}

/* The prefetchable window may be left out: its register reads 0 then, whatever is written. */
static void a_bridge_without_a_prefetchable_window(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    struct fake_pci_function *port = add_port(0, 1, 1, 1);
    fake_pci_set(port, 0x04, 2, 6);
    fake_pci_set(port, 0x20, 4, 0x91f09000);
    for (uint16_t at = 0x24; at <= 0x2c; at += 4) {
        fake_pci_set(port, at, 4, 0);
        fake_pci_make_writable(port, at, 4, 0);
    }
    open_all();
    assert_int_equal(count_code(VMD_DIAG_BRIDGE), 0);
    assert_int_equal(count_code(VMD_DIAG_OUTSIDE), 0);
    assert_int_equal(fake_pci_get(port, 0x04, 2), 6);
}

static void a_window_that_stays_open_loses_its_decoder(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    struct fake_pci_function *port = add_port(0, 1, 1, 1);
    fake_pci_set(port, 0x04, 2, 6);
    fake_pci_set(port, 0x20, 4, 0xfee0fec0);
    fake_pci_make_writable(port, 0x20, 4, 0);
    open_all();
    assert_int_equal(fake_pci_get(port, 0x04, 2), 4);
    assert_int_equal(count_code(VMD_DIAG_BRIDGE), 1);
}

static void bars_outside_are_closed(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    add_port(0, 1, 1, 1);
    add_port(0, 2, 2, 2);
    struct fake_pci_function *bad = add_disk(1, 0, 0xfee00000);
    struct fake_pci_function *edge = add_disk(2, 0, MEMBAR1 + 32 * MIB - 16 * KIB);
    fake_pci_add_rom(bad, 0xfec00001, 64 * KIB);
    fake_pci_set(bad, 0x04, 2, 2);
    fake_pci_set(edge, 0x04, 2, 2);
    open_all();
    assert_int_equal(got(child(1, 0))->blocked, PCI_BLOCKED_BARS);
    assert_int_equal(fake_pci_get(bad, 0x04, 2), 0);
    assert_int_equal(fake_pci_get(bad, 0x30, 4) & 1, 0);
    assert_int_equal(got(child(2, 0))->blocked, 0);
    assert_int_equal(fake_pci_get(edge, 0x04, 2), 2);
    assert_int_equal(count_code(VMD_DIAG_OUTSIDE), 2);
}

/* The MSI-X pages and the shadow page of MEMBAR2 are no child's. */
static void the_head_of_membar2_belongs_to_nobody(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    open_all();
    const struct vmd_domain *d = domain();
    uint64_t second = MEMBAR2 + (UINT64_C(0x0e) << 32);
    assert_false(vmd_owns(d, second, 0x1000));
    assert_false(vmd_owns(d, second + 0x2000, 0x1000));
    assert_false(vmd_owns(d, second + 0x2fff, 2));
    assert_true(vmd_owns(d, second + 0x3000, MIB - 0x3000));
    assert_false(vmd_owns(d, second + 0x3000, MIB - 0x2fff));
    assert_false(vmd_owns(d, MEMBAR1, 0));
    assert_false(vmd_owns(d, MEMBAR1 + 1, UINT64_MAX));
    assert_false(vmd_owns(d, UINT64_MAX, 1));
    setup(state);
    add_endpoint(OLD, 0);
    open_all();
    assert_true(vmd_owns(domain(), second + 0x2000, 0x1000));
    assert_false(vmd_owns(domain(), second + 0x1fff, 1));
}

/* In a dump a function may be on a bus that no bridge leads to, which is not the domain's first one. */
static void an_orphan_is_blocked(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    open_all();
    struct pci_function functions[] = {
        facts.functions[0],
        facts.functions[1],
        {.at = child(0, 3), .parent = PCI_NO_INDEX, .bars = {{PCI_BAR_MEM32, false, true, MEMBAR1, 4096}}},
        {.at = child(2, 0), .parent = PCI_NO_INDEX, .bars = {{PCI_BAR_MEM32, false, true, 0xfee00000, 4096}}},
    };
    struct pci_facts saved = {.functions = functions, .count = ARRAY_LENGTH(functions)};
    vmd_take_children(&vmd, &saved, &list);
    assert_false(functions[1].is_vmd_child);
    assert_true(functions[2].is_vmd_child && functions[3].is_vmd_child);
    assert_int_equal(functions[2].blocked, 0);
    assert_int_equal(functions[3].vmd, 1);
    assert_int_equal(functions[3].blocked, PCI_BLOCKED_BRIDGE_PATH | PCI_BLOCKED_BARS);
    assert_int_equal(count_code(VMD_DIAG_OUTSIDE), 1);
}

/* --- functions of the first bus that are no bridges: SATA controllers, in client parts */

static void reset_all(void)
{
    struct vmd_reset r;
    vmd_reset_begin(&r, &facts, domain());
    while (!vmd_reset_go_on(&r)) {
        time_wait_until(r.due_ns);
    }
    assert_int_equal(r.status, STATUS_OK);
}

static void beside_root_ports(void **state)
{
    (void)state;
    add_endpoint(CLIENT, 0);
    add_two_drives(0);
    struct fake_pci_function *of[3];
    for (unsigned i = 0; i < ARRAY_LENGTH(of); i++) {
        of[i] = fake_pci_add(child(0, 0x17 + i), 0x8086, 0xa352, 0x010601);
        fake_pci_add_msi(of[i], true, false);
    }
    fake_pci_add_express(of[0], PCI_EXPRESS_RC_ENDPOINT, true);
    fake_pci_add_pm(of[1], false);
    open_all();
    for (unsigned i = 0; i < ARRAY_LENGTH(of); i++) {
        fake_pci_set(of[i], got(of[i]->at)->cap.msi + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE);
        fake_pci_set(of[i], PCI_COMMAND, 2, 6);
    }
    reset_all();
    for (unsigned i = 0; i < ARRAY_LENGTH(of); i++) {
        assert_int_equal(fake_pci_get(of[i], PCI_COMMAND, 2) & 6, 0);
        assert_int_equal(fake_pci_get(of[i], got(of[i]->at)->cap.msi + PCI_MSI_CONTROL, 2) & PCI_MSI_ENABLE, 0);
    }
    assert_int_equal(of[0]->flrs, 1);
    assert_int_equal(of[1]->power_resets, 1);
    assert_int_equal(fake_log_count("10000:00:19.0: has no reset"), 1);
    assert_int_equal(fake_log_count("does not answer"), 0);
}

/* Whatever children say, opening ends and no window or BAR outside stays open. */
static void hostile_bytes(void **state)
{
    unsigned seed = 1;
    for (unsigned round = 0; round < 300; round++) {
        setup(state);
        add_endpoint(round % 2 == 0 ? SERVER : CLIENT, round % 3);
        unsigned first = (unsigned[]){0, 128, 224}[round % 3];
        for (unsigned i = 0; i < 12; i++) {
            struct sbdf at = child(first + i % 4, i / 4);
            struct fake_pci_function *f = i < 8 ? fake_pci_add_bridge(at, 0, 0) : add_disk(first + i % 4, i / 4, 0);
            for (unsigned k = 0x10; k < 0x40; k++) {
                f->bytes[k] = (uint8_t)rand_r(&seed);
                f->writable[k] = (uint8_t)(rand_r(&seed) % 3 == 0 ? rand_r(&seed) : f->writable[k]);
            }
            f->bytes[0x34] = 0; /* chains are test_pci_caps.c's */
            f->bytes[0x04] = (uint8_t)rand_r(&seed);
            f->bytes[0x0e] = (uint8_t)(rand_r(&seed) % 4 == 0 ? rand_r(&seed) : f->bytes[0x0e]);
        }
        open_all();
        for (size_t i = 0; domain()->usable && i < facts.count; i++) {
            const struct pci_function *f = &facts.functions[i];
            const struct fake_pci_function *raw = fake_pci_find(f->at);
            if (!f->is_vmd_child || (raw->bytes[0x04] & 2) == 0) {
                continue;
            }
            assert_int_equal(f->parent == PCI_NO_INDEX || f->parent < i, 1);
            for (unsigned b = 0; b < PCI_BARS && !f->bridge; b++) {
                bool decodes = f->bars[b].kind == PCI_BAR_MEM32 || f->bars[b].kind == PCI_BAR_MEM64;
                assert_true(!decodes || f->bars[b].address == 0 ||
                            vmd_owns(domain(), f->bars[b].address, f->bars[b].size));
            }
            uint64_t base = (fake_pci_get(raw, 0x20, 2) & 0xfff0u) << 16;
            uint64_t last = (fake_pci_get(raw, 0x22, 2) & 0xfff0u) << 16 | 0xfffff;
            assert_true(f->header != 1 || base > last || vmd_owns(domain(), base, last - base + 1));
        }
    }
}

static void arena_full(void **state)
{
    (void)state;
    add_endpoint(SERVER, 0);
    add_two_drives(0);
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_OK);
    pci_bars_size(&facts, &list);
    arena.size = arena.used + sizeof(struct pci_function);
    assert_int_equal(vmd_open(&vmd, &facts, &arena, &list), STATUS_NO_MEMORY);
}

static void every_fault_says_what_to_do(void **state)
{
    (void)state;
    for (int f = VMD_FAULT_NONE; f <= VMD_FAULT_CROWDED; f++) {
        assert_true(strlen(vmd_fault_text((enum vmd_fault)f)) > 8);
        assert_true(strlen(vmd_fault_fix((enum vmd_fault)f)) > 8);
        assert_true(strlen(vmd_fault_fix((enum vmd_fault)f)) < DIAG_TEXT_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_has_its_flags),
        cmocka_unit_test_setup(nothing_happens_without_one, setup),
        cmocka_unit_test_setup(a_domain_is_read_and_its_functions_follow, setup),
        cmocka_unit_test(first_bus_by_mode_and_part),
        cmocka_unit_test_setup(bus_mode_3_is_refused, setup),
        cmocka_unit_test(unassigned_bars_are_refused),
        cmocka_unit_test(a_small_window_has_few_buses_or_none),
        cmocka_unit_test(an_msix_table_elsewhere_is_refused),
        cmocka_unit_test_setup(bypass_goes_off_before_anything_else, setup),
        cmocka_unit_test_setup(bypass_that_stays_is_refused, setup),
        cmocka_unit_test_setup(a_client_part_is_not_touched, setup),
        cmocka_unit_test_setup(a_window_in_ram_or_without_decoder_is_refused, setup),
        cmocka_unit_test_setup(a_blocked_endpoint_is_left_alone, setup),
        cmocka_unit_test_setup(ports_without_numbers_get_them, setup),
        cmocka_unit_test_setup(a_switch_is_numbered_depth_first, setup),
        cmocka_unit_test_setup(sound_numbers_stay, setup),
        cmocka_unit_test(nonsense_is_numbered_anew),
        cmocka_unit_test_setup(a_bridge_that_keeps_nothing_leads_nowhere, setup),
        cmocka_unit_test_setup(buses_run_out, setup),
        cmocka_unit_test_setup(many_ports_share_what_there_is, setup),
        cmocka_unit_test_setup(too_many_functions_close_the_domain_only, setup),
        cmocka_unit_test_setup(seventeen_endpoints, setup),
        cmocka_unit_test_setup(windows_outside_are_closed, setup),
        cmocka_unit_test_setup(the_first_bus_by_the_register, setup),
        cmocka_unit_test_setup(beside_root_ports, setup),
        cmocka_unit_test_setup(a_bridge_without_a_prefetchable_window, setup),
        cmocka_unit_test_setup(a_window_that_stays_open_loses_its_decoder, setup),
        cmocka_unit_test_setup(bars_outside_are_closed, setup),
        cmocka_unit_test_setup(the_head_of_membar2_belongs_to_nobody, setup),
        cmocka_unit_test_setup(an_orphan_is_blocked, setup),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test_setup(arena_full, setup),
        cmocka_unit_test(every_fault_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
