/* SPDX-License-Identifier: GPL-2.0-only
 * Two guests made by the product's own builders. */
#include "tests/fake/made_guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "guest/vm_devices.h"
#include "guest/vm_memory.h"
#include "kernel/audit_facts.h"
#include "kernel/core/cpu_feature.h"
#include "kernel/core/irq_dispatch.h"
#include "kernel/core/lapic.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "tests/fake/irq.h"
#include "tests/fake/log.h"
#include "tests/fake/memory.h"
#include "tests/fake/mmio.h"
#include "tests/fake/msr.h"
#include "tests/fake/time.h"
#include "tests/unit/guest/image_samples.h"

#define CPUS 4u
#define ECAM 0xb0000000u
#define ECAM_BUSES 256u
#define ALIAS_BUS 7u /* web's device sends with 07:00.0 too */
#define MSR_PAT 0x277u
#define PAT_AT_RESET UINT64_C(0x0007040600070406)
#define DEVICE_1 (GUEST_ECAM_START + (UINT64_C(1) << 15)) /* the guest's 00:01.0 */
#define GUEST_MESSAGE 0xfee00000u                         /* to its first vCPU */

static struct diag diags[16];

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "made guests: %s\n", what);
        abort();
    }
}

/* --- one CPU that looks on */

unsigned cpu_index(void)
{
    return 0;
}

unsigned cpu_count(void)
{
    return CPUS;
}

void smp_kick(unsigned cpu)
{
    (void)cpu;
}

void lapic_send(uint32_t apic_id, uint8_t vector)
{
    (void)apic_id, (void)vector;
}

bool lapic_is_x2apic(void)
{
    return true; /* as vtd_rig_bringup() has units that can */
}

void irq_dispatch(uint8_t vector)
{
    (void)vector;
}

static unsigned leaf_of_kind;

static unsigned max_leaf(void)
{
    return leaf_of_kind;
}

static uint32_t posting(void)
{
    return cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS);
}

static const struct cpu_backend backends[] = {
    {.name = "npt", .nested_format = &radix_npt, .nested_max_leaf = max_leaf},
    {.name = "ept", .nested_format = &radix_ept, .nested_max_leaf = max_leaf, .features = posting},
};

/* --- machine */

static uint64_t read_registers(void *context, uint64_t offset, unsigned width)
{
    const struct made_guests *m = context;
    uint64_t value = 0;
    memcpy(&value, m->registers + offset, width);
    return value;
}

static void write_registers(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct made_guests *m = context;
    memcpy(m->registers + offset, &value, width);
}

static void add_memory(struct made_guests *m)
{
    m->map.count = 0;
    need(memory_map_add(&m->map, MADE_POOL, MADE_REGION - MADE_POOL, MEMORY_RAM) == STATUS_OK &&
             memory_map_add(&m->map, MADE_REGION, 2 * PAGE_SIZE, MEMORY_RESERVED) == STATUS_OK &&
             memory_map_add(&m->map, MADE_FIRMWARE, MADE_END - MADE_FIRMWARE, MEMORY_ACPI_NVS) == STATUS_OK,
         "memory map");
    memset(fake_memory_at(MADE_POOL, MADE_REGION - MADE_POOL), 0xff, MADE_REGION - MADE_POOL);
    need(pages_init(&m->map) == STATUS_OK, "pages");
}

/* Before anybody else takes pages. */
static void take_ram(struct made_guests *m)
{
    const struct plan_block web[] = {{.start = MADE_WEB, .size = 4 * MIB}, {.start = MADE_MORE, .size = 2 * MIB}};
    const struct plan_block store[] = {{.start = MADE_STORE, .size = 2 * MIB}};
    need(vm_memory_take(&m->memory[MADE_OWNER_WEB], web, ARRAY_LENGTH(web)) == STATUS_OK &&
             vm_memory_take(&m->memory[MADE_OWNER_STORE], store, ARRAY_LENGTH(store)) == STATUS_OK,
         "RAM");
}

static void add_unit(struct made_guests *m, const struct vtd_model_config *config)
{
    vtd_machine_start(&m->vtd.mc, RAW_MEMORY, MADE_END - RAW_MEMORY);
    fake_time_step_ns(10000);
    add_memory(m);
    take_ram(m);
    vtd_machine_add(&m->vtd.mc, RAW_REGISTERS, config);
}

static void add_port(unsigned device, uint8_t bus)
{
    struct fake_pci_function *f = fake_pci_add_bridge(sbdf_make(0, 0, device, 0), bus, bus);
    fake_pci_set(f, PCI_COMMAND, 2, 0x0107);
    fake_pci_add_express(f, PCI_EXPRESS_ROOT_PORT, false);
}

static void add_functions(struct made_guests *m)
{
    fake_pci_reset();
    add_port(3, 1);
    add_port(4, 2);
    struct fake_pci_function *web = fake_pci_add(sbdf_make(0, 1, 0, 0), 0x1b36, 0x0010, 0x010802);
    fake_pci_add_bar(web, 0, FAKE_BAR_MEM64, MADE_BAR_WEB, MADE_BAR_WEB_BYTES);
    fake_pci_add_msix(web, 4, MADE_TABLE, MADE_TABLE + 0x800);
    fake_pci_add_express(web, PCI_EXPRESS_ENDPOINT, true);
    struct fake_pci_function *store = fake_pci_add(sbdf_make(0, 2, 0, 0), 0x8086, 0x10d3, 0x020000);
    fake_pci_add_bar(store, 0, FAKE_BAR_MEM32, MADE_BAR_STORE, MADE_BAR_STORE_BYTES);
    fake_pci_add_msi(store, true, false);
    fake_pci_add_express(store, PCI_EXPRESS_ENDPOINT, true);
    fake_mmio_add(MADE_BAR_WEB, MADE_BAR_WEB_BYTES, read_registers, write_registers, m);
}

static void read_machine(struct made_guests *m, bool reserved)
{
    struct diag_list list = diag_list_make(diags, ARRAY_LENGTH(diags));
    m->window = (struct pci_ecam){.base = hpa(ECAM), .last_bus = ECAM_BUSES - 1};
    m->arena = arena_make(m->arena_bytes, sizeof(m->arena_bytes));
    m->machine = (struct machine){.memory = &m->map, .has_dmar = true};
    m->machine.mcfg = (struct mcfg){&m->window, 1};
    pci_config_use_ecam(&m->window, 1);
    need(pci_enumerate(&m->window, 1, &m->arena, &m->machine.pci, &list) == STATUS_OK, "enumeration");
    pci_bars_size(&m->machine.pci, &list);
    pci_quiesce_all(&m->machine.pci, NULL, 0, &list);
    m->unit = (struct dmar_unit){.base = hpa(RAW_REGISTERS), .flags = 1, .window = PAGE_SIZE};
    m->hop = (struct dmar_hop){0, 0};
    m->scope = (struct dmar_scope){.type = DMAR_SCOPE_ENDPOINT, .bus = 2, .hops = &m->hop, .hop_count = 1};
    m->region = (struct dmar_rmrr){.base = MADE_REGION,
                                   .limit = MADE_REGION + 2 * PAGE_SIZE - 1,
                                   .start = MADE_REGION,
                                   .size = 2 * PAGE_SIZE,
                                   .scopes = {&m->scope, 1}};
    m->machine.dmar.units = &m->unit;
    m->machine.dmar.unit_count = 1;
    m->machine.dmar.rmrrs = &m->region;
    m->machine.dmar.rmrr_count = reserved ? 1 : 0;
}

static void start_unit(struct made_guests *m)
{
    need(vtd_rig_probe(&m->vtd) == STATUS_OK && vtd_rig_bringup(&m->vtd) == STATUS_OK, "the unit");
    m->isolate.vtd = m->vtd.vtd;
    m->vtd_index = 0;
    m->isolate.vtd_index = &m->vtd_index;
}

/* --- guests */

static void plan_device(struct made_guests *m, unsigned guest, struct sbdf at)
{
    struct plan_device *p = &m->plans[guest];
    *p = (struct plan_device){.function = pci_find_index(&m->machine.pci, at),
                              .guest = guest,
                              .reset = PCI_RESET_FLR,
                              .gsi = PLAN_NO_GSI,
                              .sources = {at},
                              .source_count = 1,
                              .message_source = at};
    need(p->function < m->machine.pci.count, "a device");
    m->devices[guest] =
        (struct vm_device){.plan = p, .function = &m->machine.pci.functions[p->function], .unit = &m->vtd.vtd.units[0]};
}

static void plan(struct made_guests *m)
{
    plan_device(m, MADE_OWNER_WEB, sbdf_make(0, 1, 0, 0));
    plan_device(m, MADE_OWNER_STORE, sbdf_make(0, 2, 0, 0));
    m->plans[MADE_OWNER_WEB].sources[m->plans[MADE_OWNER_WEB].source_count++] = sbdf_make(0, ALIAS_BUS, 0, 0);
}

enum status made_guests_create(struct vm_owned *owned, const struct vm_request *request, char why[VM_WHY_SIZE])
{
    enum status status = vm_create(owned, request, why);
    if (status != STATUS_OK) {
        return status;
    }
    struct vm_attaching attaching = {.guest = owned};
    vm_devices_attach_all(&attaching, 1);
    memcpy(why, attaching.why, VM_WHY_SIZE);
    return vm_create_end(owned, attaching.status, why);
}

static void make(struct made_guests *m, unsigned guest, const struct made_guests_kind *kind)
{
    char why[VM_WHY_SIZE];
    bool reserved = kind->reserved && guest == MADE_OWNER_STORE;
    m->cpus[guest] = guest + 1;
    const struct vm_request request = {
        .name = guest == MADE_OWNER_WEB ? "web" : "store",
        .cpus = &m->cpus[guest],
        .cpu_count = 1,
        .memory = &m->memory[guest],
        .kernel = {m->kernel, sample_elf_kernel(m->kernel, true, true), ""},
        .kernel_name = "sample",
        .devices = &m->devices[guest],
        .device_count = 1,
        .reserved = &m->reserved,
        .reserved_count = reserved ? 1 : 0,
        .dmar = &m->machine.dmar,
        .backend = &backends[kind->format == &radix_ept],
        .vtd = &m->vtd.vtd,
        .pci = &m->machine.pci,
    };
    enum status status = made_guests_create(&m->guests[guest], &request, why);
    need(status == STATUS_OK, why);
}

void made_guests_make(struct made_guests *m, const struct made_guests_kind *kind)
{
    struct vtd_model_config config = kind->unit();
    vtd_machine_end(&m->vtd.mc);
    memset(m, 0, sizeof(*m));
    fake_log_reset();
    fake_irq_reset();
    fake_msr_reset();
    fake_msr_set(MSR_PAT, PAT_AT_RESET);
    fake_cpuid_set(0x80000000, (struct cpuid){.eax = 0x80000008});
    fake_cpuid_set(0x80000008, (struct cpuid){.eax = 39});
    leaf_of_kind = kind->max_leaf;
    m->reserved = (struct plan_reserved){.guest = MADE_OWNER_STORE, .rmrr = 0};
    add_unit(m, &config);
    add_functions(m);
    read_machine(m, kind->reserved);
    start_unit(m);
    plan(m);
    for (unsigned i = 0; i < MADE_OWNERS; i++) {
        make(m, i, kind);
    }
}

static struct guest_pci_function *device_of(struct made_guests *m, unsigned guest)
{
    struct guest_pci_function *f = guest_pci_at(&m->guests[guest].vm.platform.pci, 1);
    need(f != NULL, "a guest's device");
    return f;
}

static void config_write(struct made_guests *m, unsigned guest, uint16_t offset, unsigned width, uint32_t value)
{
    bus_write(&m->guests[guest].vm.platform.mmio, DEVICE_1 + offset, width, value, 0);
}

void made_guests_use_devices(struct made_guests *m)
{
    const struct guest_pci_function *web = device_of(m, MADE_OWNER_WEB), *store = device_of(m, MADE_OWNER_STORE);
    const uint16_t msi = store->view.msi;
    for (unsigned i = 0; i < MADE_OWNERS; i++) {
        config_write(m, i, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    }
    config_write(m, MADE_OWNER_WEB, web->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t entry = web->bars[0].mapped_at + MADE_TABLE + 16 * i;
        bus_write(&m->guests[MADE_OWNER_WEB].vm.platform.mmio, entry, 4, GUEST_MESSAGE, 0);
        bus_write(&m->guests[MADE_OWNER_WEB].vm.platform.mmio, entry + 8, 4, 0x41 + i, 0);
        bus_write(&m->guests[MADE_OWNER_WEB].vm.platform.mmio, entry + 12, 4, 0, 0);
    }
    config_write(m, MADE_OWNER_STORE, msi + PCI_MSI_ADDRESS, 4, GUEST_MESSAGE);
    config_write(m, MADE_OWNER_STORE, msi + PCI_MSI_DATA + 4, 2, 0x51);
    config_write(m, MADE_OWNER_STORE, msi + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE);
}

void made_guests_move_bar(struct made_guests *m)
{
    config_write(m, MADE_OWNER_WEB, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    config_write(m, MADE_OWNER_WEB, PCI_BAR0, 4, GUEST_BAR32_END - MADE_BAR_WEB_BYTES);
    config_write(m, MADE_OWNER_WEB, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
}

bool made_guests_posts(struct made_guests *m)
{
    const struct guest_pci_function *web = device_of(m, MADE_OWNER_WEB);
    return vtd_irte_is_posted(vtd_irq_entry(&m->vtd.vtd.units[0], web->msix.entries[0].irq.handle));
}

/* --- audit */

static void print_line(void *context, const char *text)
{
    (void)context;
    printf("%s\n", text);
}

bool made_guests_audit(struct made_guests *m, uint32_t owner)
{
    static const struct audit_writer out = {print_line, NULL};
    struct vm_owned *const guests[MADE_OWNERS] = {&m->guests[0], &m->guests[1]};
    const struct audit_facts_input input = {
        .machine = &m->machine, .isolate = &m->isolate, .guests = guests, .guest_count = MADE_OWNERS};
    struct audit_facts facts;
    size_t bytes = audit_facts_bytes(&input);
    void *memory = malloc(bytes);
    struct arena arena = arena_make(memory, bytes);
    need(audit_facts_make(&input, &arena, &facts) == STATUS_OK, "facts");
    size_t scratch_bytes = audit_scratch_bytes(&facts, owner);
    void *scratch = malloc(scratch_bytes);
    bool sound = audit_run(&facts, owner, scratch, scratch_bytes, NULL, &m->result);
    audit_print(&facts, owner, &m->result, 0, &out);
    free(scratch);
    free(memory);
    return sound;
}
