/* SPDX-License-Identifier: GPL-2.0-only
 * The order of guests around a reset of a PF. A guest that starts keeps no lease while it waits for another. One that
 * comes to rest does: its VFs are in use until their last reset is over, and with that it may have to wait for those
 * who have VFs of its own PFs. So who owns a PF waits for users of its VFs, they for users of theirs, and so on; no
 * guest waits for itself that way, for the plan refuses circles (BH0668). */
#include "guest/vm_vfs.h"

#include "guest/pf_lease.h"
#include "guest/vm_order.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

/* --- who has what */

static bool is_pf(const struct vm_device *d)
{
    return d->lease != NULL && !d->function->is_vf;
}

static bool owns(const struct vm_owned *owned, const struct pf_lease *lease)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct vm_device *d = &owned->request.devices[i];
        if (is_pf(d) && d->lease == lease) {
            return true;
        }
    }
    return false;
}

static bool has_vfs(const struct vm_owned *owned, const struct pf_lease *lease)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct vm_device *d = &owned->request.devices[i];
        if (d->function->is_vf && d->lease == lease) {
            return true;
        }
    }
    return false;
}

/* The lease that device `index` brings in, once each: of a PF, or of VFs of somebody else's PF. NULL: none. */
static struct pf_lease *lease_at(const struct vm_owned *owned, size_t index, bool pf)
{
    const struct vm_device *devices = owned->request.devices;
    const struct vm_device *d = &devices[index];
    if (d->lease == NULL || d->function->is_vf == pf || (!pf && owns(owned, d->lease))) {
        return NULL;
    }
    for (size_t i = 0; i < index; i++) {
        if (devices[i].lease == d->lease && devices[i].function->is_vf == d->function->is_vf) {
            return NULL;
        }
    }
    return d->lease;
}

/* The same of a PF, where a reset of `device` alone reaches its VFs: its own, or those of a PF whose VFs' ids follow
 * what `device` is told. The plan gives both to one guest (BH0670). */
static struct pf_lease *lease_reached(const struct vm_owned *owned, size_t index, struct sbdf device)
{
    struct pf_lease *lease = lease_at(owned, index, true);
    bool own = sbdf_equal(owned->request.devices[index].function->at, device);
    bool follows = lease != NULL && pf_lease_follows(lease) && sbdf_equal(lease->sriov->ari_at, device);
    return own || follows ? lease : NULL;
}

static struct pf_lease *lease_of(const struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct vm_device *d = &owned->request.devices[i];
        if (is_pf(d) && sbdf_equal(d->function->at, device)) {
            return d->lease;
        }
    }
    return NULL;
}

/* --- orders to stop */

static void tell(const struct vm_owned *owned, struct vm_owned *user, const struct pf_lease *lease)
{
    char text[SBDF_TEXT_SIZE];
    struct event e;
    sbdf_text(lease->sriov->at, text);
    log_only(LOG_WARN, "guest: name=%s stops: reason=pf-reset pf=%s owner=%s", user->vm.name, text, owned->vm.name);
    event_begin(&e, EVENT_WARNING, "vf-guest-stopped");
    json_text(&e.json, "guest", user->vm.name);
    json_text(&e.json, "reason", "pf-reset");
    json_text(&e.json, "pf", text);
    json_text(&e.json, "owner", owned->vm.name);
    event_end(&e);
    enum status status = vm_order_guest(user, VM_ORDER_STOP, "pf-reset");
    (void)status; /* it came to rest by itself meanwhile */
}

/* One that was told and still stops needs no second word; one that runs, or is about to again, does. */
static bool needs_word(const struct vm_owned *user, bool told)
{
    if (__atomic_load_n(&user->wanted, __ATOMIC_SEQ_CST) == RESTART_WANTED_STOP) {
        return false;
    }
    switch (vm_order_state(user)) {
    case VM_ORDER_RUNNING:
    case VM_ORDER_PAUSED:
        return true;
    case VM_ORDER_STOPPING:
    case VM_ORDER_STARTING:
    case VM_ORDER_WAITING:
        return !told;
    default:
        return false;
    }
}

static void stop_users(struct vm_owned *owned, const struct pf_lease *lease)
{
    const struct vm_roster *roster = owned->request.roster;
    for (size_t i = 0; roster != NULL && i < roster->count; i++) {
        struct vm_owned *user = roster->guests[i];
        bool told = (owned->vfs_told & BIT64(i)) != 0;
        if (user != owned && has_vfs(user, lease) && needs_word(user, told)) {
            owned->vfs_told |= BIT64(i);
            tell(owned, user, lease);
        }
    }
}

void vm_vfs_stop_users(struct vm_owned *owned)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct pf_lease *lease = lease_at(owned, i, true);
        if (lease != NULL) {
            stop_users(owned, lease);
        }
    }
}

void vm_vfs_stop_users_of(struct vm_owned *owned, struct sbdf device)
{
    const struct pf_lease *lease = lease_of(owned, device);
    if (lease != NULL) {
        stop_users(owned, lease);
    }
}

/* --- for resets */

static void release_first(struct vm_owned *owned, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pf_lease *lease = lease_at(owned, i, true);
        if (lease != NULL) {
            pf_lease_release(lease);
        }
    }
}

/* Those that a reset of others may have changed, before anybody uses them. */
static void look(const struct vm_owned *owned)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct pf_lease *lease = lease_at(owned, i, true);
        if (lease != NULL) {
            pf_lease_look(lease);
        }
    }
}

bool vm_vfs_reserve(struct vm_owned *owned)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct pf_lease *lease = lease_at(owned, i, true);
        if (lease != NULL && !pf_lease_reserve(lease)) {
            release_first(owned, i);
            vm_vfs_stop_users(owned);
            return false;
        }
    }
    owned->vfs_told = 0;
    return true;
}

void vm_vfs_release(struct vm_owned *owned)
{
    look(owned);
    release_first(owned, owned->request.device_count);
}

static void release_reached(struct vm_owned *owned, struct sbdf device, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pf_lease *lease = lease_reached(owned, i, device);
        if (lease != NULL) {
            pf_lease_release(lease);
        }
    }
}

static void stop_users_reached(struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct pf_lease *lease = lease_reached(owned, i, device);
        if (lease != NULL) {
            stop_users(owned, lease);
        }
    }
}

bool vm_vfs_reserve_for(struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct pf_lease *lease = lease_reached(owned, i, device);
        if (lease != NULL && !pf_lease_reserve(lease)) {
            release_reached(owned, device, i);
            stop_users_reached(owned, device);
            return false;
        }
    }
    owned->vfs_told = 0;
    return true;
}

void vm_vfs_release_for(struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct pf_lease *lease = lease_reached(owned, i, device);
        if (lease != NULL) {
            pf_lease_look(lease);
        }
    }
    release_reached(owned, device, owned->request.device_count);
}

/* --- for VFs */

static void leave_first(struct vm_owned *owned, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pf_lease *lease = lease_at(owned, i, false);
        if (lease != NULL) {
            pf_lease_leave(lease);
        }
    }
}

static enum status use(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    char text[SBDF_TEXT_SIZE];
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct pf_lease *lease = lease_at(owned, i, false);
        enum status status = lease != NULL ? pf_lease_use(lease) : STATUS_OK;
        if (status != STATUS_OK) {
            format_text(why, VM_WHY_SIZE, "the VFs of %s are off: %s", sbdf_text(lease->sriov->at, text),
                        status == STATUS_HARDWARE ? "start its owner anew" : "it is being reset");
            leave_first(owned, i);
            return status;
        }
    }
    owned->uses_vfs = true;
    return STATUS_OK;
}

enum status vm_vfs_take(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    if (!vm_vfs_reserve(owned)) {
        format_text(why, VM_WHY_SIZE, "other guests use VFs of its PF");
        return STATUS_CONFLICT;
    }
    enum status status = use(owned, why);
    if (status != STATUS_OK) {
        vm_vfs_release(owned);
    }
    return status;
}

void vm_vfs_leave(struct vm_owned *owned)
{
    if (owned->uses_vfs) {
        owned->uses_vfs = false;
        leave_first(owned, owned->request.device_count);
    }
}
