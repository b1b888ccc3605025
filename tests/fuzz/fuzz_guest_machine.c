/* SPDX-License-Identifier: GPL-2.0-only
 * Two guests made by the product's own builders, of which one or both do anything to their machine: ports, the holes of
 * their memory, LAPIC, I/O APIC, configuration space and MSI-X table of an assigned device, while time passes. In the
 * end the independent auditor must find every table as isolated as before. The first byte is the kind of CPU and unit;
 * an access is eight bytes: what, guest and direction (in one), width, where (2), value (4). */
#include <stdio.h>
#include <stdlib.h>

#include "guest/platform.h"
#include "guest/vlapic.h"
#include "guest/vm_platform.h"
#include "tests/fake/made_guests.h"
#include "tests/fake/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCESS_BYTES 8u
#define ACCESSES_MAX 256u
#define DEVICE_1 (GUEST_ECAM_START + (UINT64_C(1) << 15)) /* the guest's 00:01.0 */

static struct made_guests made;

static const struct made_guests_kind kinds[] = {
    {"SVM on QEMU's unit", vtd_model_qemu, &radix_npt, 2, false},
    {"VMX, tables shared, interrupts posted", vtd_model_server, &radix_ept, 2, false},
    {"VMX in small pages, a reserved region", vtd_model_full, &radix_ept, 1, true},
};

struct access {
    unsigned what, guest, width;
    bool write;
    uint16_t where;
    uint32_t value;
};

static struct access access_of(const uint8_t *a)
{
    return (struct access){
        .what = a[0],
        .guest = a[1] & 1,
        .write = (a[1] & 2) != 0,
        .width = 1u << (a[2] & 3),
        .where = (uint16_t)(a[3] | a[4] << 8),
        .value = a[5] | (uint32_t)a[6] << 8 | (uint32_t)a[7] << 16 | (uint32_t)a[7] << 24,
    };
}

static void memory(struct vm *vm, uint64_t at, const struct access *a)
{
    if (a->write) {
        bus_write(&vm->platform.mmio, at, a->width, (uint64_t)a->value << 32 | a->value, vm_now(vm));
    } else {
        bus_read(&vm->platform.mmio, at, a->width, vm_now(vm));
    }
}

/* Those that something answers more often than the rest. */
static uint16_t port_of(const struct access *a)
{
    static const uint16_t known[] = {0x20,  0x40,  0x60,  0x70,  0x92,  0xa0,  0x3d4, PLATFORM_COM1_PORT,
                                     0x3fc, 0x4d0, 0x600, 0x604, 0x608, 0xcf8, 0xcfc, 0xcf9};
    unsigned index = a->where >> 8;
    return index < ARRAY_LENGTH(known) ? (uint16_t)(known[index] + (a->where & 7)) : a->where;
}

static void port(struct vm *vm, const struct access *a)
{
    unsigned width = a->width == 8 ? 4 : a->width;
    if (a->write) {
        bus_write(&vm->platform.ports, port_of(a), width, a->value, vm_now(vm));
    } else {
        bus_read(&vm->platform.ports, port_of(a), width, vm_now(vm));
    }
}

static void lapic(struct vm *vm, const struct access *a)
{
    struct vlapic *l = &vm->cpus[0].lapic;
    if (a->write) {
        vlapic_write(l, a->where & 0xfff, a->width, a->value, vm_now(vm));
    } else {
        vlapic_read(l, a->where & 0xfff, a->width, vm_now(vm));
    }
}

static void pass_time(struct vm *vm, const struct access *a)
{
    fake_time_advance_ns((uint64_t)a->value + 1);
    vm_platform_advance(vm, vm_now(vm));
}

static void attempt(const struct access *a)
{
    struct vm *vm = &made.guests[a->guest].vm;
    const struct guest_pci_function *f = guest_pci_at(&vm->platform.pci, 1);
    switch (a->what % 8) {
    case 0:
    case 1:
        port(vm, a);
        break;
    case 2:
        memory(vm, GUEST_IOAPIC_START + (a->where & 0xff), a);
        break;
    case 3:
        lapic(vm, a);
        break;
    case 4:
        memory(vm, DEVICE_1 + (a->where & 0xfff), a);
        break;
    case 5:
        memory(vm, f->bars[0].mapped_at + MADE_TABLE + (a->where & 0x3ff), a);
        break;
    case 6:
        memory(vm, GUEST_HOLE_START + (uint64_t)a->where * (GUEST_HOLE_END - GUEST_HOLE_START) / 0x10000, a);
        break;
    default:
        pass_time(vm, a);
        break;
    }
}

/* The audit writes on stdout, which nobody wants to read as long as all is well. */
static void must_be_isolated(void)
{
    if (freopen("/dev/null", "w", stdout) == NULL) {
        abort();
    }
    if (!made_guests_audit(&made, AUDIT_ALL)) {
        (void)!freopen("/dev/stderr", "w", stdout);
        made_guests_audit(&made, AUDIT_ALL);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    made_guests_make(&made, &kinds[data[0] % ARRAY_LENGTH(kinds)]);
    if ((data[0] & 0x80) != 0) {
        made_guests_use_devices(&made);
    }
    for (size_t i = 1; i + ACCESS_BYTES <= size && i < ACCESS_BYTES * ACCESSES_MAX; i += ACCESS_BYTES) {
        struct access a = access_of(data + i);
        attempt(&a);
    }
    must_be_isolated();
    return 0;
}
