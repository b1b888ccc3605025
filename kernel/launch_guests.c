/* SPDX-License-Identifier: GPL-2.0-only
 * Making guests as the plan says. */
#include "kernel/launch_guests.h"

#include "guest/pf_lease.h"
#include "guest/vm_devices.h"
#include "guest/vm_memory.h"
#include "kernel/audit_guests.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/gsi.h"
#include "kernel/hw/phys.h"
#include "kernel/launch.h"
#include "kernel/launch_images.h"
#include "kernel/launch_modules.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/selftest.h"
#include "plan/fault_rules.h"
#include "plan/plan_making.h"
#include "service/channel.h"

enum status launch_guests_take(const struct launch_parts *parts, struct guest_memory **memory)
{
    struct guest_memory *all = arena_array(parts->arena, parts->plan->guest_count, sizeof(*all));
    if (all == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < parts->plan->guest_count; i++) {
        const struct plan_guest *guest = &parts->plan->guests[i];
        enum status status = vm_memory_take(&all[i], guest->memory, guest->block_count);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *memory = all;
    return STATUS_OK;
}

static struct vm_device device_of(const struct launch_parts *parts, const struct plan_device *plan)
{
    const struct pci_function *f = &parts->machine->pci.functions[plan->function];
    struct vm_device device = {
        .plan = plan,
        .function = f,
        .unit = &parts->isolate->vtd.units[parts->isolate->vtd_index[plan->unit]],
        .irq_limit =
            fault_rules_of(parts->config, &parts->config->guests[plan->guest], f->at, f->vendor, f->device).irq_limit,
        .firmware = isolate_reserved_of(parts->isolate, parts->machine, f->at),
        .vmd = vmd_of(&parts->machine->vmd, plan->function),
        .lease = pf_lease_of(parts->leases, &parts->machine->sriov, &parts->machine->pci, plan->function),
    };
    if (plan->gsi != PLAN_NO_GSI) {
        device.line = gsi_place(parts->isolate, parts->machine, plan->gsi);
    }
    return device;
}

/* cpus and devices of the request; false: the arena is full. */
static bool fill_arrays(const struct launch_parts *parts, size_t index, struct vm_request *request)
{
    const struct config_list *list = &parts->config->guests[index].cpus;
    const struct plan_guest *plan = &parts->plan->guests[index];
    unsigned *cpus = arena_array(parts->arena, list->count, sizeof(*cpus));
    struct vm_device *devices = arena_array(parts->arena, plan->device_count, sizeof(*devices));
    if (cpus == NULL || devices == NULL) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        cpus[i] = (unsigned)list->items[i].number;
    }
    for (size_t i = 0; i < plan->device_count; i++) {
        devices[i] = device_of(parts, &plan->devices[i]);
    }
    request->cpus = cpus;
    request->cpu_count = (unsigned)list->count;
    request->devices = devices;
    request->device_count = plan->device_count;
    return true;
}

static void fill_images(const struct launch_parts *parts, const struct config_guest *guest, struct vm_request *request)
{
    launch_images_choose(parts->boot, guest, request);
    for (size_t i = 0; i < guest->modules.count && i < IMAGE_MODULES_MAX; i++) {
        request->modules[request->module_count++] = launch_modules_blob(parts->boot, &guest->modules.items[i]);
    }
}

/* With a service guest every guest has a virtio console, and what the others print goes to the service guest too.
 * False: the arena is full. */
static bool fill_console(const struct launch_parts *parts, size_t index, struct vm_request *request)
{
    if (parts->service == NULL) {
        return true;
    }
    struct vm_console_request *console = arena_array(parts->arena, 1, sizeof(*console));
    struct virtio_console_port *ports = arena_array(parts->arena, VIRTIO_CONSOLE_PORTS_MAX, sizeof(*ports));
    if (console == NULL || ports == NULL) {
        return false;
    }
    unsigned count = index == parts->service->parts.self ? channel_ports(parts->service, ports) : 0;
    count += selftest_console_port(parts->boot->cmdline, index, &ports[count]);
    *console = (struct vm_console_request){.ports = ports, .count = count};
    request->console = console;
    request->text = channel_text(parts->service, index);
    return true;
}

static struct restart_rules rules_of(const struct config_guest *guest)
{
    static const enum restart_when when[] = {[CONFIG_RESTART_NEVER] = RESTART_NEVER,
                                             [CONFIG_RESTART_ON_FAILURE] = RESTART_ON_FAILURE,
                                             [CONFIG_RESTART_ALWAYS] = RESTART_ALWAYS};
    static const enum restart_watchdog watchdog[] = {[CONFIG_WATCHDOG_RESET] = RESTART_WATCHDOG_RESET,
                                                     [CONFIG_WATCHDOG_STOP] = RESTART_WATCHDOG_STOP,
                                                     [CONFIG_WATCHDOG_EVENT] = RESTART_WATCHDOG_EVENT};
    struct restart_rules rules = {.reboot_stops = guest->on_reboot.number == CONFIG_REBOOT_STOPS,
                                  .when = when[guest->restart.number]};
    if (guest->on_poweroff.at.line != 0) {
        rules.poweroff =
            guest->on_poweroff.number == CONFIG_POWEROFF_STOPS ? RESTART_POWEROFF_STOPS : RESTART_POWEROFF_STARTS;
    }
    if (guest->watchdog.at.line != 0) {
        rules.watchdog = watchdog[guest->watchdog.number];
    }
    return rules;
}

_Static_assert(CONFIG_WATCH_MAX == WATCH_RANGES_MAX, "what may be watched");

static struct watch_rules watch_of(const struct config_guest *guest)
{
    struct watch_rules rules = {.allow = guest->on_watch.at.line != 0 && guest->on_watch.number == CONFIG_WATCH_ALLOW,
                                .armed = config_guest_arms_watch(guest),
                                .after_ns = guest->watch_after.number * UINT64_C(1000000000)};
    for (size_t i = 0; i < guest->watch.count; i++) {
        struct config_range range = config_range_of(&guest->watch.items[i]);
        rules.ranges[rules.count++] = (struct watch_range){range.start, range.size};
    }
    return rules;
}

static enum status refuse(const struct launch_parts *parts, const struct config_guest *guest, const char *why)
{
    char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
    format_text(fix, sizeof(fix), "load another file as module '%s', or change [guest.%s]", guest->kernel.text,
                guest->name.text);
    diag_add(parts->diags, LAUNCH_DIAG_GUEST, DIAG_ERROR, config_where(parts->file, guest->kernel.at, where), fix,
             "guest '%s' cannot be made: %s", guest->name.text, why);
    return STATUS_UNSUPPORTED;
}

static void give_back(struct vm_owned **owned)
{
    if (!(*owned)->lost) {
        pages_free(virt_to_phys(*owned), align_up(sizeof(struct vm_owned), PAGE_SIZE));
        *owned = NULL;
    }
}

static enum status make(const struct vm_request *request, struct vm_owned **out, char why[VM_WHY_SIZE])
{
    struct hpa at;
    enum status status = pages_alloc_block(align_up(sizeof(struct vm_owned), PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &at);
    if (status != STATUS_OK) {
        return status;
    }
    *out = phys_to_virt(at);
    status = vm_create(*out, request, why);
    if (status != STATUS_OK) {
        give_back(out);
    }
    return status;
}

/* All but its devices. */
static enum status begin(const struct launch_parts *parts, size_t index, const struct guest_memory *memory,
                         struct vm_owned **out)
{
    const struct config_guest *guest = &parts->config->guests[index];
    const struct plan_guest *plan = &parts->plan->guests[index];
    struct vm_request request = {
        .name = guest->name.text,
        .memory = memory,
        .reserved = plan->reserved,
        .reserved_count = plan->reserved_count,
        .dmar = &parts->machine->dmar,
        .watch = watch_of(guest),
        .backend = parts->backend,
        .without = parts->without,
        .vtd = &parts->isolate->vtd,
        .pci = &parts->machine->pci,
        .may_start = audit_guests_may_start,
        .rules = rules_of(guest),
        .stays_off = !config_guest_starts(guest),
        .roster = parts->roster,
        .may_enter = audit_guests_may_enter,
    };
    fill_images(parts, guest, &request);
    char why[VM_WHY_SIZE] = "out of memory";
    bool full = launch_network_fill(parts->network, guest->name.text, parts->arena, &request) != STATUS_OK;
    if (full || !fill_console(parts, index, &request) || !fill_arrays(parts, index, &request) ||
        make(&request, out, why) != STATUS_OK) {
        return refuse(parts, guest, why);
    }
    return STATUS_OK;
}

/* Its devices are attached, or are not. */
static enum status end(const struct launch_parts *parts, size_t index, struct vm_attaching *a, struct vm_owned **out)
{
    const struct config_guest *guest = &parts->config->guests[index];
    *out = a->guest;
    if (vm_create_end(a->guest, a->status, a->why) != STATUS_OK) {
        give_back(out);
        return refuse(parts, guest, a->why);
    }
    if (parts->service != NULL) {
        channel_guest_made(parts->service, index, a->guest);
    }
    const struct vm_request *request = &a->guest->request;
    log_info("guest: name=%s cpus=%u memory-mib=%llu devices=%zu made from a %s", guest->name.text, request->cpu_count,
             (unsigned long long)(guest_memory_bytes(request->memory) / MIB), request->device_count,
             request->refused != NULL ? "configuration alone" : image_kind_text(a->guest->vm.first_entry.kind));
    return STATUS_OK;
}

enum status launch_guests_make(const struct launch_parts *parts, const struct guest_memory *memory,
                               struct vm_owned **out)
{
    const size_t count = parts->plan->guest_count;
    struct vm_attaching *all = arena_array(parts->arena, count, sizeof(*all));
    size_t index[CONFIG_GUESTS_MAX];
    enum status result = all == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    uint64_t made = 0;
    for (size_t n = 0; result == STATUS_OK && n < count; n++) {
        index[n] = plan_making_next(&parts->machine->pci, parts->plan, made);
        result = begin(parts, index[n], &memory[index[n]], &all[n].guest);
        made |= BIT64(index[n]);
    }
    if (result != STATUS_OK) {
        return result;
    }
    vm_devices_attach_all(all, count);
    for (size_t n = 0; n < count; n++) {
        enum status status = end(parts, index[n], &all[n], &out[index[n]]);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}
