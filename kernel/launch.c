/* SPDX-License-Identifier: GPL-2.0-only
 * Launching the guests of a configuration: plan, make, start, wait. */
#include "kernel/launch.h"

#include "guest/pf_lease.h"
#include "guest/vm_event.h"
#include "guest/vm_host.h"
#include "guest/vm_life.h"
#include "guest/vm_order.h"
#include "kernel/audit_guests.h"
#include "kernel/backend.h"
#include "kernel/console_input.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/image.h"
#include "kernel/core/log.h"
#include "kernel/core/mitigations.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "kernel/inventory.h"
#include "kernel/launch_faults.h"
#include "kernel/launch_guests.h"
#include "kernel/launch_measured.h"
#include "kernel/launch_plan.h"
#include "kernel/launch_service.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/selftest.h"

#define FIX_CPU                                                                                                        \
    "take a CPU that can, or turn virtualisation on in the firmware's setup; under QEMU without KVM: "                 \
    "-cpu EPYC,+svm,+npt"

static struct {
    struct launch_plan plan;
    struct isolate *isolate;
    const struct cpu_backend *backend;
    struct vm_owned *guests[CONFIG_GUESTS_MAX];
    struct vm *vms[CONFIG_GUESTS_MAX]; /* the same, for the console */
    size_t guest_count;
    struct vm_roster roster;
    struct launch_network network;
    struct channel *service; /* NULL: there is no service guest */
    struct vm_host hosts[CPU_MAX];
} launch;

bool launch_has_configuration(const struct boot_info *boot)
{
    char name[LAUNCH_NAME_SIZE];
    launch_modules_config(boot, name);
    return launch_modules_find(boot, name) != NULL;
}

void launch_prepare(const struct boot_info *boot, struct machine *machine, struct arena *arena)
{
    launch_plan_read(boot, &launch.plan);
    launch_plan_enable_vfs(&launch.plan, machine, arena);
}

static void check_backend(struct diag_list *diags)
{
    launch.backend = backend_choose();
    const char *why = launch.backend == NULL ? "this CPU has neither VMX nor SVM" : launch.backend->refuse();
    if (why != NULL) {
        diag_add(diags, LAUNCH_DIAG_BACKEND, DIAG_ERROR, "CPU", FIX_CPU, "%s", why);
    }
}

static enum status enable_cpus(struct diag_list *diags)
{
    struct backend_failure failure;
    enum status status = backend_enable(launch.backend, launch.plan.without, &failure);
    if (status != STATUS_OK) {
        char where[DIAG_WHERE_SIZE];
        format_text(where, sizeof(where), "CPU %u", failure.cpu);
        diag_add(diags, LAUNCH_DIAG_BACKEND, DIAG_ERROR, where, FIX_CPU, "%s cannot be switched on: %s",
                 launch.backend->name, failure.why);
        return status;
    }
    log_info("cpu: backend=%s quirk=%s on %u CPUs", launch.backend->name, launch.backend->quirk(), cpu_count());
    struct posting_facts posting = posting_facts_of(launch.backend, launch.plan.without, &launch.isolate->vtd);
    log_info("interrupts: posted-interrupts=%s", posting_text(&posting));
    mitigations_init();
    return STATUS_OK;
}

static void place_cpus(void)
{
    uint64_t slice_ns = config_slice_us(&launch.plan.config) * 1000;
    for (size_t i = 0; i < launch.guest_count; i++) {
        struct vm *vm = &launch.guests[i]->vm;
        for (unsigned k = 0; k < vm->cpu_count; k++) {
            vm_host_add(&launch.hosts[vm->cpus[k].vcpu.cpu], &vm->cpus[k], slice_ns);
        }
    }
}

static void look_now_and_then(void *isolate)
{
    isolate_drain_faults(isolate);
    launch_service_poll(launch.service);
}

/* One that stays off comes to rest at once. */
static void prepare(struct vm_owned *owned)
{
    vm_set_clock(&owned->vm);
    if (owned->request.stays_off) {
        owned->vm.end = VM_STOPPED;
        log_info("guest: name=%s does not start by itself", owned->vm.name);
    } else {
        vm_event_started(owned);
        log_info("guest: name=%s starts", owned->vm.name);
    }
}

/* Other CPUs first: the boot CPU's own vCPUs, if it has any, run from here. */
static void start_all(void)
{
    place_cpus();
    launch.roster.awake = (unsigned)launch.guest_count;
    launch.hosts[cpu_index()].idle = look_now_and_then;
    launch.hosts[cpu_index()].idle_context = launch.isolate;
    for (size_t i = 0; i < launch.guest_count; i++) {
        prepare(launch.guests[i]);
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
        cpu_irq_restore(flags);
        launch_service_poll(launch.service);
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

static bool wants_full_audit(const struct boot_info *boot)
{
    char detail[sizeof("full")];
    bool asked = cmdline_value(boot->cmdline, "audit", detail, sizeof(detail)) && strcmp(detail, "full") == 0;
    return asked || launch.plan.config.system.audit.number != 0;
}

/* Nobody starts before the tables that all of them will run on were looked at by somebody else. */
static enum status prove_isolation(const struct boot_info *boot, const struct machine *machine, struct diag_list *diags)
{
    const struct audit_facts_input input = {
        .machine = machine, .isolate = launch.isolate, .guests = launch.guests, .guest_count = launch.guest_count};
    bool full = wants_full_audit(boot);
    if (full) {
        inventory_log_free();
    }
    return audit_guests_all(&input, full, diags);
}

/* Everything that can be wrong is told at once, then warnings are done with. */
static enum status check(const struct boot_info *boot, const struct machine *machine, struct diag_list *diags)
{
    check_backend(diags);
    bool able = diags->errors == 0;
    enum status status = launch_plan_make(boot, machine, launch.isolate, &launch.plan, diags);
    if (status != STATUS_OK || !able) {
        return status == STATUS_OK ? STATUS_UNSUPPORTED : status;
    }
    log_diagnostics(diags); /* warnings */
    diags->count = diags->dropped = 0;
    return STATUS_OK;
}

static enum status make_each(const struct launch_parts *parts, const struct guest_memory *memory)
{
    enum status status = launch_guests_make(parts, memory, launch.guests);
    if (status != STATUS_OK) {
        return status;
    }
    launch.guest_count = launch.roster.count = parts->plan->guest_count;
    for (size_t i = 0; i < launch.guest_count; i++) {
        launch.vms[i] = &launch.guests[i]->vm;
    }
    return STATUS_OK;
}

static enum status make_all(const struct boot_info *boot, struct machine *machine, struct diag_list *diags)
{
    struct launch_parts parts = {
        .boot = boot,
        .machine = machine,
        .isolate = launch.isolate,
        .config = &launch.plan.config,
        .file = launch.plan.file,
        .plan = &launch.plan.plan,
        .backend = launch.backend,
        .without = launch.plan.without,
        .roster = &launch.roster,
        .network = &launch.network,
        .arena = &launch.plan.arena,
        .diags = diags,
    };
    struct guest_memory *memory = NULL;
    launch.roster.guests = launch.guests;
    enum status status = launch_guests_take(&parts, &memory);
    status = status == STATUS_OK ? launch_network_make(&launch.network, parts.config, parts.arena) : status;
    status = status == STATUS_OK ? launch_service_make(&parts, launch.guests, &launch.service) : status;
    parts.service = launch.service;
    status = status == STATUS_OK ? enable_cpus(diags) : status;
    status = status == STATUS_OK ? pf_lease_make(&machine->sriov, parts.arena, &parts.leases) : status;
    return status == STATUS_OK ? make_each(&parts, memory) : status;
}

static enum status hear_faults(const struct machine *machine)
{
    const struct launch_faults_parts parts = {.machine = machine,
                                              .isolate = launch.isolate,
                                              .config = &launch.plan.config,
                                              .plan = &launch.plan.plan,
                                              .guests = launch.guests,
                                              .arena = &launch.plan.arena};
    return launch_faults_start(&parts);
}

enum status launch_guests(const struct boot_info *boot, struct machine *machine, struct isolate *isolate,
                          struct diag_list *diags)
{
    launch.isolate = isolate;
    enum status status = check(boot, machine, diags);
    if (status == STATUS_OK) {
        launch_measured_find(boot, machine);
    }
    status = status == STATUS_OK ? make_all(boot, machine, diags) : status;
    if (status != STATUS_OK) {
        return status;
    }
    log_made();
    console_input_start(isolate, machine, launch.vms, launch.guest_count);
    selftest_guests_made(&(struct selftest_guests){boot->cmdline, isolate, launch.guests, launch.guest_count});
    status = prove_isolation(boot, machine, diags);
    status = status == STATUS_OK ? hear_faults(machine) : status;
    if (status != STATUS_OK) {
        return status;
    }
    start_all();
    wait_for_end();
    log_info("bulkhead: all guests have ended, faults=%llu memory-kib=%llu", (unsigned long long)isolate->watch.count,
             (unsigned long long)own_kib(pages_taken().most));
    return STATUS_OK;
}
