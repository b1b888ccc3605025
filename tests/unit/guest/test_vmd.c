/* SPDX-License-Identifier: GPL-2.0-only
 * A guest with a VMD endpoint over the model of one: what it sees, what it can make the hardware do, and what becomes
 * of it when the guest starts anew or the device is taken away. */
#include "guest/vmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "tests/fake/guest_vmd_rig.h"
#include "tests/fake/irq.h"
#include "tests/fake/time.h"

#define MEM1 UINT64_C(0xf0000000)
#define MEM2 UINT64_C(0x2010000000)
#define CLOSED VMD_BRIDGE_CLOSED
#define RESET_NS UINT64_C(100000000) /* for so long what was reset is left alone */
#define PORT 1u                      /* device number of the first root port */
#define ACTIVE (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER)

static struct guest_vmd_rig rig;

static void expect_sound(void)
{
    const char *wrong = guest_vmd_rig_wrong(&rig);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
}

static void start(struct vmd_model_config config)
{
    guest_vmd_rig_start(&rig, config, NULL);
    guest_vmd_rig_attach(&rig);
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
}

static int server(void **state)
{
    (void)state;
    start(fake_vmd_server());
    return 0;
}

static int client(void **state)
{
    (void)state;
    struct vmd_model_config config = fake_vmd_client();
    config.flr = true;
    start(config);
    return 0;
}

static uint32_t in(unsigned bus, unsigned device, unsigned offset, unsigned width)
{
    return guest_vmd_rig_child_read(&rig, bus, device, offset, width);
}

static void out(unsigned bus, unsigned device, unsigned offset, unsigned width, uint32_t value)
{
    guest_vmd_rig_child_write(&rig, bus, device, offset, width, value);
    expect_sound();
}

static const struct pci_model *port(unsigned i)
{
    return &rig.vmd.model.port[i].space;
}

static const struct pci_model *disk(unsigned i)
{
    return &rig.vmd.model.port[i].nvme.space;
}

/* As a driver does: a MiB of MEMBAR1 for each disk, by host addresses. */
static void bring_up(void)
{
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        uint32_t at = (uint32_t)MEM1 + 0x100000 * i;
        out(0, PORT + i, VMD_BRIDGE_MEMORY, 4, (at >> 16 & 0xfff0) | at);
        out(0, PORT + i, PCI_COMMAND, 2, ACTIVE);
        out(1 + i, 0, PCI_BAR0, 4, at);
        out(1 + i, 0, PCI_BAR0 + 4, 4, 0);
        out(1 + i, 0, PCI_COMMAND, 2, ACTIVE);
    }
}

static void both_disks_answer(void **state)
{
    (void)state;
    bring_up();
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        assert_int_equal(in(0, PORT + i, PCI_VENDOR, 4), 0x20308086);
        assert_int_equal(in(1 + i, 0, PCI_VENDOR, 4), 0x00101b36);
        /* NVMe's version, through window and BAR, by the guest's own address of MEMBAR1. */
        assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR1, 0x100000 * i + 8, 4) >> 16, 1);
    }
    assert_int_equal(rig.vmd.model.counts.lost, 0);
    assert_int_not_equal(rig.f->bars[VMD_MEMBAR1].address, MEM1);
}

static void sizing_is_answered_from_the_copy(void **state)
{
    (void)state;
    out(1, 0, PCI_BAR0, 4, UINT32_MAX);
    out(1, 0, PCI_BAR0 + 4, 4, UINT32_MAX);
    assert_int_equal(in(1, 0, PCI_BAR0, 4) & ~0xfu, ~(uint32_t)(NVME_MODEL_WINDOW - 1));
    assert_int_equal(in(1, 0, PCI_BAR0 + 4, 4), UINT32_MAX);
    assert_int_equal(pci_model_bar_address(disk(0), 0), 0);
    out(1, 0, PCI_BAR0 + 8, 4, UINT32_MAX);
    assert_int_equal(in(1, 0, PCI_BAR0 + 8, 4), 0); /* there is none */
    out(1, 0, PCI_ROM, 4, UINT32_MAX);
    assert_int_equal(in(1, 0, PCI_ROM, 4), 0);
    out(0, PORT, VMD_BRIDGE_IO, 2, 0xf0f0);
    assert_int_equal(in(0, PORT, VMD_BRIDGE_IO, 2), 0x00f0);
}

static void bars_outside_never_decode(void **state)
{
    (void)state;
    static const uint64_t places[] = {0, 0xfee00000, 0xfed90000, 0x100000, MEM2, UINT64_C(0x575000000000)};
    bring_up();
    for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
        out(1, 0, PCI_BAR0, 4, (uint32_t)places[i]);
        out(1, 0, PCI_BAR0 + 4, 4, (uint32_t)(places[i] >> 32));
        out(1, 0, PCI_COMMAND, 2, ACTIVE);
        assert_int_equal(in(1, 0, PCI_BAR0, 4) & ~0xfu, (uint32_t)places[i]);
        assert_int_equal(in(1, 0, PCI_COMMAND, 2), ACTIVE);
        assert_false(pci_model_decodes(disk(0)));
        assert_true(pci_model_masters(disk(0))); /* its DMA is the remapping unit's */
    }
    out(1, 0, PCI_BAR0, 4, (uint32_t)MEM1 + 0x4000);
    out(1, 0, PCI_BAR0 + 4, 4, 0);
    assert_true(pci_model_decodes(disk(0)));
}

static void windows_outside_stay_closed(void **state)
{
    (void)state;
    bring_up();
    out(0, PORT, VMD_BRIDGE_MEMORY, 4, 0xfed0fed0); /* the remapping unit */
    assert_int_equal(in(0, PORT, VMD_BRIDGE_MEMORY, 4), 0xfed0fed0);
    assert_int_equal(pci_model_read(port(0), VMD_BRIDGE_MEMORY, 4), CLOSED);
    out(0, PORT, VMD_BRIDGE_MEMORY, 4, 0xf000f000);
    assert_int_equal(pci_model_read(port(0), VMD_BRIDGE_MEMORY, 4), 0xf000f000);
    /* The report: 0 to 0x575000fffff, in the order a driver writes it. */
    out(0, PORT, VMD_BRIDGE_PREFETCH_LIMIT, 4, 0x575);
    out(0, PORT, VMD_BRIDGE_PREFETCH, 4, 0);
    out(0, PORT, VMD_BRIDGE_PREFETCH_BASE, 4, 0);
    assert_int_equal(in(0, PORT, VMD_BRIDGE_PREFETCH_LIMIT, 4), 0x575);
    assert_int_equal(pci_model_read(port(0), VMD_BRIDGE_PREFETCH_BASE, 4), UINT32_MAX);
    assert_int_equal(pci_model_read(port(0), VMD_BRIDGE_PREFETCH_LIMIT, 4), 0);
    /* In three writes to MEMBAR1; only the last one opens it. */
    out(0, PORT, VMD_BRIDGE_PREFETCH_LIMIT, 4, 0);
    out(0, PORT, VMD_BRIDGE_PREFETCH, 4, 0xf010f010);
    assert_int_equal(pci_model_read(port(0), VMD_BRIDGE_PREFETCH_BASE, 4), 0);
    assert_int_equal(in(0, PORT, VMD_BRIDGE_PREFETCH, 4), 0xf011f011);
    assert_true(vmd_model_claims(&rig.vmd.model, MEM1 + 0x100000));
    out(0, PORT, VMD_BRIDGE_PREFETCH, 4, 0xfff0);
}

static uint32_t random_of(const uint32_t *values, size_t count)
{
    return values[(size_t)rand() % count];
}

/* Whatever is written wherever, in whichever order: out() looks at the hardware after each write. */
static void random_writes(void **state)
{
    (void)state;
    static const uint32_t offsets[] = {0x04, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x22, 0x24, 0x26, 0x28, 0x2c,
                                       0x30, 0x34, 0x38, 0x3c, 0x3e, 0x40, 0x44, 0x48, 0x50, 0x5c};
    static const uint32_t values[] = {0,          UINT32_MAX, 0xf000f000, 0xf1f0f000, 0x20,       0xf0000000,
                                      0x10100000, 0x00008281, 0x00818180, 0x00828281, 0x00000007, 0x0040,
                                      0xfff0,     0x00400000, 0x8000,     0xfed0fed0, 0x20102010, 0x575};
    static const unsigned widths[] = {1, 2, 4, 4, 4, 8};
    unsigned opened = 0, decoding = 0;
    srand(42);
    for (unsigned i = 0; i < 20000; i++) {
        if (i % 100 == 0) { /* sense again, or soon nothing is reachable */
            for (unsigned n = 0; n < VMD_MODEL_DISKS; n++) {
                out(0, PORT + n, PCI_BRIDGE_CONTROL, 2, 0);
                out(0, PORT + n, PCI_BUS_NUMBERS, 4, 0x00818180 + n * 0x00010100);
            }
            fake_time_advance_ns(RESET_NS);
            bring_up();
        }
        unsigned bus = (unsigned)rand() % 4;
        unsigned device = bus == 0 ? 1 + (unsigned)rand() % 2 : 0;
        uint32_t offset = random_of(offsets, ARRAY_LENGTH(offsets));
        unsigned width = widths[(unsigned)rand() % ARRAY_LENGTH(widths)];
        uint64_t value = random_of(values, ARRAY_LENGTH(values));
        value |= (uint64_t)random_of(values, ARRAY_LENGTH(values)) << 32;
        guest_vmd_rig_write(&rig, VMD_CFGBAR, guest_vmd_rig_child(bus, device, offset), width, value);
        expect_sound();
        opened += pci_model_read(port(0), VMD_BRIDGE_MEMORY, 4) != CLOSED;
        decoding += pci_model_decodes(disk(0));
    }
    assert_true(opened > 100 && decoding > 0); /* or nothing was shown */
}

static void absent_functions(void **state)
{
    (void)state;
    assert_int_equal(in(0, 0, PCI_VENDOR, 4), UINT32_MAX);
    assert_int_equal(in(0, 3, PCI_VENDOR, 2), 0xffff);
    assert_int_equal(in(1, 1, PCI_VENDOR, 1), 0xff);
    assert_int_equal(in(31, 31, 0xffc, 4), UINT32_MAX);
    uint64_t before = rig.vmd.model.counts.absent;
    out(0, 3, PCI_COMMAND, 2, ACTIVE);
    out(7, 0, PCI_BAR0, 4, (uint32_t)MEM1);
    assert_int_equal(rig.vmd.model.counts.absent, before); /* not even asked */
}

static void widths(void **state)
{
    (void)state;
    uint64_t at = guest_vmd_rig_child(0, PORT, PCI_VENDOR);
    uint64_t ids = guest_vmd_rig_read(&rig, VMD_CFGBAR, at, 8);
    assert_int_equal((uint32_t)ids, 0x20308086);
    assert_int_equal((uint32_t)(ids >> 32), in(0, PORT, PCI_COMMAND, 4));
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_CFGBAR, at + 1, 2), 0x3080);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_CFGBAR, at + 2, 1), 0x30);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_CFGBAR, at + 0xffe, 4), UINT32_MAX); /* two functions */
    /* One write of 8 bytes for both halves of a BAR. */
    guest_vmd_rig_write(&rig, VMD_CFGBAR, guest_vmd_rig_child(1, 0, PCI_BAR0), 8, MEM1 + 0x8000);
    assert_int_equal(pci_model_bar_address(disk(0), 0), MEM1 + 0x8000);
    /* And bytes. */
    out(1, 0, PCI_BAR0 + 1, 1, 0xc0);
    assert_int_equal(pci_model_bar_address(disk(0), 0), MEM1 + 0xc000);
    expect_sound();
}

static void bus_numbers(void **state)
{
    (void)state;
    assert_int_equal(in(0, PORT, PCI_BUS_NUMBERS, 4), 0x00818180);
    out(0, PORT, PCI_BUS_NUMBERS, 4, 0x00858580); /* the first is bus 5 now */
    assert_int_equal(in(5, 0, PCI_VENDOR, 4), 0x00101b36);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    out(0, PORT, PCI_BUS_NUMBERS, 4, 0x00828280); /* the second has it too: one of them only */
    assert_int_equal(in(0, PORT + 1, PCI_BUS_NUMBERS, 4), 0x00828280);
    assert_int_equal(pci_model_read(port(0), PCI_BUS_NUMBERS, 4), 0x00828280);
    assert_int_equal(pci_model_read(port(1), PCI_BUS_NUMBERS, 4), 0);
    out(0, PORT + 1, PCI_BUS_NUMBERS, 4, 0x00818180);
    assert_int_equal(pci_model_read(port(0), PCI_BUS_NUMBERS, 4), 0x00828280);
    assert_int_equal(pci_model_read(port(1), PCI_BUS_NUMBERS, 4), 0x00818180);
    static const uint32_t bad[] = {0x00808080, 0x00010100, 0x00818280, 0x00ff8180, 0x00a0a080, 0x00000080};
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        out(0, PORT, PCI_BUS_NUMBERS, 4, bad[i]);
        assert_int_equal(in(0, PORT, PCI_BUS_NUMBERS, 4), bad[i]);
        assert_int_equal(pci_model_read(port(0), PCI_BUS_NUMBERS, 4), 0);
    }
}

static void secondary_bus_reset(void **state)
{
    (void)state;
    bring_up();
    unsigned before = (unsigned)rig.vmd.model.counts.bus_resets;
    out(0, PORT, PCI_BRIDGE_CONTROL, 2, 0xff);
    assert_int_equal(in(0, PORT, PCI_BRIDGE_CONTROL, 2), PCI_BRIDGE_RESET | 3);
    assert_int_equal(pci_model_read(port(0), PCI_BRIDGE_CONTROL, 2), PCI_BRIDGE_RESET);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    out(0, PORT, PCI_BRIDGE_CONTROL, 2, 0);
    assert_int_equal(rig.vmd.model.counts.bus_resets, before + 1);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(1, 0, PCI_BAR0, 4) & ~0xfu, 0);
    assert_int_equal(in(1, 0, PCI_COMMAND, 2), 0);
    assert_int_equal(in(2, 0, PCI_COMMAND, 2), ACTIVE);
    out(1, 0, PCI_COMMAND, 2, ACTIVE);
    assert_false(pci_model_decodes(disk(0))); /* at 0 */
    out(1, 0, PCI_BAR0, 4, (uint32_t)MEM1);
    assert_true(pci_model_decodes(disk(0)));
}

/* Nothing is read back from a function in reset, and yet no write is left unread: out() looks. */
static void resets_of_a_disk(void **state)
{
    (void)state;
    bring_up();
    const struct pci_function *f = pci_find(&rig.pci.facts, sbdf_make(SBDF_VMD_FIRST, 129, 0, 0));
    out(1, 0, f->cap.express + PCI_EXP_DEVCTL, 2, PCI_DEVCTL_FLR);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    assert_int_equal(in(0, PORT, PCI_VENDOR, 2), 0x8086);
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(1, 0, PCI_COMMAND, 2), 0);
    out(1, 0, f->cap.pm + PCI_PM_CONTROL, 1, PCI_PM_D3HOT);
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX);
    assert_int_equal(in(0, PORT, PCI_VENDOR, 2), 0x8086);
}

/* A reset of the disk's own making is seen by what it took. */
static void reset_behind_our_back(void **state)
{
    (void)state;
    bring_up();
    nvme_model_reset(&rig.vmd.model.port[0].nvme);
    assert_int_equal(in(1, 0, PCI_BAR0, 4) & ~0xfu, 0);
    assert_int_equal(in(1, 0, PCI_COMMAND, 2), 0);
    out(1, 0, PCI_BAR0, 4, (uint32_t)MEM1);
    out(1, 0, PCI_COMMAND, 2, ACTIVE);
    assert_true(pci_model_decodes(disk(0)));
}

static void bypass_stays_off(void **state)
{
    (void)state;
    guest_vmd_rig_endpoint_write(&rig, VMD_CONFIG, 2, 0xffff);
    guest_vmd_rig_endpoint_write(&rig, VMD_CAP, 4, UINT32_MAX);
    guest_vmd_rig_endpoint_write(&rig, VMD_LOCK, 4, 0);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, VMD_CONFIG, 2), 0x100);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, VMD_CAP, 2), 1);
    assert_int_equal(vmd_model_config_read(&rig.vmd.model, VMD_CONFIG, 2), 0x100);
    expect_sound();
}

static void expect_shadow(void)
{
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, VMD_LOCK, 4) & VMD_LOCK_SHADOW, VMD_LOCK_SHADOW);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, VMD_SHADOW_OFFSET, 8), MEM1);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, VMD_SHADOW_OFFSET + 8, 8), MEM2);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, VMD_SHADOW_OFFSET + 12, 4), MEM2 >> 32);
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, VMD_SHADOW_OFFSET, 8, 0);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, VMD_SHADOW_OFFSET, 8), MEM1);
}

static void native_shadow(void **state)
{
    (void)state;
    expect_shadow();
    assert_int_equal(rig.f->view.value[0xe8], 0);
}

static void native_shadow_without_firmware(void **state)
{
    (void)state;
    struct vmd_model_config config = fake_vmd_server();
    config.lock_shadow = false;
    start(config);
    expect_shadow();
}

static void shadow_by_capability(void **state)
{
    (void)state;
    unsigned at = PCI_CAPABILITIES;
    unsigned found = 0;
    for (at = guest_vmd_rig_endpoint_read(&rig, PCI_CAPABILITIES, 1); at != 0;
         at = guest_vmd_rig_endpoint_read(&rig, (uint16_t)(at + 1), 1)) {
        if (guest_vmd_rig_endpoint_read(&rig, (uint16_t)at, 1) == PCI_CAP_VENDOR) {
            found = at;
            break;
        }
    }
    assert_int_not_equal(found, 0);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 2), 2), 0x0118);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 4), 4), 0x53484457);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 8), 4), MEM1);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 12), 4), 0);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 16), 4), (uint32_t)MEM2 | 4);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, (uint16_t)(found + 20), 4), MEM2 >> 32);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, VMD_LOCK, 4), 0);
    bring_up();
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR1, 8, 4) >> 16, 1);
}

/* --- messages */

static void program_entry(unsigned index, uint32_t address, uint32_t data)
{
    uint64_t at = VMD_MODEL_MSIX_TABLE + 16 * (uint64_t)index;
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, at, 4, address);
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, at + 4, 4, 0);
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, at + 8, 4, data);
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, at + 12, 4, 0);
}

static void enable_messages(void)
{
    uint16_t control = (uint16_t)(rig.f->view.msix + PCI_MSIX_CONTROL);
    guest_vmd_rig_endpoint_write(&rig, control, 2, PCI_MSIX_ENABLE);
}

/* The disk sends what it was told to; the unit lets it through or not. */
static bool child_sends(uint64_t address, uint32_t data, struct vtd_model_message *out_message)
{
    unsigned before = rig.vmd.messages;
    uint32_t value = data;
    struct vmd_model_port *p = &rig.vmd.model.port[0];
    p->nvme.io.dma(p->nvme.io.context, true, address, &value, 4);
    return rig.vmd.messages != before &&
           vtd_model_interrupt(rig.pci.model, sbdf_rid(rig.vmd.endpoint), (uint32_t)rig.vmd.message_address,
                               rig.vmd.message_data, out_message);
}

static void forged_messages_reach_the_owner_alone(void **state)
{
    (void)state;
    struct vtd_model_message message = {0};
    bring_up();
    program_entry(3, 0xfee01000, 0x45);
    enable_messages();
    assert_true(child_sends(0xfee03000, 0, &message)); /* entry 3 */
    assert_true(fake_irq_raise(message.dest - 0x10, message.vector));
    assert_int_equal(rig.pci.delivered, 1);
    assert_int_equal(rig.pci.last_data, 0x45);
    for (unsigned index = 0; index < 256; index++) {
        bool sent = child_sends(0xfee00000 | index << 12, 0x4141, &message);
        assert_int_equal(sent, index == 3);
    }
    assert_int_equal(rig.vmd.model.counts.bypassed, 0);
    /* Entries of the hardware hold remappable messages, whose interrupt entries nobody else may use. */
    uint64_t entry = vmd_model_read(&rig.vmd.model, VMD_MODEL_MEMBAR2, 16 * 3, 8);
    assert_true((entry & 0x10) != 0);
    assert_false(vtd_model_interrupt(rig.pci.model, 0x0100, (uint32_t)entry, 0, &message));
}

static void table_writes_stay_in_the_copy(void **state)
{
    (void)state;
    program_entry(0, 0xfee00000, 0x31);
    assert_int_equal(vmd_model_read(&rig.vmd.model, VMD_MODEL_MEMBAR2, 0, 4) & 0xfff00000, 0);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, 8, 4), 0x31);
    guest_vmd_rig_write(&rig, VMD_MEMBAR2, VMD_MODEL_MSIX_PENDING, 8, UINT64_MAX);
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR2, VMD_MODEL_MSIX_PENDING, 8), 0);
}

/* --- resets, withdrawal */

static void expect_as_at_first(void)
{
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        assert_false(pci_model_masters(port(i)) || pci_model_masters(disk(i)) || pci_model_decodes(disk(i)));
        assert_int_equal(pci_model_read(port(i), VMD_BRIDGE_MEMORY, 4), CLOSED);
        assert_int_equal(pci_model_read(port(i), PCI_BUS_NUMBERS, 4), 0x00818180 + i * 0x00010100);
    }
    expect_sound();
}

static void started_anew(void **state)
{
    (void)state;
    size_t failed = 0;
    bring_up();
    out(0, PORT, PCI_BUS_NUMBERS, 4, 0x008a8a80);
    out(0, PORT + 1, PCI_BUS_NUMBERS, 4, 0x00818180);
    uint64_t resets = rig.vmd.model.counts.bus_resets;
    assert_int_equal(guest_pci_rig_anew(&rig.pci, &rig.device, 1, &failed), STATUS_OK);
    assert_true(rig.vmd.model.counts.bus_resets >= resets + VMD_MODEL_DISKS);
    assert_int_equal(rig.vmd.model.counts.resets, 2);
    expect_as_at_first();
    rig.f = guest_pci_find(&rig.pci.pci, rig.vmd.endpoint);
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
    bring_up();
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR1, 8, 4) >> 16, 1);
}

static void the_guest_resets_itself(void **state)
{
    (void)state;
    bring_up();
    out(0, PORT, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_RESET);
    out(0, PORT + 1, PCI_BUS_NUMBERS, 4, 0x009f9f80);
    guest_pci_reset(&rig.pci.pci);
    expect_as_at_first();
    assert_int_equal(pci_model_read(port(0), PCI_BRIDGE_CONTROL, 2), 0);
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, VMD_CONFIG, 2), 0x100);
    assert_int_equal(in(0, PORT, VMD_BRIDGE_MEMORY, 4), CLOSED);
    fake_time_advance_ns(RESET_NS);
    assert_int_equal(in(1, 0, PCI_COMMAND, 2), 0);
}

/* A disk that works on while no bus number leads to it is silent too when the numbers come back. */
static void the_guest_hides_a_disk(void **state)
{
    (void)state;
    bring_up();
    out(0, PORT, PCI_BUS_NUMBERS, 4, 0);
    assert_true(pci_model_masters(disk(0)));
    guest_pci_reset(&rig.pci.pci);
    expect_as_at_first();
    assert_int_equal(in(1, 0, PCI_COMMAND, 2), 0);
}

static void stopped_and_returned(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(guest_pci_function_stop(rig.f), STATUS_OK);
    expect_as_at_first();
    assert_false(pci_model_masters(&rig.vmd.model.space));
    assert_int_equal(in(1, 0, PCI_VENDOR, 4), UINT32_MAX); /* nothing is there any more */
    assert_int_equal(guest_vmd_rig_endpoint_read(&rig, PCI_VENDOR, 4), UINT32_MAX);
    struct device_set set = {.of = {&rig.device}, .count = 1};
    struct device_reset reset;
    device_reset_begin(&reset, &rig.pci.facts, &set);
    device_reset_wait(&reset);
    assert_int_equal(reset.set.status[0], STATUS_OK);
    assert_int_equal(guest_pci_function_return(rig.f), STATUS_OK);
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
    bring_up();
    assert_int_equal(guest_vmd_rig_read(&rig, VMD_MEMBAR1, 8, 4) >> 16, 1);
}

static void taken_away(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(guest_pci_rig_detach(&rig.pci, &rig.device), STATUS_OK);
    expect_as_at_first();
    assert_false(pci_model_masters(&rig.vmd.model.space));
}

/* A driver that sees no offset believes that it is alone: such a part is not given so. */
static void not_at_the_hosts_addresses(void **state)
{
    (void)state;
    size_t failed = 0;
    guest_vmd_rig_start(&rig, fake_vmd_server(), NULL);
    rig.plan.bars[VMD_MEMBAR1] = MEM1;
    rig.plan.bars[VMD_MEMBAR2] = MEM2;
    assert_int_equal(guest_pci_rig_assign(&rig.pci.pci, &rig.device, 1, &failed), STATUS_CONFLICT);
}

int main(void)
{
#define ON_SERVER(test) cmocka_unit_test_setup(test, server)
    const struct CMUnitTest tests[] = {
        ON_SERVER(both_disks_answer),
        ON_SERVER(sizing_is_answered_from_the_copy),
        ON_SERVER(bars_outside_never_decode),
        ON_SERVER(windows_outside_stay_closed),
        ON_SERVER(random_writes),
        ON_SERVER(absent_functions),
        ON_SERVER(widths),
        ON_SERVER(bus_numbers),
        ON_SERVER(secondary_bus_reset),
        ON_SERVER(resets_of_a_disk),
        ON_SERVER(reset_behind_our_back),
        ON_SERVER(bypass_stays_off),
        ON_SERVER(native_shadow),
        cmocka_unit_test(native_shadow_without_firmware),
        cmocka_unit_test_setup(shadow_by_capability, client),
        ON_SERVER(forged_messages_reach_the_owner_alone),
        ON_SERVER(table_writes_stay_in_the_copy),
        ON_SERVER(started_anew),
        ON_SERVER(the_guest_resets_itself),
        ON_SERVER(the_guest_hides_a_disk),
        ON_SERVER(stopped_and_returned),
        ON_SERVER(taken_away),
        cmocka_unit_test(not_at_the_hosts_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
