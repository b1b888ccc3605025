/* SPDX-License-Identifier: GPL-2.0-only
 * What a guest is made of, put together. */
#include "guest/vm_create.h"

#include "guest/acpi_tables.h"
#include "guest/device_stop.h"
#include "guest/firmware.h"
#include "guest/mp_tables.h"
#include "guest/share_tables.h"
#include "guest/vm_caches.h"
#include "guest/vm_destroy.h"
#include "guest/vm_interrupts.h"
#include "guest/vm_memory.h"
#include "kernel/core/cpu_feature.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define RTC_START                                                                                                      \
    UINT64_C(1767225600) /* 2026-01-01: guests' clocks start there; NTP or the RTC of a device sets them */

static void flush(void *context)
{
    vm_flush(context);
}

static enum status make_cpus(struct vm *vm, const struct vm_request *request)
{
    struct hpa at;
    uint64_t bytes = align_up(sizeof(struct vm_cpu) * request->cpu_count, PAGE_SIZE);
    enum status status = pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at);
    if (status != STATUS_OK) {
        return status;
    }
    vm->cpus = phys_to_virt(at);
    memset(vm->cpus, 0, bytes);
    vm->cpu_count = request->cpu_count;
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        vm->cpus[i].vm = vm;
        vm->cpus[i].index = i;
        vm->cpus[i].vcpu.cpu = request->cpus[i];
        status = status == STATUS_OK ? pages_alloc(&vm->cpus[i].lapic_page) : status;
    }
    return status;
}

enum status vm_create_power_on(struct vm *vm)
{
    enum status status = vm_platform_init(vm, RTC_START);
    vm_interrupts_init(vm);
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        guest_msrs_reset(&vm->cpus[i].msrs);
        vm->cpus[i].shown_cr8 = 0;
        vm->cpus[i].state = i == 0 ? VM_CPU_RUNS : VM_CPU_WAIT_SIPI;
    }
    if (vm->apic_access.v != 0) { /* the guest may have used it as RAM */
        memset(phys_to_virt(vm->apic_access), 0, PAGE_SIZE);
    }
    return status;
}

/* Of physical addresses, as the guest's CPUID shows it too. */
static unsigned address_bits(void)
{
    return cpu_cpuid(0x80000000, 0).eax >= 0x80000008 ? cpu_cpuid(0x80000008, 0).eax & 0xff : 36;
}

/* No BAR where the guest's devices reach reserved memory: they would reach that, and its vCPUs the BAR. */
static struct guest_bar_windows windows_of(const struct vm_owned *owned)
{
    struct guest_bar_windows windows = guest_bar_windows_of(&owned->vm.memory, address_bits());
    for (size_t i = 0; i < owned->reserved.count && i < ARRAY_LENGTH(windows.reserved); i++) {
        const struct guest_reserved_range *r = &owned->reserved.ranges[i];
        windows.reserved[windows.reserved_count++] = (struct guest_bar_range){.start = r->start, .end = r->end};
    }
    return windows;
}

static struct guest_pci_config pci_config_of(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    return (struct guest_pci_config){
        .facts = owned->request.pci,
        .nested = &vm->nested,
        .domain = &owned->domain,
        .windows = windows_of(owned),
        .mmio = &vm->platform.mmio,
        .ports = &vm->platform.ports,
        .router = &vm->router,
        .lines = {.cpu = owned->request.cpus[0],
                  .apic_id = percpu_at(owned->request.cpus[0])->apic_id,
                  .notify = vm_platform_line_arrived,
                  .context = vm},
        .reset_port = vm_platform_reset_port(vm),
        .flush = flush,
        .context = vm,
    };
}

static bool needs_apic_page(const struct cpu_backend *backend)
{
    return backend->apic != NULL && backend->apic->needs_access_page();
}

/* The address at which the CPU serves the registers has to lead somewhere (SDM 3C 30.4): to a page of this guest's own,
 * which its vCPUs in x2APIC mode find there as a bit of RAM. */
static enum status map_apic_page(struct vm *vm)
{
    if (!needs_apic_page(vm->backend)) {
        return STATUS_OK;
    }
    enum status status = pages_alloc(&vm->apic_access);
    if (status != STATUS_OK) {
        return status;
    }
    return radix_map(&vm->nested, LAPIC_DEFAULT_BASE, vm->apic_access, PAGE_SIZE,
                     RADIX_READ | RADIX_WRITE | RADIX_USER);
}

static struct share_facts share_facts_of(const struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    struct share_facts facts = {
        .off = (r->without & cpu_feature_bit(CPU_FEATURE_SHARED_TABLES)) != 0,
        .format = r->backend->nested_format,
        .levels = VM_MEMORY_LEVELS,
        .max_leaf = r->backend->nested_max_leaf(),
        .memory = &owned->vm.memory,
    };
    facts.apic_page = needs_apic_page(r->backend);
    facts.reserved = owned->reserved.count != 0;
    for (size_t i = 0; i < r->device_count && i < ARRAY_LENGTH(facts.units); i++) {
        facts.units[facts.unit_count++] = r->devices[i].unit;
    }
    return facts;
}

/* DMA addresses are guest-physical: devices reach the guest's RAM, which is there already, and memory that firmware
 * reserved for them; nothing else. A guest without devices has an empty domain. */
static enum status make_domain(struct vm_owned *owned, const struct share_decision *how)
{
    enum status status = STATUS_OK;
    if (how->shared) {
        vtd_domain_create_shared(owned->request.vtd, &owned->domain, &owned->vm.nested, how->address_limit);
    } else {
        status = vtd_domain_create(owned->request.vtd, &owned->domain);
    }
    owned->has_domain = status == STATUS_OK;
    owned->domain.tlbs.on_silent = device_stop_silent;
    owned->domain.tlbs.context = owned;
    for (size_t i = 0; status == STATUS_OK && owned->request.device_count != 0 && i < owned->vm.memory.count; i++) {
        const struct guest_slot *slot = &owned->vm.memory.slots[i];
        status =
            vtd_domain_map(&owned->domain, iova(slot->base.v), slot->backing, slot->size, RADIX_READ | RADIX_WRITE);
    }
    return status == STATUS_OK ? guest_reserved_map(&owned->reserved, &owned->domain) : status;
}

/* Nested tables and the domain; one set of tables where that is possible. */
static enum status make_tables(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    struct share_facts facts = share_facts_of(owned);
    struct share_decision how = share_tables_decide(&facts);
    share_tables_log(vm->name, &how);
    enum status status = vm_memory_map(&vm->memory, &vm->nested, facts.format, &how);
    status = status == STATUS_OK ? map_apic_page(vm) : status;
    status = status == STATUS_OK ? make_domain(owned, &how) : status;
    vm->real_wbinvd = owned->request.device_count != 0 && !owned->domain.snoop;
    return status;
}

static void describe_memory(const struct guest_memory *memory, struct image_request *image)
{
    uint64_t low = memory->count == 0 ? 0 : vm_memory_low_end(memory);
    struct image_range *map = image->map;
    size_t n = 0;
    map[n++] = (struct image_range){0, GUEST_LOW_RAM_END, true};
    map[n++] = (struct image_range){GUEST_LOW_RAM_END, 0xa0000 - GUEST_LOW_RAM_END, false};
    map[n++] = (struct image_range){GUEST_FIRMWARE_START, GUEST_FIRMWARE_END - GUEST_FIRMWARE_START, false};
    map[n++] = (struct image_range){GUEST_FIRMWARE_END, low - GUEST_FIRMWARE_END, true};
    map[n++] = (struct image_range){GUEST_ECAM_START, GUEST_ECAM_SIZE, false};
    if (guest_memory_top(memory) > GUEST_HOLE_END) {
        map[n++] = (struct image_range){GUEST_HOLE_END, guest_memory_top(memory) - GUEST_HOLE_END, true};
    }
    image->map_count = n;
}

/* Multiboot programs find the machine as a BIOS leaves it; the other kinds of kernel never ask. */
static enum status act_as_firmware(struct vm *vm)
{
    struct vm_platform *p = &vm->platform;
    firmware_set_devices(&p->pic, &p->pit, 0);
    return firmware_write(&vm->memory);
}

enum status vm_create_load(struct vm_owned *owned, struct image_entry *entry, char why[VM_WHY_SIZE])
{
    const struct vm_request *r = &owned->request;
    struct guest_bar_windows windows = owned->vm.platform.pci.config.windows;
    struct acpi_tables_request tables = {r->cpu_count, windows.high_start, windows.high_end};
    struct image_request image = {.kernel = r->kernel,
                                  .initrd = r->initrd,
                                  .module_count = r->module_count,
                                  .kernel_name = r->kernel_name,
                                  .cmdline = r->cmdline == NULL ? "" : r->cmdline};
    memcpy(image.modules, r->modules, sizeof(image.modules));
    enum status status = acpi_tables_write(&owned->vm.memory, &tables, &image.rsdp);
    if (status != STATUS_OK) {
        format_text(why, VM_WHY_SIZE, "its ACPI tables cannot be written: %s; give it at least 2 MiB",
                    status_text(status));
        return status;
    }
    const struct cpuid version = cpu_cpuid(1, 0);
    status = mp_tables_write(&owned->vm.memory, r->cpu_count, version.eax, version.edx);
    if (status != STATUS_OK) {
        return status;
    }
    describe_memory(&owned->vm.memory, &image);
    guest_reserved_describe(&owned->reserved, image.map, &image.map_count);
    uint64_t from = time_now_ns();
    status = image_load(&owned->vm.memory, &image, entry, why, VM_WHY_SIZE);
    owned->copy_ns = time_now_ns() - from;
    firmware_set_wire(&owned->vm.cpus[0].lapic, 0);
    vm_caches_write_back(&owned->vm);
    return status == STATUS_OK && entry->kind == IMAGE_MULTIBOOT ? act_as_firmware(&owned->vm) : status;
}

static void log_memory(const struct vm *vm)
{
    for (size_t i = 0; i < vm->memory.count; i++) {
        const struct guest_slot *slot = &vm->memory.slots[i];
        log_info("guest: name=%s memory guest=0x%llx host=0x%llx mib=%llu", vm->name, (unsigned long long)slot->base.v,
                 (unsigned long long)slot->backing.v, (unsigned long long)(slot->size / MIB));
    }
}

/* Its images are in place. */
static enum status begin_watch(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    if (r->watch.count == 0) {
        return STATUS_OK;
    }
    struct vtd_domain *domain = r->device_count != 0 ? &owned->domain : NULL;
    enum status status = watch_init(&owned->watch, &owned->vm, domain, &r->watch);
    owned->vm.memory.watch = &owned->watch;
    owned->vm.memory.may_write = watch_emulated_write;
    return status == STATUS_OK ? watch_start(&owned->watch) : status;
}

/* The bus with what is emulated on it. */
static enum status make_pci(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    struct guest_pci_config pci = pci_config_of(owned);
    enum status status = guest_pci_init(&vm->platform.pci, &pci);
    vm->platform.text = owned->request.text;
    if (status == STATUS_OK && owned->request.console != NULL) {
        status = vm_console_add(vm, owned->request.console);
    }
    for (size_t i = 0; status == STATUS_OK && i < owned->request.network_count; i++) {
        status = vm_network_add(vm, &owned->request.networks[i], (unsigned)i);
    }
    return status == STATUS_OK ? vm_watchdog_add(owned) : status;
}

/* What is emulated finds its places between the others. */
static enum status show_emulated(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    enum status status = guest_pci_show_emulated(&owned->vm.platform.pci);
    if (status != STATUS_OK) {
        format_text(why, VM_WHY_SIZE, "its emulated devices find no room for their BARs: %s", status_text(status));
    }
    return status;
}

static enum status make_machine(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    const struct vm_request *r = &owned->request;
    struct vm *vm = &owned->vm;
    enum status status = guest_reserved_make(r->dmar, r->reserved, r->reserved_count, &owned->reserved);
    status = status == STATUS_OK ? make_tables(owned) : status;
    status = status == STATUS_OK ? make_cpus(vm, r) : status;
    status = status == STATUS_OK ? vm_create_power_on(vm) : status;
    status = status == STATUS_OK ? make_pci(owned) : status;
    if (status != STATUS_OK) {
        format_text(why, VM_WHY_SIZE, "its tables cannot be made: %s", status_text(status));
    }
    return status;
}

static enum status fill_machine(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    struct vm *vm = &owned->vm;
    struct image_entry entry = {0};
    enum status status = owned->request.refused == NULL ? vm_create_load(owned, &entry, why) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    vm->first_entry = entry;
    vm->active = vm->cpu_count;
    return STATUS_OK;
}

static enum status undo(struct vm_owned *owned, enum status status, char why[VM_WHY_SIZE])
{
    if (!vm_destroy(owned)) {
        format_text(why, VM_WHY_SIZE, "a device or its unit did not answer");
    }
    return status;
}

enum status vm_create(struct vm_owned *owned, const struct vm_request *request, char why[VM_WHY_SIZE])
{
    struct vm *vm = &owned->vm;
    *why = 0;
    memset(owned, 0, sizeof(*owned));
    owned->request = *request;
    format_text(vm->name, sizeof(vm->name), "%s", request->name);
    vm->backend = request->backend;
    struct posting_facts posting = posting_facts_of(request->backend, request->without, request->vtd);
    vm->posting = posting_use(&posting) != POSTING_NONE;
    vm->memory = *request->memory;
    owned->request.memory = &vm->memory;
    log_memory(vm);
    uint64_t from = time_now_ns();
    vm_memory_scrub(&vm->memory);
    owned->scrub_ns = time_now_ns() - from;
    enum status status = make_machine(owned, why);
    status = status == STATUS_OK ? fill_machine(owned, why) : status;
    return status == STATUS_OK ? STATUS_OK : undo(owned, status, why);
}

enum status vm_create_end(struct vm_owned *owned, enum status attached, char why[VM_WHY_SIZE])
{
    enum status status = attached == STATUS_OK ? show_emulated(owned, why) : attached;
    if (status != STATUS_OK) {
        return undo(owned, status, why);
    }
    status = begin_watch(owned);
    if (status != STATUS_OK) {
        format_text(why, VM_WHY_SIZE, "what it watches cannot be protected: %s", status_text(status));
    }
    return status;
}
