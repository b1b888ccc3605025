/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that writes anything anywhere into a VMD endpoint that is its own: CFGBAR, MEMBAR2's first pages, the
 * endpoint's configuration space. After every access no root port forwards and no disk decodes an address outside the
 * MEMBARs, messages are remapped, and the endpoint's MSI-X table holds messages of ours alone.
 * An access is twelve bytes: what, bus and device, offset (2), value (8), of which the upper half is as wide as the
 * first byte says; its bit 6: resets that were under way are over. The very first byte: bit 0, the part; bit 1, whether
 * firmware locked the shadow. */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "tests/fake/guest_vmd_rig.h"
#include "tests/fake/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCESS_BYTES 12
#define ACCESSES_MAX 200
#define ACTIVE (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER)
#define RESET_NS UINT64_C(100000000)

static struct guest_vmd_rig rig;

static _Noreturn void wrong(const char *what)
{
    fprintf(stderr, "vmd: %s\n", what);
    abort();
}

/* Remappable format, or masked (VT-d 4.1 5.1.2.2). */
static void check_table(void)
{
    for (unsigned i = 0; i < VMD_MODEL_VECTORS; i++) {
        uint64_t address = vmd_model_read(&rig.vmd.model, VMD_MODEL_MEMBAR2, 16 * i, 8);
        uint64_t control = vmd_model_read(&rig.vmd.model, VMD_MODEL_MEMBAR2, 16 * i + 12, 4);
        if ((control & 1) == 0 && (address >> 20 != 0xfee || (address & 0x10) == 0)) {
            wrong("the MSI-X table holds a message that is not ours");
        }
    }
}

static void must_hold(void)
{
    const char *what = guest_vmd_rig_wrong(&rig);
    if (what != NULL) {
        wrong(what);
    }
    if ((vmd_model_config_read(&rig.vmd.model, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0) {
        check_table();
    }
}

/* Registers that matter more often than the rest. */
static uint16_t offset_of(uint16_t raw)
{
    static const uint16_t places[] = {PCI_COMMAND,
                                      PCI_BAR0,
                                      PCI_BUS_NUMBERS,
                                      VMD_BRIDGE_MEMORY,
                                      VMD_BRIDGE_PREFETCH,
                                      VMD_BRIDGE_PREFETCH_BASE,
                                      VMD_BRIDGE_PREFETCH_LIMIT,
                                      0x3c,
                                      0x40,
                                      0x48};
    unsigned which = raw >> 12;
    return which < ARRAY_LENGTH(places) ? (uint16_t)(places[which] + (raw & 7)) : raw & 0xfff;
}

/* Addresses inside the MEMBARs, so that something opens; else as it comes. */
static uint64_t value_of(const uint8_t *a)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)a[4 + i] << (8 * i);
    }
    switch (a[11] >> 6) {
    case 1:
        return (value & 0x01f001f0) | UINT64_C(0xf000f000);
    case 2:
        return (value & 0x1ffc000) | UINT64_C(0xf0000000);
    case 3:
        return value & 0x00838387;
    default:
        return value;
    }
}

static void config_access(const uint8_t *a, uint64_t value, unsigned width)
{
    unsigned bus = a[1] >> 6;
    unsigned device = bus == 0 || (a[0] & 0x80) != 0 ? a[1] & 0x1f : 0;
    uint64_t at = guest_vmd_rig_child(bus, device & 3, offset_of((uint16_t)(a[2] | a[3] << 8)));
    if ((a[0] & 8) != 0) {
        guest_vmd_rig_write(&rig, VMD_CFGBAR, at, width, value);
    } else {
        (void)guest_vmd_rig_read(&rig, VMD_CFGBAR, at, width);
    }
}

static void own_access(const uint8_t *a, uint64_t value, unsigned width)
{
    uint64_t at = ((uint64_t)a[2] | (uint64_t)a[3] << 8) & 0x3fff & ~(uint64_t)(width - 1);
    if ((a[0] & 8) != 0) {
        guest_vmd_rig_write(&rig, VMD_MEMBAR2, at, width, value);
    } else {
        (void)guest_vmd_rig_read(&rig, VMD_MEMBAR2, at, width);
    }
}

static void endpoint_access(const uint8_t *a, uint64_t value, unsigned width)
{
    static const uint16_t places[] = {PCI_COMMAND, VMD_CAP, VMD_CONFIG, VMD_LOCK};
    uint16_t at = a[1] < 128 ? places[a[1] % ARRAY_LENGTH(places)] : (uint16_t)((a[2] | a[3] << 8) & 0xff8);
    bool address = at >= PCI_BAR0 && at < PCI_BAR0 + 4 * PCI_BARS; /* moving them is fuzz_guest_pci's */
    if ((a[0] & 8) != 0 && !address) {
        guest_vmd_rig_endpoint_write(&rig, at, width < 4 ? width : 4, (uint32_t)value);
    }
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
}

static void life(const uint8_t *a)
{
    if (a[1] == 0xaa) {
        guest_pci_reset(&rig.pci.pci);
    } else if (a[1] == 0xbb) {
        nvme_model_reset(&rig.vmd.model.port[a[2] & 1].nvme);
    } else if (a[1] == 0xcc &&
               (guest_pci_function_stop(rig.f) != STATUS_OK || guest_pci_function_return(rig.f) != STATUS_OK)) {
        wrong("it cannot be stopped");
    }
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
}

static void access(const uint8_t *a)
{
    uint64_t value = value_of(a);
    unsigned width = 1u << (a[0] >> 4 & 3);
    if ((a[0] & 0x40) != 0) { /* what is in reset comes back */
        fake_time_advance_ns(RESET_NS);
    }
    switch (a[0] & 7) {
    case 5:
        own_access(a, value, width);
        break;
    case 6:
        endpoint_access(a, value, width);
        break;
    case 7:
        life(a);
        break;
    default:
        config_access(a, value, width);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct vmd_model_config config = (data[0] & 1) != 0 ? fake_vmd_server() : fake_vmd_client();
    config.lock_shadow = config.lock_shadow && (data[0] & 2) != 0;
    guest_vmd_rig_start(&rig, config, NULL);
    rig.plan.reset = PCI_RESET_NONE; /* its waits take the fuzzer's time */
    guest_vmd_rig_attach(&rig);
    guest_vmd_rig_endpoint_write(&rig, PCI_COMMAND, 2, ACTIVE);
    must_hold();
    data++;
    size--;
    for (unsigned i = 0; i < ACCESSES_MAX && size >= ACCESS_BYTES; i++) {
        access(data);
        must_hold();
        data += ACCESS_BYTES;
        size -= ACCESS_BYTES;
    }
    return 0;
}
