/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI over a pretended machine. */
#include "tests/fake/guest_pci_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "tests/fake/irq.h"
#include "tests/fake/mmio.h"

static struct diag diags[16];

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "guest pci rig: %s\n", what);
        abort();
    }
}

/* --- device registers */

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t read_registers(void *context, uint64_t offset, unsigned width)
{
    struct guest_pci_rig *rig = context;
    uint64_t value = 0;
    rig->register_reads++;
    memcpy(&value, rig->registers + offset, width);
    return value;
}

/* Remappable format: address bit 4 set, 0xFEE at 31:20, nothing above (VT-d 4.1 5.1.2.2). Without remapping: physical,
 * fixed, to one of the guest's CPUs with a vector that somebody has there. */
static bool is_ours(const struct guest_pci_rig *rig, const uint8_t *entry)
{
    uint32_t address = load32(entry);
    bool in_window = address >> 20 == 0xfee && load32(entry + 4) == 0;
    if (!rig->unremapped) {
        return in_window && (address & 0x10) != 0;
    }
    uint32_t cpu = (address >> 12 & 0xff) - 0x10;
    return in_window && (address & 0xfff) == 0 && cpu < RIG_CPUS && fake_irq_is_taken(cpu, load32(entry + 8));
}

static void write_registers(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct guest_pci_rig *rig = context;
    rig->register_writes++;
    memcpy(rig->registers + offset, &value, width);
    for (unsigned i = 0; i < RIG_VECTORS; i++) {
        const uint8_t *entry = rig->registers + RIG_TABLE + 16 * i;
        rig->bad_messages += (load32(entry + 12) & 1) == 0 && !is_ours(rig, entry);
    }
}

static uint64_t read_nothing(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)offset, (void)width;
    return 0;
}

static void write_nothing(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)offset, (void)width, (void)value;
}

static uint64_t read_small(void *context, uint64_t offset, unsigned width)
{
    struct guest_pci_rig *rig = context;
    uint64_t value = 0;
    memcpy(&value, rig->small_registers + offset, width);
    return value;
}

static void write_small(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct guest_pci_rig *rig = context;
    rig->small_writes++;
    memcpy(rig->small_registers + offset, &value, width);
}

static uint64_t read_messages(void *context, uint64_t offset, unsigned width)
{
    struct guest_pci_rig *rig = context;
    uint64_t value = 0;
    memcpy(&value, rig->message_registers + offset, width);
    return value;
}

static void write_messages(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct guest_pci_rig *rig = context;
    rig->small_writes++;
    memcpy(rig->message_registers + offset, &value, width);
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *entry = rig->message_registers + RIG_MESSAGES_TABLE + 16 * i;
        rig->bad_messages += (load32(entry + 12) & 1) == 0 && !is_ours(rig, entry);
    }
}

/* Answers only while its decoder is on. */
static uint64_t read_rom(void *context, uint64_t offset, unsigned width)
{
    const struct guest_pci_rig *rig = context;
    uint64_t value = 0;
    if ((fake_pci_get(rig->small, PCI_ROM, 4) & PCI_ROM_ENABLE) == 0) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < width; i++) {
        uint64_t at = offset + i;
        value |= (at == 0 ? 0x55 : at == 1 ? 0xaa : at % 251) << (8 * i);
    }
    return value;
}

/* A function level reset masks the table again. */
static void after_write(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    struct guest_pci_rig *rig = f->context;
    (void)offset, (void)width;
    if (f->flrs != rig->flrs_seen) {
        rig->flrs_seen = f->flrs;
        memset(rig->registers, 0, sizeof(rig->registers));
        for (unsigned i = 0; i < RIG_VECTORS; i++) {
            rig->registers[RIG_TABLE + 16 * i + 12] = 1;
        }
    }
}

/* --- machine */

static void add_nvme(struct guest_pci_rig *rig)
{
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 1, 0, 0), 0x1b36, 0x0010, 0x010802);
    rig->nvme = f;
    f->hook = after_write;
    f->context = rig;
    fake_pci_set(f, PCI_COMMAND, 2, 0x0107); /* decode, mastering and SERR, as firmware leaves them */
    fake_pci_set(f, PCI_INTERRUPT_PIN, 1, 1);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, RIG_BAR, RIG_BAR_BYTES);
    fake_pci_add_rom(f, 0, 0x10000);
    uint16_t vpd = fake_pci_add_cap(f, 0x03, 8);
    memset(f->bytes + vpd + 2, 0x5a, 6);
    fake_pci_add_msix(f, RIG_VECTORS, RIG_TABLE, RIG_PENDING);
    uint16_t vendor = fake_pci_add_cap(f, PCI_CAP_VENDOR, 16);
    memset(f->bytes + vendor + 2, 0x5a, 14);
    fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    uint16_t strange = fake_pci_add_cap(f, 0x7e, 8);
    memset(f->bytes + strange + 2, 0x5a, 6);
    fake_pci_add_pm(f, true);
    uint16_t aer = fake_pci_add_ext_cap(f, PCI_EXT_AER, 0x48);
    memset(f->bytes + aer + 4, 0x5a, 0x44);
    fake_pci_add_ext_cap(f, PCI_EXT_SRIOV, 0x40);
}

static void add_plain(struct guest_pci_rig *rig)
{
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 2, 0, 0), 0x8086, 0x10d3, 0x020000);
    rig->plain = f;
    fake_pci_set(f, PCI_COMMAND, 2, 0x0007);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, RIG_BAR_PLAIN, RIG_BAR_PLAIN_BYTES);
    fake_pci_add_bar(f, 1, FAKE_BAR_IO, 0xc000, 0x20);
    fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, false);
    fake_pci_add_msi(f, true, false);
}

static void add_small(struct guest_pci_rig *rig)
{
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 5, 0, 0), 0x1af4, 0x1041, 0x020000);
    rig->small = f;
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, RIG_BAR_SMALL, RIG_BAR_SMALL_BYTES);
    fake_pci_add_bar(f, 1, FAKE_BAR_MEM32, RIG_BAR_MESSAGES, RIG_BAR_MESSAGES_BYTES);
    fake_pci_add_rom(f, RIG_ROM, RIG_ROM_BYTES);
    uint16_t express = fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_set(f, express + PCI_EXP_DEVCAP, 4, 0x10008fe5); /* FLR, 4 KiB payloads */
    fake_pci_set(f, express + PCI_EXP_DEVCTL, 2, 0x2810);     /* 128 bytes, requests of 512 */
    fake_pci_make_writable(f, express + PCI_EXP_DEVCTL, 2, 0);
    fake_pci_add_msix(f, 2, RIG_MESSAGES_TABLE | 1, 0x100 | 1);
    for (unsigned i = 0; i < 2; i++) {
        uint16_t vendor = fake_pci_add_cap(f, PCI_CAP_VENDOR, 16);
        memset(f->bytes + vendor + 3, 0x5a, 13);
        f->bytes[vendor + 2] = 16;
    }
    uint16_t aer = fake_pci_add_ext_cap(f, PCI_EXT_AER, 0x48);
    memset(f->bytes + aer + 4, 0x5b, 0x44);
    uint16_t serial = fake_pci_add_ext_cap(f, 0x0003, 12);
    fake_pci_set(f, serial + 4, 4, RIG_SERIAL);
    fake_pci_set(f, serial + 8, 4, RIG_SERIAL);
    uint16_t ats = fake_pci_add_ext_cap(f, PCI_EXT_ATS, 8);
    memset(f->bytes + ats + 4, 0x5b, 4);
    fake_mmio_add(RIG_BAR_SMALL, RIG_BAR_SMALL_BYTES, read_small, write_small, rig);
    fake_mmio_add(RIG_BAR_MESSAGES, RIG_BAR_MESSAGES_BYTES, read_messages, write_messages, rig);
    fake_mmio_add(RIG_ROM, RIG_ROM_BYTES, read_rom, write_nothing, rig);
}

static uint64_t many_at(unsigned i)
{
    return RIG_BAR_MANY + (uint64_t)i * RIG_BAR_PLAIN_BYTES;
}

static void add_many(void)
{
    for (unsigned i = 0; i < RIG_MANY; i++) {
        struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 6, i / 8, i % 8), 0x8086, 0x1520, 0x020000);
        fake_pci_set(f, PCI_INTERRUPT_PIN, 1, 1);
        fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, many_at(i), RIG_BAR_PLAIN_BYTES);
        fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    }
}

static void add_bridge(struct sbdf at, uint8_t first, uint8_t last, enum pci_express_type type)
{
    struct fake_pci_function *f = fake_pci_add_bridge(at, first, last);
    fake_pci_set(f, PCI_COMMAND, 2, 0x0107);
    fake_pci_set(f, 0x20, 4, first < 3 ? 0x40004000 : 0x40204020);
    fake_pci_add_express(f, type, false);
}

static void add_port(unsigned device, uint8_t number)
{
    add_bridge(sbdf_make(0, 0, device, 0), number, number, PCI_EXPRESS_ROOT_PORT);
}

static void add_pair(struct guest_pci_rig *rig)
{
    add_bridge(sbdf_make(0, 0, 5, 0), 3, 4, PCI_EXPRESS_ROOT_PORT);
    add_bridge(sbdf_make(0, 3, 0, 0), 4, 4, PCI_EXPRESS_TO_PCI);
    for (unsigned i = 0; i < 2; i++) {
        struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 4, i, 0), 0x8086, 0x100e, 0x020000);
        rig->pair[i] = f;
        fake_pci_set(f, PCI_COMMAND, 2, 0x0007);
        fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, RIG_BAR_PAIR + i * RIG_BAR_PLAIN_BYTES, RIG_BAR_PLAIN_BYTES);
        fake_pci_add_msi(f, true, false);
    }
}

static struct vm_device plan_device_of(struct guest_pci_rig *rig, struct plan_device *plan,
                                       const struct pci_function *f, enum pci_reset_kind reset)
{
    *plan = (struct plan_device){.function = pci_find_index(&rig->facts, f->at),
                                 .reset = reset,
                                 .gsi = PLAN_NO_GSI,
                                 .sources = {f->at},
                                 .message_source = f->at,
                                 .source_count = 1};
    return (struct vm_device){.plan = plan, .function = f, .unit = &rig->vtd.units[0]};
}

static void find_functions(struct guest_pci_rig *rig)
{
    struct diag_list list = diag_list_make(diags, 16);
    rig->window = (struct pci_ecam){.base = hpa(0xb0000000), .first_bus = 0, .last_bus = 255};
    rig->arena = arena_make(rig->arena_bytes, sizeof(rig->arena_bytes));
    pci_config_use_ecam(&rig->window, 1);
    need(pci_enumerate(&rig->window, 1, &rig->arena, &rig->facts, &list) == STATUS_OK, "enumeration");
    pci_bars_size(&rig->facts, &list);
    pci_quiesce_all(&rig->facts, NULL, 0, &list);
    rig->nvme_facts = pci_find(&rig->facts, rig->nvme->at);
    rig->plain_facts = pci_find(&rig->facts, rig->plain->at);
    need(rig->nvme_facts != NULL && rig->plain_facts != NULL, "devices");
    rig->nvme_device = plan_device_of(rig, &rig->plans[0], rig->nvme_facts, PCI_RESET_FLR);
    rig->plain_device = plan_device_of(rig, &rig->plans[1], rig->plain_facts, PCI_RESET_BUS);
    for (unsigned i = 0; i < 2; i++) {
        struct plan_device *plan = &rig->plans[2 + i];
        rig->pair_devices[i] = plan_device_of(rig, plan, pci_find(&rig->facts, rig->pair[i]->at), PCI_RESET_BUS);
        plan->sources[1] = sbdf_make(0, 4, 0, 0);
        plan->source_count = 1 + i;
        plan->bus_interrupts = true;
        plan->first_bus = plan->last_bus = 4;
    }
    rig->small_facts = pci_find(&rig->facts, rig->small->at);
    need(rig->small_facts != NULL, "small device");
    rig->small_device = plan_device_of(rig, &rig->plans[4], rig->small_facts, PCI_RESET_FLR);
    for (unsigned i = 0; i < RIG_MANY; i++) {
        const struct pci_function *f = pci_find(&rig->facts, sbdf_make(0, 6, i / 8, i % 8));
        if (f != NULL) {
            rig->many_devices[i] = plan_device_of(rig, &rig->plans[5 + i], f, PCI_RESET_FLR);
        }
    }
}

static void deliver(void *context, uint64_t address, uint32_t data)
{
    struct guest_pci_rig *rig = context;
    rig->delivered++;
    rig->last_address = address;
    rig->last_data = data;
}

static bool target(void *context, uint64_t address, uint32_t data, unsigned *cpu, uint32_t *apic_id)
{
    const struct guest_pci_rig *rig = context;
    (void)data;
    uint64_t id = bits_get(address, 19, 12) + rig->renamed;
    if (address >> 20 != 0xfee || id >= RIG_CPUS) {
        return false;
    }
    *cpu = (unsigned)id;
    *apic_id = (uint32_t)(0x10 + id);
    return true;
}

static void flush(void *context)
{
    struct guest_pci_rig *rig = context;
    rig->flushes++;
}

static void make_guest(struct guest_pci_rig *rig)
{
    need(guest_memory_layout(RIG_RAM, &rig->memory) == STATUS_OK, "RAM");
    rig->memory.slots[0].backing = hpa(RIG_RAM_HOST);
    const struct radix_format *format = rig->shared ? &radix_ept : &radix_npt;
    need(radix_init(&rig->nested, format, 4, 3, rig->shared) == STATUS_OK, "nested tables");
    if (rig->shared) {
        rig->nested.always = RADIX_SNOOP;
        vtd_domain_create_shared(&rig->vtd.vtd, &rig->domain, &rig->nested, BIT64(48));
    } else {
        need(vtd_domain_create(&rig->vtd.vtd, &rig->domain) == STATUS_OK, "domain");
    }
    need(radix_map(&rig->nested, 0, hpa(RIG_RAM_HOST), RIG_RAM,
                   RADIX_READ | RADIX_WRITE | RADIX_EXECUTE | RADIX_USER) == STATUS_OK,
         "nested RAM");
    need(vtd_domain_map(&rig->domain, iova(0), hpa(RIG_RAM_HOST), RIG_RAM, RADIX_READ | RADIX_WRITE) == STATUS_OK,
         "domain RAM");
    bus_init(&rig->mmio, BUS_MMIO, rig->mmio_ranges, ARRAY_LENGTH(rig->mmio_ranges));
    bus_init(&rig->ports, BUS_PORTS, rig->port_ranges, ARRAY_LENGTH(rig->port_ranges));
    rig->router = (struct message_router){.deliver = deliver, .target = target, .context = rig};
    struct guest_pci_config config = {.facts = &rig->facts,
                                      .nested = &rig->nested,
                                      .domain = &rig->domain,
                                      .windows = guest_bar_windows_of(&rig->memory, 46),
                                      .mmio = &rig->mmio,
                                      .ports = &rig->ports,
                                      .router = &rig->router,
                                      .flush = flush,
                                      .context = rig};
    need(guest_pci_init(&rig->pci, &config) == STATUS_OK, "guest bus");
}

static void start(struct guest_pci_rig *rig, struct vtd_model_config config, bool many)
{
    fake_irq_reset();
    rig->model = vtd_rig_start(&rig->vtd, &config);
    fake_pci_reset();
    fake_mmio_add(RIG_BAR, RIG_BAR_BYTES, read_registers, write_registers, rig);
    fake_mmio_add(RIG_BAR_PLAIN, RIG_BAR_PLAIN_BYTES, read_nothing, write_nothing, rig);
    add_port(3, 1);
    add_port(4, 2);
    add_nvme(rig);
    add_port(6, 5);
    add_port(7, 6);
    add_plain(rig);
    add_pair(rig);
    add_small(rig);
    if (many) {
        add_many();
    }
    memset(rig->registers, 0xa5, sizeof(rig->registers));
    rig->register_reads = rig->register_writes = rig->flrs_seen = 0;
    memset(rig->small_registers, 0x77, sizeof(rig->small_registers));
    memset(rig->message_registers, 0x66, sizeof(rig->message_registers));
    rig->small_writes = 0;
    rig->bad_messages = rig->flushes = rig->delivered = 0;
    find_functions(rig);
    make_guest(rig);
    fake_pci_forget_writes();
}

void guest_pci_rig_start(struct guest_pci_rig *rig)
{
    rig->shared = rig->unremapped = false;
    start(rig, vtd_model_qemu(), false);
}

void guest_pci_rig_start_unremapped(struct guest_pci_rig *rig)
{
    struct vtd_model_config config = vtd_model_qemu();
    config.ecap &= ~BIT64(3); /* IR */
    rig->shared = false;
    rig->unremapped = true;
    start(rig, config, false);
}

void guest_pci_rig_start_many(struct guest_pci_rig *rig)
{
    rig->shared = rig->unremapped = false;
    start(rig, vtd_model_qemu(), true);
}

void guest_pci_rig_start_shared(struct guest_pci_rig *rig)
{
    struct vtd_model_config config = vtd_model_server();
    config.cap |= BIT64(7); /* caching mode: what appears must be told as well */
    rig->shared = true;
    rig->unremapped = false;
    start(rig, config, false);
}

enum status guest_pci_rig_assign(struct guest_pci *pci, const struct vm_device *devices, size_t count, size_t *failed)
{
    struct device_reset reset;
    assign_attach_begin(pci, devices, count, &reset);
    device_reset_wait(&reset);
    return assign_attach_end(pci, devices, count, &reset, failed);
}

struct guest_pci_function *guest_pci_rig_attach(struct guest_pci_rig *rig, const struct vm_device *device)
{
    size_t failed = 0;
    need(guest_pci_rig_assign(&rig->pci, device, 1, &failed) == STATUS_OK, "attach");
    struct guest_pci_function *f = guest_pci_find(&rig->pci, device->function->at);
    need(f != NULL, "attached function");
    rig->bad_messages = 0; /* what it held before is not ours */
    return f;
}

enum status guest_pci_rig_detach(struct guest_pci_rig *rig, const struct vm_device *device)
{
    enum status each = STATUS_OK;
    assign_detach(&rig->pci, device, 1, &each);
    return each;
}

enum status guest_pci_rig_anew(struct guest_pci_rig *rig, const struct vm_device *devices, size_t count, size_t *failed)
{
    enum status each[GUEST_PCI_SLOTS];
    assign_withdraw(&rig->pci, devices, count, each);
    for (size_t i = 0; i < count; i++) {
        if (each[i] != STATUS_OK) {
            return each[i];
        }
    }
    guest_pci_reset(&rig->pci);
    return guest_pci_rig_assign(&rig->pci, devices, count, failed);
}

uint32_t guest_pci_rig_read(struct guest_pci_rig *rig, unsigned device, uint16_t offset, unsigned width)
{
    return (uint32_t)bus_read(&rig->mmio, GUEST_ECAM_START + ((uint64_t)device << 15) + offset, width, 0);
}

void guest_pci_rig_write(struct guest_pci_rig *rig, unsigned device, uint16_t offset, unsigned width, uint32_t value)
{
    bus_write(&rig->mmio, GUEST_ECAM_START + ((uint64_t)device << 15) + offset, width, value, 0);
}

static bool send(struct guest_pci_rig *rig, const struct fake_pci_function *f, uint64_t address, uint32_t data)
{
    struct vtd_model_message message;
    if (!vtd_model_interrupt(rig->model, sbdf_rid(f->at), (uint32_t)address, data, &message)) {
        return false;
    }
    need(message.delivery == 0 && !message.logical && !message.level, "not a fixed edge interrupt");
    return fake_irq_raise(message.dest - 0x10, message.vector);
}

bool guest_pci_rig_send_msix(struct guest_pci_rig *rig, unsigned index)
{
    const uint8_t *entry = rig->registers + RIG_TABLE + 16 * index;
    uint32_t control = fake_pci_get(rig->nvme, rig->nvme_facts->cap.msix + PCI_MSIX_CONTROL, 2);
    bool on = (control & PCI_MSIX_ENABLE) != 0 && (control & PCI_MSIX_MASK_ALL) == 0;
    return on && (load32(entry + 12) & 1) == 0 && send(rig, rig->nvme, load32(entry), load32(entry + 8));
}

bool guest_pci_rig_send_msi(struct guest_pci_rig *rig)
{
    uint16_t cap = rig->plain_facts->cap.msi;
    bool on = (fake_pci_get(rig->plain, cap + PCI_MSI_CONTROL, 2) & PCI_MSI_ENABLE) != 0;
    uint64_t address = fake_pci_get(rig->plain, cap + PCI_MSI_ADDRESS, 4);
    return on && send(rig, rig->plain, address, fake_pci_get(rig->plain, cap + PCI_MSI_DATA + 4, 2));
}

/* --- what must hold at any time */

struct look {
    const struct guest_pci_rig *rig;
    const char *wrong;
};

static bool inside(uint64_t at, uint64_t bytes, uint64_t start, uint64_t size)
{
    return at >= start && bytes <= size && at - start <= size - bytes;
}

/* Inside a BAR of a function that the guest has; one that is at least a page. */
static bool is_given(const struct guest_pci_rig *rig, uint64_t to, uint64_t bytes)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        const struct guest_pci_function *f = guest_pci_at(&rig->pci, i);
        for (unsigned b = 0; f != NULL && b < PCI_BARS; b++) {
            const struct pci_bar *bar = &f->host->bars[b];
            bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
            if (memory && bar->size >= PAGE_SIZE && inside(to, bytes, bar->address, bar->size)) {
                return true;
            }
        }
    }
    return false;
}

static void look_at(void *context, uint64_t from, uint64_t to, uint64_t bytes)
{
    struct look *look = context;
    const struct guest_pci_rig *rig = look->rig;
    bool ram = inside(to, bytes, RIG_RAM_HOST, RIG_RAM) && from == to - RIG_RAM_HOST;
    const struct guest_bar_windows *w = &rig->pci.config.windows;
    bool window = inside(from, bytes, w->low_start, w->low_end - w->low_start) ||
                  inside(from, bytes, w->high_start, w->high_end - w->high_start);
    if (!ram && (!is_given(rig, to, bytes) || !window)) {
        look->wrong = "something is mapped that is neither RAM nor a BAR in a window";
    }
    if (to < RIG_BAR + RIG_TABLE + PAGE_SIZE && to + bytes > RIG_BAR + RIG_TABLE) {
        look->wrong = "the MSI-X page is mapped";
    }
}

/* RAM is cached and may hold code; registers are neither. */
static void look_at_rights(struct look *look, const struct radix_mapping *m)
{
    bool ram = inside(m->to.v, radix_span(m->level), RIG_RAM_HOST, RIG_RAM);
    unsigned kind = m->rights & (RADIX_EXECUTE | RADIX_UNCACHED);
    if (kind != (ram ? RADIX_EXECUTE : RADIX_UNCACHED)) {
        look->wrong = "RAM that is uncached or not executable, or registers that are cached or executable";
    }
}

static void nested_leaf(void *context, uint64_t from, const struct radix_mapping *m)
{
    look_at(context, from, m->to.v, radix_span(m->level));
    look_at_rights(context, m);
}

static void domain_leaf(void *context, uint64_t at, uint64_t host, uint64_t bytes, bool read, bool write)
{
    (void)read, (void)write;
    look_at(context, at, host, bytes);
}

static bool wrong_command(struct guest_pci_rig *rig, const struct fake_pci_function *f)
{
    const uint32_t fixed = PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_SERR | PCI_COMMAND_INTX_OFF;
    uint32_t command = fake_pci_get(f, PCI_COMMAND, 2);
    bool given = guest_pci_find(&rig->pci, f->at) != NULL;
    return given ? (command & fixed) != (PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF)
                 : (command & PCI_COMMAND_BUS_MASTER) != 0;
}

static bool wrong_bridge(struct sbdf at, uint32_t numbers, uint32_t window)
{
    const struct fake_pci_function *f = fake_pci_find(at);
    return fake_pci_get(f, PCI_BUS_NUMBERS, 4) != numbers || fake_pci_get(f, 0x20, 4) != window ||
           fake_pci_get(f, PCI_BRIDGE_CONTROL, 2) != 0;
}

/* Of the many: functions 0 to 7 of devices, if they are there. */
static bool wrong_many(struct guest_pci_rig *rig)
{
    for (unsigned i = 0; i < RIG_MANY; i++) {
        const struct fake_pci_function *f = fake_pci_find(sbdf_make(0, 6, i / 8, i % 8));
        if (f != NULL && (wrong_command(rig, f) || fake_pci_get(f, PCI_BAR0, 4) != many_at(i))) {
            return true;
        }
    }
    return false;
}

static const char *wrong_registers(struct guest_pci_rig *rig)
{
    if (wrong_many(rig)) {
        return "command or BAR of one of the many";
    }
    if (wrong_command(rig, rig->nvme) || wrong_command(rig, rig->plain) || wrong_command(rig, rig->small) ||
        wrong_command(rig, rig->pair[0]) || wrong_command(rig, rig->pair[1])) {
        return "decode, SERR, INTx or bus mastering of a device";
    }
    if (fake_pci_get(rig->nvme, PCI_BAR0, 4) != (RIG_BAR | 4) || fake_pci_get(rig->nvme, PCI_BAR0 + 4, 4) != 0 ||
        fake_pci_get(rig->plain, PCI_BAR0, 4) != RIG_BAR_PLAIN ||
        fake_pci_get(rig->small, PCI_BAR0, 4) != RIG_BAR_SMALL ||
        fake_pci_get(rig->small, PCI_BAR0 + 4, 4) != RIG_BAR_MESSAGES ||
        fake_pci_get(rig->small, PCI_ROM, 4) != RIG_ROM) {
        return "a physical BAR or ROM";
    }
    if (fake_pci_get(rig->pair[0], PCI_BAR0, 4) != RIG_BAR_PAIR ||
        fake_pci_get(rig->pair[1], PCI_BAR0, 4) != RIG_BAR_PAIR + RIG_BAR_PLAIN_BYTES) {
        return "a physical BAR behind the bridge";
    }
    if (wrong_bridge(sbdf_make(0, 0, 6, 0), 0x50500, 0x40204020) ||
        wrong_bridge(sbdf_make(0, 0, 3, 0), 0x10100, 0x40004000) ||
        wrong_bridge(sbdf_make(0, 0, 4, 0), 0x20200, 0x40004000) ||
        wrong_bridge(sbdf_make(0, 0, 5, 0), 0x40300, 0x40204020) ||
        wrong_bridge(sbdf_make(0, 3, 0, 0), 0x40403, 0x40204020)) {
        return "a bridge";
    }
    return NULL;
}

const char *guest_pci_rig_wrong(struct guest_pci_rig *rig)
{
    struct look look = {.rig = rig};
    radix_for_each_leaf(&rig->nested, nested_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(rig->nvme->at), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(rig->plain->at), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(rig->small->at), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(rig->pair[0]->at), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(rig->pair[1]->at), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(sbdf_make(0, 6, 0, 0)), domain_leaf, &look);
    vtd_model_reach(rig->model, sbdf_rid(sbdf_make(0, 6, 4, 7)), domain_leaf, &look);
    if (look.wrong != NULL) {
        return look.wrong;
    }
    if (rig->bad_messages != 0) {
        return "the device's table held a message that is not ours";
    }
    const char *violation = vtd_model_violation(rig->model);
    return violation != NULL ? violation : wrong_registers(rig);
}
