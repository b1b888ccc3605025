/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's devices on their way. */
#include "guest/vm_devices.h"

#include "guest/assign.h"
#include "guest/vm_vfs.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/format.h"

/* For good: later lives have the same tables. */
static void limit_tables(struct radix *tables, uint64_t before)
{
    if (tables->map_left == UINT64_MAX) {
        tables->map_left = tables->table_pages - before + VM_TABLES_SPARE;
    }
}

static enum status join(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    char text[SBDF_TEXT_SIZE];
    const struct vm_request *r = &owned->request;
    uint64_t nested = owned->vm.nested.table_pages, domain = owned->domain.tables.table_pages;
    size_t failed = 0;
    enum status status =
        assign_attach_end(&owned->vm.platform.pci, r->devices, r->device_count, &owned->reset, &failed);
    if (status != STATUS_OK) {
        const char *name = failed < r->device_count ? sbdf_text(r->devices[failed].function->at, text) : "(too many)";
        format_text(why, VM_WHY_SIZE, "device %s cannot be attached: %s", name, status_text(status));
        return status;
    }
    limit_tables(&owned->vm.nested, nested);
    limit_tables(&owned->domain.tables, domain);
    for (size_t i = 0; i < r->device_count; i++) {
        log_info("guest: name=%s device=%s attached, reset, behind unit %u", owned->vm.name,
                 sbdf_text(r->devices[i].function->at, text), r->devices[i].unit->index);
    }
    return STATUS_OK;
}

static bool ask_again(struct vm_owned *owned)
{
    owned->devices_ns = time_now_ns() + VM_VFS_POLL_NS;
    return false;
}

static bool resets_are_over(struct vm_owned *owned)
{
    owned->resetting = !device_reset_go_on(&owned->reset);
    owned->devices_ns = owned->resetting ? owned->reset.due_ns : 0;
    return !owned->resetting;
}

bool vm_devices_attach(struct vm_owned *owned, enum status *status, char why[VM_WHY_SIZE])
{
    const struct vm_request *r = &owned->request;
    if (!owned->resetting) {
        *status = r->device_count <= GUEST_PCI_ASSIGNED_MAX ? vm_vfs_take(owned, why) : STATUS_NO_MEMORY;
        if (*status == STATUS_CONFLICT) {
            return ask_again(owned);
        }
        if (*status != STATUS_OK) {
            return true;
        }
        assign_attach_begin(&owned->vm.platform.pci, r->devices, r->device_count, &owned->reset);
    }
    if (!resets_are_over(owned)) {
        return false;
    }
    *status = join(owned, why);
    vm_vfs_release(owned);
    return true;
}

bool vm_devices_reset(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    if (!owned->resetting) {
        if (!vm_vfs_reserve(owned)) {
            return ask_again(owned);
        }
        assign_reset_begin(&owned->vm.platform.pci, r->devices, r->device_count, owned->detached, &owned->reset);
    }
    if (!resets_are_over(owned)) {
        return false;
    }
    assign_reset_end(r->devices, r->device_count, &owned->reset, owned->detached);
    vm_vfs_release(owned);
    return true;
}

/* --- at the machine's start */

/* One that cannot begin although nobody before it is under way never could. */
static bool go_on(struct vm_attaching *a, bool alone)
{
    a->over = vm_devices_attach(a->guest, &a->status, a->why) || (alone && !a->guest->resetting);
    return a->over;
}

/* When to go on; 0: all are over. */
static uint64_t go_round(struct vm_attaching *all, size_t count)
{
    uint64_t due_ns = 0;
    for (size_t i = 0; i < count; i++) {
        struct vm_attaching *a = &all[i];
        if (a->over || go_on(a, due_ns == 0)) {
            continue;
        }
        due_ns = due_ns == 0 || a->guest->devices_ns < due_ns ? a->guest->devices_ns : due_ns;
        if (!a->guest->resetting) {
            break;
        }
    }
    return due_ns;
}

void vm_devices_attach_all(struct vm_attaching *all, size_t count)
{
    uint64_t due_ns = go_round(all, count);
    while (due_ns != 0) {
        time_wait_until(due_ns);
        due_ns = go_round(all, count);
    }
}
