/* SPDX-License-Identifier: GPL-2.0-only
 * Launching the guests of a configuration. */
#include "kernel/launch.h"

#include "guest/vm_create.h"
#include "guest/vm_host.h"
#include "guest/vm_life.h"
#include "kernel/backend.h"
#include "kernel/console_input.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/console_option.h"
#include "kernel/core/image.h"
#include "kernel/core/log.h"
#include "kernel/core/mitigations.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/serial.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/core/topology.h"
#include "kernel/gsi.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/assign_check.h"
#include "plan/config.h"
#include "plan/cpu_check.h"
#include "plan/features.h"
#include "plan/plan_source.h"

#define CONFIG_NAME "bulkhead.toml"
#define NAME_SIZE 64
#define WORDS_SEPARATOR ' '
#define FIX_CPU                                                                                                        \
    "take a CPU that can, or turn virtualisation on in the firmware's setup; under QEMU without KVM: "                 \
    "-cpu EPYC,+svm,+npt"

static struct {
    struct config config;
    char file[NAME_SIZE];
    const struct boot_info *boot;
    struct machine *machine;
    struct isolate *isolate;
    struct diag_list *diags;
    const struct cpu_backend *backend;
    uint32_t without; /* features to leave unused */
    struct vm_owned *guests[CONFIG_GUESTS_MAX];
    struct vm *vms[CONFIG_GUESTS_MAX]; /* the same, for the console */
    size_t guest_count;
    unsigned cpus[CONFIG_ITEMS_MAX]; /* host CPUs in the order of guests and vCPUs */
    struct vm_host hosts[CPU_MAX];
    struct vm_device devices[CPU_MAX]; /* likewise */
    struct plan_device plans[CPU_MAX];
    struct assign_request requests[CPU_MAX];
    struct vtd_line_place lines[CPU_MAX];
    char wheres[CPU_MAX][CONFIG_WHERE_SIZE], line_wheres[CPU_MAX][CONFIG_WHERE_SIZE];
    size_t request_count;
} launch;

/* Length of the first word of a module's text: its name. */
static size_t name_length(const char *text)
{
    size_t n = 0;
    while (text[n] != 0 && text[n] != WORDS_SEPARATOR) {
        n++;
    }
    return n;
}

static bool is_named(const struct boot_module *module, const char *name)
{
    size_t n = name_length(module->text);
    return n == strlen(name) && memcmp(module->text, name, n) == 0;
}

static const struct boot_module *find_module(const struct boot_info *boot, const char *name)
{
    for (size_t i = 0; i < boot->module_count; i++) {
        if (is_named(&boot->modules[i], name)) {
            return &boot->modules[i];
        }
    }
    return NULL;
}

static void config_name(const struct boot_info *boot, char name[NAME_SIZE])
{
    if (!cmdline_value(boot->cmdline, "config", name, NAME_SIZE)) {
        memcpy(name, CONFIG_NAME, sizeof(CONFIG_NAME));
    }
}

bool launch_has_configuration(const struct boot_info *boot)
{
    char name[NAME_SIZE];
    config_name(boot, name);
    return find_module(boot, name) != NULL;
}

static void refuse(enum launch_diag code, struct config_position at, const char *fix, const char *what,
                   const char *name)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(launch.diags, (uint16_t)code, DIAG_ERROR, config_where(launch.file, at, where), fix, what, name);
}

static struct image_blob blob_of(const struct boot_module *module)
{
    const char *text = module->text + name_length(module->text);
    while (*text == WORDS_SEPARATOR) {
        text++;
    }
    return (struct image_blob){.bytes = phys_to_virt(module->start), .size = module->size, .text = text};
}

/* The module that a value names, or an empty blob and a diagnostic. */
static struct image_blob find_image(const struct config_value *value)
{
    const struct boot_module *module = value->at.line == 0 ? NULL : find_module(launch.boot, value->text);
    if (module == NULL && value->at.line != 0) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix),
                    "add \"module2 /path/to/file %s\" to the boot loader's entry, or name one of its modules here",
                    value->text);
        refuse(LAUNCH_DIAG_NO_MODULE, value->at, fix, "the boot loader brought no module named '%s'", value->text);
    }
    return module == NULL ? (struct image_blob){0} : blob_of(module);
}

static struct cpuid leaf_if_there(uint32_t leaf)
{
    return cpu_cpuid(0, 0).eax >= leaf ? cpu_cpuid(leaf, 0) : (struct cpuid){0};
}

/* Which CPU each vCPU gets, in the order of guests and vCPUs, and that it may. */
static void check_cpus(void)
{
    uint32_t cores[CPU_MAX];
    size_t next = 0;
    for (size_t i = 0; i < launch.config.guest_count; i++) {
        const struct config_list *cpus = &launch.config.guests[i].cpus;
        for (size_t k = 0; k < cpus->count; k++) {
            launch.cpus[next++] = (unsigned)cpus->items[k].number;
        }
    }
    unsigned thread_bits = topology_thread_bits(leaf_if_there(0x1f), leaf_if_there(0xb));
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        cores[cpu] = percpu_at(cpu)->apic_id >> thread_bits;
    }
    const struct cpu_check_facts facts = {.cpu_count = cpu_count(), .cores = cores};
    cpu_check(&launch.config, launch.file, &facts, launch.diags);
}

/* What the file says about the line of device n. */
static void set_line(size_t n)
{
    struct assign_request *r = &launch.requests[n];
    const struct config_device *d = config_find_device(&launch.config, r->function);
    if (d != NULL && d->gsi.at.line != 0) {
        r->gsi = (uint32_t)d->gsi.number;
        r->gsi_where = config_where(launch.file, d->gsi.at, launch.line_wheres[n]);
        launch.lines[n] = gsi_place(launch.isolate, launch.machine, r->gsi);
        r->gsi_reachable = launch.lines[n].io != NULL;
    }
}

/* A table of a device that nobody gets would do nothing: probably a wrong address. */
static void check_device_tables(void)
{
    for (size_t i = 0; i < launch.config.device_count; i++) {
        const struct config_value *address = &launch.config.devices[i].address;
        bool used = false;
        for (size_t k = 0; k < launch.request_count; k++) {
            used = used || launch.requests[k].function.v == address->number;
        }
        if (!used) {
            char where[CONFIG_WHERE_SIZE];
            diag_add(launch.diags, PLAN_DEVICES_TABLE_NOBODY, DIAG_ERROR, config_where(launch.file, address->at, where),
                     "correct the address, or remove the table", "no guest gets device %s", address->text);
        }
    }
}

static void check_devices(const struct config_guest *guest, unsigned index)
{
    for (size_t i = 0; i < guest->devices.count; i++) {
        const struct config_value *v = &guest->devices.items[i];
        if ((v->number & CONFIG_DEVICE_GROUP) != 0) {
            refuse(LAUNCH_DIAG_NOT_YET, v->at, "name the function itself, without \"group:\"",
                   "groups are not supported yet%s", "");
            continue;
        }
        if (launch.request_count == CPU_MAX) {
            refuse(LAUNCH_DIAG_NOT_YET, v->at, "assign fewer devices", "too many devices in all%s", "");
            return;
        }
        size_t n = launch.request_count++;
        config_where(launch.file, v->at, launch.wheres[n]);
        launch.requests[n] =
            (struct assign_request){.function = {(uint32_t)v->number}, .guest = index, .where = launch.wheres[n]};
        set_line(n);
    }
}

static void check_memory(const struct config_guest *guest, uint64_t *total)
{
    if (!is_aligned(guest->memory.number, 2 * MIB)) {
        refuse(LAUNCH_DIAG_MEMORY, guest->memory.at, "write a multiple of 2MiB", "memory is given in steps of 2 MiB%s",
               "");
    }
    *total += guest->memory.number;
    if (*total > pages_free_bytes()) {
        char where[CONFIG_WHERE_SIZE];
        diag_add(launch.diags, LAUNCH_DIAG_MEMORY, DIAG_ERROR, config_where(launch.file, guest->memory.at, where),
                 "give the guests less memory, or the machine more",
                 "guests up to this one want %llu MiB, %llu MiB are free", (unsigned long long)(*total / MIB),
                 (unsigned long long)(pages_free_bytes() / MIB));
    }
}

static void check_backend(void)
{
    launch.backend = backend_choose();
    const char *why = launch.backend == NULL ? "this CPU has neither VMX nor SVM" : launch.backend->refuse();
    if (why != NULL) {
        diag_add(launch.diags, LAUNCH_DIAG_BACKEND, DIAG_ERROR, "CPU", FIX_CPU, "%s", why);
    }
}

/* The console of the configuration, from here on; console= on the command line wins, as it did until now. */
static void use_console(void)
{
    const struct config_value *console = &launch.config.system.console;
    char text[NAME_SIZE];
    struct console_option option;
    if (console->at.line == 0 || cmdline_value(launch.boot->cmdline, "console", text, sizeof(text))) {
        return;
    }
    if (console_option_parse(console->text, &option) == STATUS_OK) {
        serial_init(option);
    } else {
        refuse(LAUNCH_DIAG_CONSOLE, console->at, "write console = \"com1,115200\" or \"0x3f8,115200\"",
               "'%s' names no serial port and speed", console->text);
    }
}

static void check_keys(void)
{
    const struct config_system *s = &launch.config.system;
    use_console();
    launch.without = features_without(&s->without, launch.file, launch.diags);
    if (s->service.at.line != 0) {
        refuse(LAUNCH_DIAG_NOT_YET, s->service.key, "leave the key out", "there is no service guest yet%s", "");
    }
    if (s->unassigned.at.line != 0 && strcmp(s->unassigned.text, "block") != 0) {
        refuse(LAUNCH_DIAG_NOT_YET, s->unassigned.at, "write unassigned = \"block\"",
               "devices that nobody names can only be blocked%s", "");
    }
}

static void check_modules(void)
{
    for (size_t i = 0; i < launch.boot->module_count; i++) {
        for (size_t k = i + 1; k < launch.boot->module_count; k++) {
            const char *name = launch.boot->modules[i].text;
            size_t n = name_length(name);
            if (n == name_length(launch.boot->modules[k].text) && memcmp(name, launch.boot->modules[k].text, n) == 0) {
                diag_add(launch.diags, LAUNCH_DIAG_MODULE_TWICE, DIAG_ERROR, "boot loader",
                         "name every module differently", "two modules are named '%.*s'", (int)n, name);
            }
        }
    }
}

static bool read_configuration(void)
{
    config_name(launch.boot, launch.file);
    const struct boot_module *module = find_module(launch.boot, launch.file);
    return module != NULL && config_parse(phys_to_virt(module->start), module->size, launch.file, &launch.config,
                                          launch.diags) == STATUS_OK;
}

static uint32_t console_gsi(void)
{
    int irq = console_input_irq();
    return irq < 0 ? UINT32_MAX : gsi_of_isa(launch.machine, (uint8_t)irq);
}

static enum status check_everything(void)
{
    if (!read_configuration()) {
        return STATUS_UNSUPPORTED;
    }
    size_t before = launch.diags->errors;
    uint64_t memory = 0;
    check_backend();
    check_keys();
    check_modules();
    check_cpus();
    for (size_t i = 0; i < launch.config.guest_count; i++) {
        const struct config_guest *guest = &launch.config.guests[i];
        check_memory(guest, &memory);
        check_devices(guest, (unsigned)i);
        (void)find_image(&guest->kernel);
        (void)find_image(&guest->initrd);
        for (size_t k = 0; k < guest->modules.count; k++) {
            (void)find_image(&guest->modules.items[k]);
        }
    }
    check_device_tables();
    const struct assign_limits limits = {.remapping = launch.isolate->vtd.remapping,
                                         .console_port = serial_port(),
                                         .console_gsi = console_gsi(),
                                         .functions_max = GUEST_PCI_SLOTS - 1,
                                         .low_bytes = GUEST_BAR32_END - GUEST_BAR32_START,
                                         .high_bytes = 64 * GIB};
    enum status status = assign_check(launch.machine, &limits, launch.requests, launch.request_count, launch.diags);
    return status == STATUS_OK && launch.diags->errors == before ? STATUS_OK : STATUS_UNSUPPORTED;
}

static enum status enable_cpus(void)
{
    struct backend_failure failure;
    enum status status = backend_enable(launch.backend, launch.without, &failure);
    if (status != STATUS_OK) {
        char where[DIAG_WHERE_SIZE];
        format_text(where, sizeof(where), "CPU %u", failure.cpu);
        diag_add(launch.diags, LAUNCH_DIAG_BACKEND, DIAG_ERROR, where, FIX_CPU, "%s cannot be switched on: %s",
                 launch.backend->name, failure.why);
        return status;
    }
    log_info("cpu: backend=%s quirk=%s on %u CPUs", launch.backend->name, launch.backend->quirk(), cpu_count());
    struct posting_facts posting = posting_facts_of(launch.backend, launch.without, &launch.isolate->vtd);
    log_info("interrupts: posted-interrupts=%s", posting_text(&posting));
    mitigations_init();
    return STATUS_OK;
}

/* FLR, else the whole bus behind a port of its own, else by power states: some devices say that D3hot loses their state
 * and keep it all the same, so that comes last. */
static enum pci_reset_kind reset_kind(const struct pci_facts *facts, const struct pci_function *f)
{
    uint32_t member = pci_find_index(facts, f->at);
    if (pci_reset_possible(f, PCI_RESET_FLR)) {
        return PCI_RESET_FLR;
    }
    if (pci_reset_possible(f, PCI_RESET_AF)) {
        return PCI_RESET_AF;
    }
    if (pci_reset_bus_alone(facts, f, &member, 1)) {
        return PCI_RESET_BUS;
    }
    return pci_reset_method(f, false);
}

static struct plan_device plan_of(const struct pci_function *f, unsigned guest)
{
    const struct pci_facts *facts = &launch.machine->pci;
    return (struct plan_device){.function = pci_find_index(facts, f->at),
                                .guest = guest,
                                .reset = reset_kind(facts, f),
                                .gsi = PLAN_NO_GSI,
                                .sources = {f->at},
                                .source_count = 1};
}

/* Devices of guest `index`, in launch.devices from *first on. */
static size_t collect_devices(unsigned index, size_t *first)
{
    size_t count = 0;
    *first = 0;
    for (size_t i = 0; i < launch.request_count; i++) {
        if (launch.requests[i].guest != index) {
            continue;
        }
        *first = count == 0 ? i : *first;
        const struct pci_function *f = pci_find(&launch.machine->pci, launch.requests[i].function);
        launch.plans[i] = plan_of(f, index);
        launch.devices[i] = (struct vm_device){.plan = &launch.plans[i],
                                               .function = f,
                                               .unit = isolate_unit_of(launch.isolate, launch.machine, f->at),
                                               .line = launch.lines[i],
                                               .firmware = isolate_reserved_of(launch.isolate, launch.machine, f->at)};
        count++;
    }
    return count;
}

static enum status make_guest(unsigned index, size_t *next_cpu)
{
    const struct config_guest *guest = &launch.config.guests[index];
    size_t first = 0;
    size_t devices = collect_devices(index, &first);
    struct vm_request request = {
        .name = guest->name.text,
        .cpus = &launch.cpus[*next_cpu],
        .cpu_count = (unsigned)guest->cpus.count,
        .memory = guest->memory.number,
        .kernel = find_image(&guest->kernel),
        .initrd = find_image(&guest->initrd),
        .cmdline = guest->cmdline.text,
        .kernel_name = guest->kernel.text,
        .devices = &launch.devices[first],
        .device_count = devices,
        .dmar = &launch.machine->dmar,
        .backend = launch.backend,
        .without = launch.without,
        .vtd = &launch.isolate->vtd,
        .pci = &launch.machine->pci,
    };
    for (size_t i = 0; i < guest->modules.count && i < IMAGE_MODULES_MAX; i++) {
        request.modules[request.module_count++] = find_image(&guest->modules.items[i]);
    }
    struct hpa at;
    char why[VM_WHY_SIZE] = "out of memory";
    enum status status = pages_alloc_block(align_up(sizeof(struct vm_owned), PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &at);
    if (status == STATUS_OK) {
        launch.guests[index] = phys_to_virt(at);
        status = vm_create(launch.guests[index], &request, why);
    }
    *next_cpu += guest->cpus.count;
    if (status != STATUS_OK) {
        char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "load another file as module '%s', or change [guest.%s]", guest->kernel.text,
                    guest->name.text);
        diag_add(launch.diags, LAUNCH_DIAG_GUEST, DIAG_ERROR, config_where(launch.file, guest->kernel.at, where), fix,
                 "guest '%s' cannot be made: %s", guest->name.text, why);
        return STATUS_UNSUPPORTED;
    }
    launch.vms[launch.guest_count++] = &launch.guests[index]->vm;
    log_info("guest: name=%s cpus=%u memory-mib=%llu devices=%zu made from a %s", guest->name.text, request.cpu_count,
             (unsigned long long)(request.memory / MIB), devices,
             image_kind_text(launch.guests[index]->vm.first_entry.kind));
    return STATUS_OK;
}

static struct vtd_fault_owner find_owner(void *context, struct sbdf source)
{
    (void)context;
    const struct plan_device *d = plan_source_owner(launch.plans, launch.request_count, source);
    return (struct vtd_fault_owner){NULL, d == NULL ? NULL : launch.config.guests[d->guest].name.text};
}

static void place_cpus(void)
{
    uint64_t slice_ns = config_slice_us(&launch.config) * 1000;
    for (size_t i = 0; i < launch.guest_count; i++) {
        struct vm *vm = &launch.guests[i]->vm;
        for (unsigned k = 0; k < vm->cpu_count; k++) {
            vm_host_add(&launch.hosts[vm->cpus[k].vcpu.cpu], &vm->cpus[k], slice_ns);
        }
    }
}

/* Other CPUs first: the boot CPU's own vCPUs, if it has any, run from here. */
static void start_all(void)
{
    place_cpus();
    for (size_t i = 0; i < launch.guest_count; i++) {
        vm_life_set_clock(launch.guests[i]);
        log_info("guest: name=%s starts", launch.guests[i]->vm.name);
    }
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu != cpu_index() && launch.hosts[cpu].count != 0) {
            smp_start_work(cpu, vm_host_main, &launch.hosts[cpu]);
        }
    }
    vm_host_main(&launch.hosts[cpu_index()]);
}

static bool all_ended(void)
{
    for (size_t i = 0; i < launch.guest_count; i++) {
        if (!vm_life_has_ended(launch.guests[i])) {
            return false;
        }
    }
    return true;
}

static void wait_for_end(void)
{
    while (!all_ended()) {
        uint64_t flags = cpu_irq_save();
        timer_set_deadline(time_now_ns() + UINT64_C(50000000));
        cpu_irq_wait();
        isolate_drain_faults(launch.isolate); /* after a storm nobody else asks */
        cpu_irq_restore(flags);
    }
    timer_set_deadline(TIMER_NEVER);
}

/* What the hypervisor keeps for itself: image, tables, structures; of `taken` bytes all but the guests' RAM. */
static uint64_t own_kib(uint64_t taken)
{
    uint64_t guests = 0;
    for (size_t i = 0; i < launch.guest_count; i++) {
        guests += guest_memory_bytes(&launch.guests[i]->vm.memory);
    }
    return (taken - guests + (uint64_t)(image_end - image_start)) / KIB;
}

/* Entry to first guest instruction, and what of it is not counted as the hypervisor's own: `make bench` reads it. */
static void log_made(void)
{
    uint64_t scrub = 0, copy = 0;
    for (size_t i = 0; i < launch.guest_count; i++) {
        scrub += launch.guests[i]->scrub_ns;
        copy += launch.guests[i]->copy_ns;
    }
    log_info("bulkhead: all guests made, ns=%llu waited-us=%llu scrub-ns=%llu copy-ns=%llu memory-kib=%llu",
             (unsigned long long)time_now_ns(), (unsigned long long)time_waited_us(), (unsigned long long)scrub,
             (unsigned long long)copy, (unsigned long long)own_kib(pages_taken().now));
}

enum status launch_guests(const struct boot_info *boot, struct machine *machine, struct isolate *isolate,
                          struct diag_list *diags)
{
    launch.boot = boot;
    launch.machine = machine;
    launch.isolate = isolate;
    launch.diags = diags;
    enum status status = check_everything();
    if (status == STATUS_OK) {
        log_diagnostics(diags); /* warnings */
        diags->count = diags->dropped = 0;
    }
    status = status == STATUS_OK ? enable_cpus() : status;
    size_t next_cpu = 0;
    for (unsigned i = 0; status == STATUS_OK && i < launch.config.guest_count; i++) {
        status = make_guest(i, &next_cpu);
    }
    if (status != STATUS_OK) {
        return status;
    }
    isolate->faults.lookup = find_owner;
    log_made();
    console_input_start(isolate, machine, launch.vms, launch.guest_count);
    start_all();
    wait_for_end();
    log_info("bulkhead: all guests have ended, faults=%llu memory-kib=%llu", (unsigned long long)isolate->fault_count,
             (unsigned long long)own_kib(pages_taken().most));
    return STATUS_OK;
}
