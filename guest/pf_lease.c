/* SPDX-License-Identifier: GPL-2.0-only
 * Leases of a PF's virtual functions (PCIe 6.0 9.3.3.3.1: a reset of the PF clears VF Enable). */
#include "guest/pf_lease.h"

#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"

enum status pf_lease_make(const struct sriov_facts *facts, struct arena *arena, struct pf_lease **out)
{
    *out = arena_array(arena, facts->count + 1, sizeof(**out));
    if (*out == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < facts->count; i++) {
        (*out)[i] = (struct pf_lease){.sriov = &facts->pfs[i]};
    }
    return STATUS_OK;
}

struct pf_lease *pf_lease_of(struct pf_lease *leases, const struct sriov_facts *facts, const struct pci_facts *pci,
                             uint32_t function)
{
    const struct sriov *s = sriov_of(facts, pci, function);
    return s == NULL ? NULL : &leases[s - facts->pfs];
}

/* Once it is counted nobody resets the PF: only then does `off` stay what it is. */
enum status pf_lease_use(struct pf_lease *lease)
{
    int32_t users = __atomic_load_n(&lease->users, __ATOMIC_SEQ_CST);
    while (users != PF_LEASE_RESET) {
        if (__atomic_compare_exchange_n(&lease->users, &users, users + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            bool off = __atomic_load_n(&lease->off, __ATOMIC_SEQ_CST);
            if (off) {
                pf_lease_leave(lease);
            }
            return off ? STATUS_HARDWARE : STATUS_OK;
        }
    }
    return STATUS_CONFLICT;
}

void pf_lease_leave(struct pf_lease *lease)
{
    int32_t before = __atomic_fetch_sub(&lease->users, 1, __ATOMIC_SEQ_CST);
    bulkhead_assert(before > 0);
}

bool pf_lease_reserve(struct pf_lease *lease)
{
    int32_t nobody = 0;
    return __atomic_compare_exchange_n(&lease->users, &nobody, PF_LEASE_RESET, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

void pf_lease_release(struct pf_lease *lease)
{
    int32_t before = __atomic_exchange_n(&lease->users, 0, __ATOMIC_SEQ_CST);
    bulkhead_assert(before == PF_LEASE_RESET);
}

static void put_event(const struct sriov *s, const char *pf, enum status status)
{
    struct event e;
    event_begin(&e, status == STATUS_OK ? EVENT_INFO : EVENT_ERROR, "vfs-enabled");
    json_text(&e.json, "device", pf);
    json_number(&e.json, "count", s->num);
    json_bool(&e.json, "ok", status == STATUS_OK);
    if (status != STATUS_OK) {
        json_text(&e.json, "error", status_text(status));
    }
    event_end(&e);
}

static void report(struct pf_lease *lease, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    const struct sriov *s = lease->sriov;
    sbdf_text(s->at, text);
    __atomic_store_n(&lease->off, status != STATUS_OK, __ATOMIC_SEQ_CST);
    if (status == STATUS_OK) {
        log_only(LOG_INFO, "sriov: %s: %u VFs are on again after its reset", text, s->num);
    } else {
        log_only(LOG_ERROR, "sriov: %s: its %u VFs stay off after its reset: %s; guests that have some cannot start",
                 text, s->num, status_text(status));
    }
    put_event(s, text, status);
}

bool pf_lease_follows(const struct pf_lease *lease)
{
    return lease->sriov->ari && !sbdf_equal(lease->sriov->ari_at, lease->sriov->at);
}

void pf_lease_look(struct pf_lease *lease)
{
    bool off = __atomic_load_n(&lease->off, __ATOMIC_SEQ_CST);
    if (!off && pf_lease_follows(lease) && !sriov_ids_hold(lease->sriov)) {
        report(lease, STATUS_HARDWARE);
    }
}

bool pf_lease_restore_begin(struct pf_lease *lease, enum status reset)
{
    enum status status = reset == STATUS_OK ? sriov_restore_begin(lease->sriov) : reset;
    if (status != STATUS_OK) {
        report(lease, status);
    }
    return status == STATUS_OK;
}

void pf_lease_restore_end(struct pf_lease *lease)
{
    report(lease, sriov_restore_end(lease->sriov));
}
