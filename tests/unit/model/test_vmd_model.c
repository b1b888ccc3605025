/* SPDX-License-Identifier: GPL-2.0-only
 * The model of VMD, against what Linux' vmd driver and the public facts say of the hardware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"
#include "tests/model/vmd_model.h"

#define CFG UINT64_C(0x2000000000)
#define MEM1 UINT64_C(0xf0000000)
#define MEM2 UINT64_C(0x2010000000)
#define NOTHING UINT64_MAX
enum { COMMAND = 4, BUSES = 0x18, WINDOW = 0x20, PREFETCH = 0x24, CONTROL = 0x3e };

static struct {
    struct vmd_model vmd;
    uint64_t address, dma_at;
    uint32_t data;
    unsigned messages, dmas;
    bool reenter;
} world;

static bool dma(void *context, bool write, uint64_t address, void *data, size_t bytes)
{
    (void)context;
    (void)write;
    memset(data, 0, bytes);
    world.dma_at = address;
    world.dmas++;
    return true;
}

static void message(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    world.address = address;
    world.data = data;
    world.messages++;
    if (world.reenter) {
        vmd_model_read(&world.vmd, VMD_MODEL_CFGBAR, 0, 4);
    }
}

static bool disk(void *context, unsigned number, bool write, uint64_t offset, void *data, size_t bytes)
{
    (void)context;
    (void)write;
    (void)offset;
    memset(data, (int)number, bytes);
    return true;
}

static void start(uint16_t device, uint8_t mode, bool shadow, bool flr)
{
    const struct vmd_model_io io = {NULL, dma, message, disk};
    const struct vmd_model_config config = {.device = device,
                                            .bus_mode = mode,
                                            .lock_shadow = shadow,
                                            .flr = flr,
                                            .bar = {CFG, MEM1, MEM2},
                                            .disk_bytes = {0x10000, 0x20000}};
    memset(&world, 0, sizeof(world));
    vmd_model_init(&world.vmd, &config, &io);
    vmd_model_config_write(&world.vmd, COMMAND, 2, 6);
}

static uint64_t at(unsigned bus, unsigned device, unsigned offset)
{
    return (uint64_t)bus << 20 | (uint64_t)device << 15 | offset;
}

static uint64_t config_read(unsigned bus, unsigned device, unsigned offset, unsigned width)
{
    return vmd_model_read(&world.vmd, VMD_MODEL_CFGBAR, at(bus, device, offset), width);
}

static void config_write(unsigned bus, unsigned device, unsigned offset, unsigned width, uint64_t value)
{
    vmd_model_write(&world.vmd, VMD_MODEL_CFGBAR, at(bus, device, offset), width, value);
    vmd_model_read(&world.vmd, VMD_MODEL_CFGBAR, at(bus, device, offset), width);
}

/* Both controllers reachable: windows of 1 MiB, the first in MEMBAR1 and the second in MEMBAR2; first is the bus that
 * numbers count from. */
static void bring_up(unsigned first)
{
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        unsigned bus = first + 1 + i;
        config_write(0, 1 + i, BUSES, 4, bus << 16 | bus << 8 | first);
        config_write(0, 1 + i, COMMAND, 2, 6);
        config_write(1 + i, 0, COMMAND, 2, 6);
    }
    config_write(0, 1, WINDOW, 4, (MEM1 >> 16 & 0xfff0) | (MEM1 & 0xfff00000));
    config_write(1, 0, 0x10, 4, MEM1 + 0x8000);
    config_write(0, 2, 0x28, 4, MEM2 >> 32);
    config_write(0, 2, 0x2c, 4, MEM2 >> 32);
    config_write(0, 2, PREFETCH, 4, (uint32_t)(MEM2 >> 16 & 0xfff0) | (uint32_t)(MEM2 & 0xfff00000));
    config_write(2, 0, 0x10, 4, (uint32_t)MEM2 + 0x4000);
    config_write(2, 0, 0x14, 4, MEM2 >> 32);
}

static void test_identity(void **state)
{
    (void)state;
    start(VMD_MODEL_SERVER, 1, true, false);
    struct vmd_model *m = &world.vmd;
    assert_int_equal(vmd_model_config_read(m, 0, 4), 0x28c08086);
    assert_int_equal(vmd_model_config_read(m, 8, 4) >> 8, 0x010400);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMCAP, 4), 1);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMCONFIG, 4), 0x100);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMLOCK, 4), 2);
    assert_int_equal(vmd_model_config_read(m, 0x100, 4), 0);
    assert_int_equal(vmd_model_first_bus(m), 128);
    assert_int_equal(vmd_model_bar(m, VMD_MODEL_CFGBAR), CFG);
    assert_int_equal(vmd_model_bar(m, VMD_MODEL_MEMBAR1), MEM1);
    assert_int_equal(vmd_model_bar(m, VMD_MODEL_MEMBAR2), MEM2);
    vmd_model_config_write(m, COMMAND, 2, 0);
    for (unsigned i = 0x10; i < 0x28; i += 4) {
        vmd_model_config_write(m, (uint16_t)i, 4, UINT32_MAX);
    }
    static const uint32_t sizes[] = {0xfe00000c, 0xffffffff, 0xfe000000, 0, 0xfff00004, 0xffffffff};
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(vmd_model_config_read(m, (uint16_t)(0x10 + 4 * i), 4), sizes[i]);
    }
}

static void test_the_client_part(void **state)
{
    (void)state;
    start(VMD_MODEL_CLIENT, 2, true, false);
    struct vmd_model *m = &world.vmd;
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMCAP, 4), 0);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMLOCK, 4), 0);
    vmd_model_config_write(m, VMD_MODEL_VMCONFIG, 4, UINT32_MAX);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMCONFIG, 4), 0);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW, 8), NOTHING);
}

static void test_children_answer_by_bus_number(void **state)
{
    (void)state;
    start(VMD_MODEL_SERVER, 1, false, false);
    assert_int_equal(config_read(0, 1, 0, 4), 0x20308086);
    assert_int_equal(config_read(0, 1, 2, 2), 0x2030);
    assert_int_equal(config_read(0, 1, 0xe, 1), 1);
    assert_int_equal(config_read(0, 0, 0, 4), 0xffffffff);
    assert_int_equal(config_read(0, 3, 0, 2), 0xffffffff);
    assert_int_equal(config_read(1, 0, 0, 4), 0xffffffff); /* the port has no number yet */
    assert_int_equal(config_read(0, 1, 0, 8), NOTHING);
    assert_int_equal(vmd_model_read(&world.vmd, VMD_MODEL_CFGBAR, at(0, 1, 1), 2), NOTHING);
    assert_int_equal(vmd_model_read(&world.vmd, VMD_MODEL_CFGBAR, VMD_MODEL_CFGBAR_BYTES, 4), NOTHING);
    bring_up(128);
    assert_int_equal(config_read(1, 0, 0, 4), NVME_MODEL_DEVICE << 16 | NVME_MODEL_VENDOR);
    assert_int_equal(config_read(1, 1, 0, 4), 0xffffffff); /* a link has one device */
    assert_int_equal(config_read(2, 0, 0xa, 2), 0x0108);
    assert_true(world.vmd.counts.absent >= 4);
    vmd_model_config_write(&world.vmd, COMMAND, 2, 0);
    assert_int_equal(config_read(0, 1, 0, 4), NOTHING);
}

static void test_firmware_may_have_numbered_the_ports(void **state)
{
    (void)state;
    const struct vmd_model_io io = {NULL, dma, message, disk};
    const struct vmd_model_config config = {
        .device = VMD_MODEL_SERVER, .bus_mode = 2, .numbered = true, .bar = {CFG, MEM1, MEM2}, .disk_bytes = {0x10000}};
    vmd_model_init(&world.vmd, &config, &io);
    vmd_model_config_write(&world.vmd, COMMAND, 2, 6);
    assert_int_equal(config_read(0, 1, BUSES, 4), 225 << 16 | 225 << 8 | 224);
    assert_int_equal(config_read(1, 0, 0, 2), NVME_MODEL_VENDOR);
    assert_int_equal(config_read(2, 0, 0, 4), 0xffffffff); /* an empty slot */
}

static void test_windows_decode_host_addresses(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR1, 0x8008, 4), 0x00010300);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, 0x4008, 4), 0x00010300);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR1, 0x4008, 4), NOTHING);
    assert_true(vmd_model_claims(m, MEM1 + 0x8000) && !vmd_model_claims(m, MEM1 + 0x100000));
    config_write(1, 0, 0x10, 4, MEM1 + 0x1000000); /* outside the window */
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR1, 0x1000008, 4), NOTHING);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR1, 0x8008, 4), NOTHING);
    config_write(1, 0, 0x10, 4, 0x8000); /* a guest's address: the wrong offset */
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR1, 0x8008, 4), NOTHING);
    assert_int_equal(m->counts.lost, 4);
    assert_int_equal(m->counts.strays, 0);
    config_write(2, 0, COMMAND, 2, 4);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, 0x4008, 4), NOTHING);
}

static void test_windows_outside_are_counted(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    config_write(0, 1, COMMAND, 2, 4);
    config_write(0, 1, 0x2c, 4, 0x5750); /* closed as long as it does not decode */
    config_write(0, 1, PREFETCH, 4, 0xfff00000);
    assert_int_equal(m->counts.strays, 0);
    config_write(0, 1, COMMAND, 2, 6);
    assert_int_equal(m->counts.strays, 1);
    assert_true(vmd_model_claims(m, 0xfed90000));
    config_write(0, 1, PREFETCH, 4, 0xfff0);
    config_write(0, 1, 0x2c, 4, 0);
    assert_false(vmd_model_claims(m, 0xfed90000));
    config_write(0, 1, WINDOW, 4, (MEM1 >> 16 & 0xfff0) | ((MEM1 + VMD_MODEL_MEMBAR1_BYTES) & 0xfff00000));
    assert_int_equal(m->counts.strays, 2);
    config_write(0, 2, WINDOW, 4, (MEM1 >> 16 & 0xfff0) | (MEM1 & 0xfff00000));
    assert_int_equal(m->counts.conflicts, 0);
    vmd_model_read(m, VMD_MODEL_MEMBAR1, 0, 4);
    assert_int_equal(m->counts.conflicts, 1);
}

static void test_the_shadow(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, true, false);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW, 8), MEM1);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW + 8, 8), MEM2);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW + 12, 4), MEM2 >> 32);
    vmd_model_write(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW, 8, 0);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW, 8), MEM1);
    start(VMD_MODEL_SERVER, 1, false, false);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_SHADOW, 8), NOTHING);
}

static void program(unsigned index, uint64_t address, uint32_t data, bool masked)
{
    vmd_model_write(&world.vmd, VMD_MODEL_MEMBAR2, 16 * index, 8, address);
    vmd_model_write(&world.vmd, VMD_MODEL_MEMBAR2, 16 * index + 8, 4, data);
    vmd_model_write(&world.vmd, VMD_MODEL_MEMBAR2, 16 * index + 12, 4, masked);
}

static void msix(uint32_t control)
{
    vmd_model_config_write(&world.vmd, (uint16_t)(world.vmd.msix_at + 2), 2, control);
}

static bool child(unsigned number, bool write, uint64_t address, uint32_t data)
{
    struct vmd_model_port *p = &world.vmd.port[number];
    return p->nvme.io.dma(p->nvme.io.context, write, address, &data, sizeof(data));
}

static void test_messages_pick_an_entry(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    assert_true(child(0, true, 0xfee03000, 0));
    assert_int_equal(m->counts.dropped, 1); /* MSI-X is off */
    msix(0x8000);
    program(3, 0xfee00318, 0x41, false);
    child(0, true, 0xfee03000, 0);
    assert_int_equal(world.messages, 1);
    assert_int_equal(world.address, 0xfee00318);
    assert_int_equal(world.data, 0x41);
    program(4, 0xfee00418, 0x42, true);
    child(1, true, 0xfee04000, 0);
    assert_int_equal(world.messages, 1);
    assert_int_equal(vmd_model_read(m, VMD_MODEL_MEMBAR2, VMD_MODEL_MSIX_PENDING, 8), BIT64(4));
    program(4, 0xfee00418, 0x42, false);
    assert_int_equal(world.messages, 2);
    child(0, true, 0xfee00000 | VMD_MODEL_VECTORS << 12, 0);
    assert_int_equal(m->counts.dropped, 2);
    assert_false(child(0, false, 0xfee03000, 0));
    assert_false(child(0, true, 0xfee03002, 0));
    assert_int_equal(world.messages, 2);
    assert_int_equal(world.dmas, 0);
}

static void test_bypass(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    vmd_model_config_write(m, VMD_MODEL_VMCONFIG, 4, 2);
    assert_int_equal(vmd_model_config_read(m, VMD_MODEL_VMCONFIG, 4), 0x102);
    child(0, true, 0xfee12000, 0x4031);
    assert_int_equal(world.address, 0xfee12000);
    assert_int_equal(world.data, 0x4031);
    assert_int_equal(m->counts.bypassed, 1);
}

static void test_everyone_on_the_way_masters(void **state)
{
    (void)state;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    assert_true(child(1, true, 0x123000, 0));
    assert_int_equal(world.dma_at, 0x123000);
    config_write(2, 0, COMMAND, 2, 2);
    assert_false(child(1, true, 0x123000, 0));
    config_write(2, 0, COMMAND, 2, 6);
    config_write(0, 2, COMMAND, 2, 2);
    assert_false(child(1, true, 0x123000, 0));
    config_write(0, 2, COMMAND, 2, 6);
    vmd_model_config_write(&world.vmd, COMMAND, 2, 2);
    assert_false(child(1, true, 0x123000, 0));
    assert_int_equal(world.vmd.counts.blocked, 3);
    assert_int_equal(world.dmas, 1);
}

static void test_secondary_bus_reset(void **state)
{
    (void)state;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    config_write(0, 1, CONTROL, 2, 0x40);
    assert_int_equal(config_read(1, 0, 0, 4), 0xffffffff);
    config_write(0, 1, CONTROL, 2, 0);
    assert_int_equal(config_read(1, 0, 0, 2), NVME_MODEL_VENDOR);
    assert_int_equal(config_read(1, 0, COMMAND, 2), 0);
    assert_int_equal(config_read(2, 0, COMMAND, 2), 6);
    assert_int_equal(world.vmd.counts.bus_resets, 1);
}

static void check_reset(void)
{
    assert_int_equal(world.vmd.counts.resets, 1);
    assert_int_equal(vmd_model_config_read(&world.vmd, COMMAND, 2), 0);
    assert_int_equal(vmd_model_bar(&world.vmd, VMD_MODEL_MEMBAR1), 0);
    assert_int_equal(vmd_model_config_read(&world.vmd, VMD_MODEL_VMCONFIG, 4), 0x100);
    vmd_model_config_write(&world.vmd, COMMAND, 2, 6);
    assert_int_equal(config_read(0, 1, BUSES, 4), 0);
}

static void test_resets_of_the_endpoint(void **state)
{
    (void)state;
    start(VMD_MODEL_SERVER, 1, false, true);
    bring_up(128);
    vmd_model_config_write(&world.vmd, VMD_MODEL_VMCONFIG, 4, 2);
    vmd_model_config_write(&world.vmd, (uint16_t)(world.vmd.express_at + 8), 2, 0x8000);
    check_reset();
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    vmd_model_config_write(&world.vmd, (uint16_t)(world.vmd.express_at + 8), 2, 0x8000); /* it has no FLR */
    assert_int_equal(world.vmd.counts.resets, 0);
    vmd_model_config_write(&world.vmd, (uint16_t)(world.vmd.power_at + 4), 2, 3);
    assert_int_equal(config_read(0, 1, 0, 4), NOTHING);
    vmd_model_config_write(&world.vmd, (uint16_t)(world.vmd.power_at + 4), 2, 0);
    check_reset();
}

static void test_posted_writes_and_two_at_once(void **state)
{
    (void)state;
    struct vmd_model *m = &world.vmd;
    start(VMD_MODEL_SERVER, 1, false, false);
    bring_up(128);
    assert_int_equal(m->counts.unread, 0);
    vmd_model_write(m, VMD_MODEL_CFGBAR, at(0, 1, WINDOW), 4, 0xfff0);
    (void)config_read(0, 2, 0, 4);
    assert_int_equal(m->counts.unread, 1);
    msix(0x8000);
    program(1, 0xfee00118, 0x41, false);
    world.reenter = true;
    m->port[0].nvme.msix.entry[0].word[0] = 0xfee01000;
    m->port[0].nvme.msix.entry[0].word[3] = 0;
    m->port[0].nvme.msix.pending = 1;
    config_write(1, 0, m->port[0].nvme.msix_at + 2U, 2, 0x8000); /* sends what is pending */
    assert_int_equal(world.messages, 1);
    assert_int_equal(m->counts.concurrent, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_the_client_part),
        cmocka_unit_test(test_children_answer_by_bus_number),
        cmocka_unit_test(test_firmware_may_have_numbered_the_ports),
        cmocka_unit_test(test_windows_decode_host_addresses),
        cmocka_unit_test(test_windows_outside_are_counted),
        cmocka_unit_test(test_the_shadow),
        cmocka_unit_test(test_messages_pick_an_entry),
        cmocka_unit_test(test_bypass),
        cmocka_unit_test(test_everyone_on_the_way_masters),
        cmocka_unit_test(test_secondary_bus_reset),
        cmocka_unit_test(test_resets_of_the_endpoint),
        cmocka_unit_test(test_posted_writes_and_two_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
