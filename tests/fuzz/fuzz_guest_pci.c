/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that writes anything anywhere into its PCI: config ports, ECAM, its BARs. After every access the tables lead
 * to its RAM and its own BARs alone (never the MSI-X page), and BARs, decode and bridges of the machine are unchanged.
 * An access is nine bytes: what, device or BAR page, offset (2), value (4), width. With bit 6 of the first one set the
 * bus is full enough for devices with two functions; bit 5 then means the second. */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "tests/fake/guest_pci_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCESS_BYTES 9
#define ACCESSES_MAX 200
#define MANY_ACCESSES_MAX 40 /* each is checked against forty functions */
#define MANY 0x40
#define SECOND 0x20

static struct guest_pci_rig rig;
static bool many;

static uint32_t function_read(unsigned device, unsigned function, uint16_t offset, unsigned width)
{
    uint64_t at = GUEST_ECAM_START + ((uint64_t)device << 15 | function << 12) + offset;
    return (uint32_t)bus_read(&rig.mmio, at, width, 0);
}

/* Both ways round: the bit says more functions, and more functions have the bit, in every one that is there. */
static const char *wrong_multifunction(void)
{
    for (unsigned device = 0; device <= GUEST_PCI_DEVICES; device++) {
        bool second = function_read(device, 1, PCI_VENDOR, 2) != 0xffff;
        for (unsigned function = 0; function < 8; function++) {
            uint32_t type = function_read(device, function, PCI_HEADER_TYPE, 1);
            bool there = function_read(device, function, PCI_VENDOR, 2) != 0xffff;
            if (there ? type != (second ? PCI_HEADER_MULTIFUNCTION : 0u) || function > 1 : type != 0xff) {
                return "the header does not say which functions there are";
            }
        }
    }
    return NULL;
}

static void must_hold(void)
{
    const char *wrong = guest_pci_rig_wrong(&rig);
    wrong = wrong == NULL && many ? wrong_multifunction() : wrong;
    if (wrong != NULL) {
        fprintf(stderr, "guest pci: %s\n", wrong);
        abort();
    }
}

/* Whom an access means: device number and function. */
static unsigned device_of(const uint8_t *a)
{
    return 1 + a[1] % (many ? GUEST_PCI_DEVICES : 3);
}

static unsigned function_of(const uint8_t *a)
{
    return many && (a[0] & SECOND) != 0 ? 1 : 0;
}

/* Interesting registers more often than the rest; those of the first device where nobody is. */
static uint16_t config_offset(const uint8_t *a, uint16_t offset)
{
    const struct guest_pci_function *f = guest_pci_at(&rig.pci, device_of(a) + GUEST_PCI_DEVICES * function_of(a));
    const struct pci_view *view = f != NULL ? &f->view : &rig.pci.functions[1]->view;
    const uint16_t places[] = {PCI_COMMAND, PCI_BAR0,   PCI_BAR0 + 4, PCI_ROM,
                               view->msi,   view->msix, view->pm,     view->express};
    unsigned which = offset >> 12;
    return which < ARRAY_LENGTH(places) ? (uint16_t)(places[which] + (offset & 0xf)) : offset & 0xfff;
}

static void config_access(const uint8_t *a, uint16_t offset, uint32_t value, unsigned width)
{
    uint64_t at = GUEST_ECAM_START + ((uint64_t)device_of(a) << 15 | function_of(a) << 12) + config_offset(a, offset);
    if ((a[0] & 8) != 0) {
        bus_write(&rig.mmio, at, width, value, 0);
    } else {
        bus_read(&rig.mmio, at, width, 0);
    }
}

static void port_access(const uint8_t *a, uint16_t offset, uint32_t value, unsigned width)
{
    uint16_t port = PLATFORM_PCI_ADDRESS_PORT + (a[1] & 7);
    if ((a[0] & 16) != 0) {
        value = 0x80000000 | device_of(a) << 11 | function_of(a) << 8 | (config_offset(a, offset) & 0xfc);
        bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, value, 0);
    } else if ((a[0] & 8) != 0) {
        bus_write(&rig.ports, port, width == 8 ? 4 : width, value, 0);
    } else {
        bus_read(&rig.ports, port, width == 8 ? 4 : width, 0);
    }
}

/* What the nested tables do not map comes here, as it does from a guest's exits. */
static void memory_access(const uint8_t *a, uint16_t offset, uint32_t value, unsigned width)
{
    const struct guest_pci_function *small = rig.pci.functions[3];
    const uint64_t places[] = {rig.pci.functions[1]->bars[0].address + RIG_TABLE, small->bars[0].address,
                               small->bars[1].address, small->bars[GUEST_PCI_ROM].address};
    uint64_t at = places[a[1] % ARRAY_LENGTH(places)] + (offset & 0xfff);
    struct radix_mapping m;
    if (radix_lookup(&rig.nested, at, &m) == STATUS_OK) {
        return;
    }
    if ((a[0] & 8) != 0) {
        bus_write(&rig.mmio, at, width, (uint64_t)value << 32 | value, 0);
    } else {
        bus_read(&rig.mmio, at, width, 0);
    }
}

/* A second function goes away and comes back: the first one's header follows. */
static void replug(unsigned index)
{
    const struct vm_device *device = &rig.many_devices[index];
    if (guest_pci_find(&rig.pci, device->function->at) == NULL) {
        guest_pci_rig_attach(&rig, device);
    } else if (guest_pci_rig_detach(&rig, device) != STATUS_OK) {
        abort();
    }
}

static void device_access(const uint8_t *a)
{
    if (many && a[1] == 0xcc) {
        replug(a[2] % RIG_MANY);
    }
    for (unsigned i = 0; i < RIG_VECTORS; i++) {
        (void)guest_pci_rig_send_msix(&rig, i);
    }
    (void)guest_pci_rig_send_msi(&rig);
    size_t failed;
    if (a[1] == 0xaa && guest_pci_rig_anew(&rig, &rig.nvme_device, 1, &failed) != STATUS_OK) {
        abort();
    }
    if (a[1] == 0xbb) {
        if (guest_pci_rig_detach(&rig, &rig.plain_device) != STATUS_OK) {
            abort();
        }
        guest_pci_rig_attach(&rig, &rig.plain_device);
    }
}

static void access(const uint8_t *a)
{
    uint16_t offset = (uint16_t)(a[2] | a[3] << 8);
    uint32_t value = a[4] | (uint32_t)a[5] << 8 | (uint32_t)a[6] << 16 | (uint32_t)a[7] << 24;
    unsigned width = 1u << (a[8] & 3);
    switch (a[0] & 7) {
    case 0:
    case 1:
    case 2:
        config_access(a, offset, value, width);
        break;
    case 3:
        port_access(a, offset, value, width);
        break;
    case 7:
        device_access(a);
        break;
    default:
        memory_access(a, offset, value, width);
        break;
    }
}

/* The bus has 3 already: 28 more fill its devices, the rest are second functions of the first ones. */
#define MANY_ATTACHED 31u

static void attach_many(void)
{
    for (unsigned i = 0; i < MANY_ATTACHED; i++) {
        rig.plans[5 + i].reset = PCI_RESET_NONE; /* its waits take the fuzzer's time */
        guest_pci_rig_attach(&rig, &rig.many_devices[i]);
    }
}

static void start(bool with_many)
{
    many = with_many;
    if (many) {
        guest_pci_rig_start_many(&rig);
    } else {
        guest_pci_rig_start(&rig);
    }
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    guest_pci_rig_attach(&rig, &rig.plain_device);
    rig.plans[4].rom = true;
    guest_pci_rig_attach(&rig, &rig.small_device);
    if (many) {
        attach_many();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start(size != 0 && (data[0] & MANY) != 0);
    size_t most = many ? MANY_ACCESSES_MAX : ACCESSES_MAX;
    for (size_t i = 0; i + ACCESS_BYTES <= size && i < ACCESS_BYTES * most; i += ACCESS_BYTES) {
        access(data + i);
        must_hold();
        fake_pci_forget_writes();
    }
    return 0;
}
