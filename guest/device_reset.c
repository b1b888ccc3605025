/* SPDX-License-Identifier: GPL-2.0-only
 * Devices reset, stage by stage: buses first, for what is behind them loses what a reset of its own would have left;
 * VFs last, for they are there only once their PF, if it is among them, was reset and has switched them on. */
#include "guest/device_reset.h"

#include "drivers/pci_quiesce.h"
#include "guest/device_settle.h"
#include "guest/pf_lease.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

static bool is_by_bus(const struct vm_device *d)
{
    return d->plan->reset == PCI_RESET_BUS;
}

/* Is the bridge above d also above other, or the same? */
static bool reaches(const struct pci_facts *facts, const struct vm_device *d, const struct vm_device *other)
{
    const struct pci_function *bridge = pci_parent(facts, d->function);
    const struct pci_function *f = pci_parent(facts, other->function);
    while (f != NULL && f != bridge) {
        f = pci_parent(facts, f);
    }
    return bridge != NULL && f == bridge;
}

/* The one whose bus reset does it for the device at `index`: highest up, and first, of those whose bridge is above it;
 * index itself when there is no other. */
static size_t leader_of(const struct pci_facts *facts, const struct device_set *set, size_t index)
{
    size_t leader = index;
    for (size_t i = 0; i < set->count; i++) {
        bool above = is_by_bus(set->of[i]) && reaches(facts, set->of[i], set->of[leader]);
        if (above && (i < leader || !reaches(facts, set->of[leader], set->of[i]))) {
            leader = i;
        }
    }
    return leader;
}

/* The plan said so, but here the damage would be done. */
static bool is_alone(const struct pci_facts *facts, const struct device_set *set, const struct vm_device *d)
{
    uint32_t members[GUEST_PCI_SLOTS];
    for (size_t i = 0; i < set->count; i++) {
        members[i] = pci_find_index(facts, set->of[i]->function->at);
    }
    return pci_reset_bus_alone(facts, d->function, members, set->count);
}

/* --- one of them */

static void end_job(struct device_reset *r, size_t index, enum status status)
{
    const struct vmd_domain *vmd = r->set.of[index]->vmd;
    r->jobs[index].what = DEVICE_JOB_NONE;
    r->set.status[index] = status == STATUS_OK && vmd != NULL ? vmd_reset_restore(r->facts, vmd) : status;
}

static void end_function(struct device_reset *r, size_t index, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    const struct vm_device *d = r->set.of[index];
    const char *how = pci_reset_text(d->plan->reset);
    if (status == STATUS_OK) {
        log_info("pci: %s: reset (%s)", sbdf_text(d->function->at, text), how);
    } else {
        log_error("pci: %s: reset (%s) failed: %s", sbdf_text(d->function->at, text), how, status_text(status));
    }
    end_job(r, index, status);
}

static void begin_function(struct device_reset *r, size_t index)
{
    char text[SBDF_TEXT_SIZE];
    const struct vm_device *d = r->set.of[index];
    if (d->plan->reset == PCI_RESET_NONE) {
        log_warn("pci: %s: has no reset: its registers keep what the last user left", sbdf_text(d->function->at, text));
        end_job(r, index, STATUS_OK);
    } else if (is_by_bus(d) && !is_alone(r->facts, &r->set, d)) {
        end_function(r, index, STATUS_UNSUPPORTED);
    } else {
        r->jobs[index].what = DEVICE_JOB_FUNCTION;
        pci_reset_run_begin(&r->jobs[index].function, r->facts, d->function, d->plan->reset, &r->scratch);
    }
}

/* What is behind a VMD endpoint goes with it: before, for the endpoint must be able to reach it; and after. */
static void begin_job(struct device_reset *r, size_t index)
{
    const struct vmd_domain *vmd = r->set.of[index]->vmd;
    if (vmd == NULL) {
        begin_function(r, index);
        return;
    }
    r->jobs[index].what = DEVICE_JOB_DOMAIN;
    vmd_reset_begin(&r->jobs[index].domain, r->facts, vmd);
}

static void wait_until(struct device_reset *r, uint64_t due_ns)
{
    r->due_ns = due_ns < r->due_ns ? due_ns : r->due_ns;
}

static void go_on(struct device_reset *r, size_t index)
{
    struct device_job *job = &r->jobs[index];
    if (job->what == DEVICE_JOB_DOMAIN) {
        if (!vmd_reset_go_on(&job->domain)) {
            wait_until(r, job->domain.due_ns);
        } else if (job->domain.status != STATUS_OK) {
            end_job(r, index, job->domain.status);
        } else {
            begin_function(r, index);
        }
    }
    if (job->what == DEVICE_JOB_FUNCTION) {
        if (pci_reset_run_go_on(&job->function)) {
            end_function(r, index, job->function.status);
        } else {
            wait_until(r, job->function.due_ns);
        }
    }
}

/* --- stages: what is in the same one is reset together */

static bool is_of_stage(const struct device_reset *r, size_t index)
{
    const struct vm_device *d = r->set.of[index];
    switch (r->stage) {
    case DEVICE_RESET_BUSES:
        return is_by_bus(d);
    case DEVICE_RESET_FUNCTIONS:
        return !is_by_bus(d) && !d->function->is_vf;
    case DEVICE_RESET_VFS:
        return !is_by_bus(d) && d->function->is_vf;
    case DEVICE_RESET_OVER:
        break;
    }
    return false;
}

static void begin_stage(struct device_reset *r)
{
    for (size_t i = 0; i < r->set.count; i++) {
        bool led = r->stage == DEVICE_RESET_BUSES && leader_of(r->facts, &r->set, i) != i;
        if (is_of_stage(r, i) && !led) {
            begin_job(r, i);
        }
    }
}

/* False: some are under way. */
static bool run_jobs(struct device_reset *r)
{
    bool over = true;
    for (size_t i = 0; i < r->set.count; i++) {
        go_on(r, i);
        over = over && r->jobs[i].what == DEVICE_JOB_NONE;
    }
    return over;
}

static void log_together(const struct vm_device *d, const struct vm_device *leader, enum status status)
{
    char text[SBDF_TEXT_SIZE], other[SBDF_TEXT_SIZE];
    if (status == STATUS_OK) {
        log_info("pci: %s: reset (bus) together with %s", sbdf_text(d->function->at, text),
                 sbdf_text(leader->function->at, other));
    }
}

static void follow(struct device_reset *r)
{
    for (size_t i = 0; r->stage == DEVICE_RESET_BUSES && i < r->set.count; i++) {
        size_t leader = leader_of(r->facts, &r->set, i);
        if (is_by_bus(r->set.of[i]) && leader != i) {
            r->set.status[i] = r->set.status[leader];
            log_together(r->set.of[i], r->set.of[leader], r->set.status[i]);
        }
    }
}

/* Their resets switched the PFs' VFs off, those that their own guest has too: before anything is done to them. */
static void begin_vfs(struct device_reset *r)
{
    r->vfs_ns = 0;
    for (size_t i = 0; i < r->set.count; i++) {
        const struct vm_device *d = r->set.of[i];
        bool lost = is_of_stage(r, i) && d->lease != NULL && !d->function->is_vf && d->plan->reset != PCI_RESET_NONE;
        r->jobs[i].vfs = lost && pf_lease_restore_begin(d->lease, r->set.status[i]);
        if (r->jobs[i].vfs) {
            r->vfs_ns = time_now_ns() + SRIOV_READY_US * 1000;
        }
    }
}

static void end_vfs(struct device_reset *r)
{
    for (size_t i = 0; i < r->set.count; i++) {
        if (r->jobs[i].vfs) {
            pf_lease_restore_end(r->set.of[i]->lease);
        }
    }
}

/* False: not yet. */
static bool run_stage(struct device_reset *r)
{
    if (!r->restoring) {
        if (!run_jobs(r)) {
            return false;
        }
        follow(r);
        begin_vfs(r);
        r->restoring = true;
    }
    if (r->vfs_ns != 0 && time_now_ns() < r->vfs_ns) {
        wait_until(r, r->vfs_ns);
        return false;
    }
    end_vfs(r);
    r->restoring = false;
    return true;
}

/* --- all of them */

/* Jobs, and what they save of the functions. */
static enum status take_memory(struct device_reset *r)
{
    size_t count = r->set.count;
    uint64_t bytes = count * (sizeof(struct device_job) + 16);
    for (size_t i = 0; i < count; i++) {
        const struct vm_device *d = r->set.of[i];
        bool led = is_by_bus(d) && leader_of(r->facts, &r->set, i) != i;
        bytes += led ? 0 : pci_reset_run_scratch(r->facts, d->function, d->plan->reset) + 16;
    }
    r->bytes = align_up(bytes, PAGE_SIZE);
    enum status status = pages_alloc_block(r->bytes, PAGE_SIZE, UINT64_MAX, &r->memory);
    if (status != STATUS_OK) {
        return status;
    }
    r->scratch = arena_make(phys_to_virt(r->memory), r->bytes);
    r->jobs = arena_array(&r->scratch, count, sizeof(*r->jobs));
    if (r->jobs == NULL) {
        pages_free(r->memory, r->bytes);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static void refuse_all(struct device_reset *r, enum status status)
{
    for (size_t i = 0; i < r->set.count; i++) {
        char text[SBDF_TEXT_SIZE];
        log_error("pci: %s: is not reset: %s", sbdf_text(r->set.of[i]->function->at, text), status_text(status));
        r->set.status[i] = status;
    }
}

void device_reset_quiet(const struct pci_facts *facts, const struct device_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct pci_function *host = set->of[i]->function;
        pci_bus_master_set(facts, host, false);
        pci_escalation_mask(facts, host);
        (void)pci_silence(host); /* device_settle() asks again */
    }
}

void device_reset_begin(struct device_reset *r, const struct pci_facts *facts, const struct device_set *set)
{
    *r = (struct device_reset){.facts = facts, .set = *set, .stage = DEVICE_RESET_OVER};
    device_reset_quiet(facts, set);
    if (set->count == 0) {
        return;
    }
    enum status status = take_memory(r);
    if (status != STATUS_OK) {
        refuse_all(r, status);
        return;
    }
    r->stage = DEVICE_RESET_BUSES;
    begin_stage(r);
}

static void end(struct device_reset *r)
{
    for (size_t i = 0; i < r->set.count; i++) {
        if (r->set.status[i] == STATUS_OK) {
            r->set.status[i] = device_settle(r->facts, r->set.of[i]->function);
        }
    }
    pages_free(r->memory, r->bytes);
    r->jobs = NULL;
}

bool device_reset_go_on(struct device_reset *r)
{
    r->due_ns = UINT64_MAX;
    while (r->stage != DEVICE_RESET_OVER && run_stage(r)) {
        r->stage++;
        if (r->stage == DEVICE_RESET_OVER) {
            end(r);
        } else {
            begin_stage(r);
        }
    }
    return r->stage == DEVICE_RESET_OVER;
}

void device_reset_wait(struct device_reset *r)
{
    while (!device_reset_go_on(r)) {
        time_wait_until(r->due_ns);
    }
}
