/* SPDX-License-Identifier: GPL-2.0-only
 * Function level, power state and secondary bus resets, step by step. */
#include "drivers/pci_reset_run.h"

#include "drivers/device_rules.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"

#define FLR_US UINT64_C(100000)      /* PCIe 6.0 6.6.2: no access for 100 ms */
#define BUS_ASSERT_US UINT64_C(2000) /* PCI 3.0 4.3.2: reset lasts 1 ms at least */
#define BAR_FLAGS 0xfu
#define BUS_SETTLE_US UINT64_C(100000)  /* PCIe 6.0 6.6.1: no configuration access for 100 ms */
#define PCI_SETTLE_US UINT64_C(1000000) /* PCI 3.0 4.3.2: 2^25 clocks of 33 MHz from RST# to configuration */

/* VFs behind a bus are gone by then (sriov_stop) and come back with their PF's settings (sriov_restore_begin), if at
 * all. */
static bool is_affected(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                        const struct pci_function *other)
{
    bool by_bus = kind == PCI_RESET_BUS && !other->is_vf && pci_reset_is_behind(facts, other, pci_parent(facts, f));
    return sbdf_equal(other->at, f->at) || by_bus;
}

static size_t count_affected(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        count += is_affected(facts, f, kind, &facts->functions[i]);
    }
    return count;
}

size_t pci_reset_run_scratch(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    return count_affected(facts, f, kind) * sizeof(struct pci_state);
}

static const struct pci_function *at_hand(const struct pci_reset_run *r)
{
    return &r->facts->functions[r->index];
}

static void wait_us(struct pci_reset_run *r, uint64_t us)
{
    r->due_ns = time_now_ns() + us * 1000;
}

/* The first failure counts, but what can be restored is. */
static bool hear(struct pci_reset_run *r, const struct pci_function *f, const char *what, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    if (status != STATUS_OK) {
        log_error("pci: %s: %s: %s", sbdf_text(f->at, text), what, status_text(status));
        r->status = r->status == STATUS_OK ? status : r->status;
    }
    return status == STATUS_OK;
}

/* --- before: bottom-up, so that no bridge is closed over requests of those behind it */

static void begin_restoring(struct pci_reset_run *r)
{
    r->index = UINT32_MAX; /* before the first one */
    r->state = SIZE_MAX;
    r->step = PCI_RESET_STEP_NEXT;
}

/* A function in D3hot answers no memory cycles and may ignore an FLR: wake it first. */
static void ask(struct pci_reset_run *r)
{
    while (r->index > 0 && !is_affected(r->facts, r->f, r->kind, &r->facts->functions[r->index - 1])) {
        r->index--;
    }
    if (r->index == 0) {
        r->step = PCI_RESET_STEP_DO;
        return;
    }
    r->index--;
    r->states[--r->state].count = 0;
    if (hear(r, at_hand(r), "does not answer", pci_ready(at_hand(r)) ? STATUS_OK : STATUS_TIMEOUT)) {
        pci_power_begin(&r->power, at_hand(r), 0);
        r->step = PCI_RESET_STEP_WAKE;
    }
}

static void stop_requests(const struct pci_function *f, unsigned off)
{
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    pci_config_write16(f->at, PCI_COMMAND, (uint16_t)((command & ~off) | PCI_COMMAND_INTX_OFF));
}

/* Most are to send nothing more first, so that there is an end to wait for. What must keep bus mastering while it is
 * busy is waited for first, and keeps it if there is no end: its reset clears it. */
static void wake(struct pci_reset_run *r)
{
    const struct pci_function *f = at_hand(r);
    if (!pci_power_go_on(&r->power)) {
        r->due_ns = r->power.due_ns;
        return;
    }
    r->step = PCI_RESET_STEP_ASK;
    if (hear(r, f, "does not wake up", r->power.status)) {
        pci_state_save(f, &r->states[r->state]);
        if (!device_rules_has(f, DEVICE_RULE_KEEP_MASTER)) {
            stop_requests(f, PCI_COMMAND_BUS_MASTER);
        }
        r->deadline = deadline_in_us(PCI_PENDING_US);
        r->step = PCI_RESET_STEP_DRAIN;
    }
}

static void drain(struct pci_reset_run *r)
{
    const struct pci_function *f = at_hand(r);
    bool pending = pci_transactions_pending(f);
    if (pending && !deadline_passed(r->deadline)) {
        wait_us(r, PCI_READY_POLL_US);
        return;
    }
    if (device_rules_has(f, DEVICE_RULE_KEEP_MASTER)) {
        stop_requests(f, pending ? 0 : PCI_COMMAND_BUS_MASTER);
    }
    r->step = PCI_RESET_STEP_ASK;
}

/* --- the reset */

static void begin_bus(struct pci_reset_run *r)
{
    const struct pci_function *bridge = pci_parent(r->facts, r->f);
    r->control = pci_config_read16(bridge->at, PCI_BRIDGE_CONTROL);
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, r->control | PCI_BRIDGE_RESET);
    wait_us(r, BUS_ASSERT_US);
    r->step = PCI_RESET_STEP_HELD;
}

static void begin_flr(struct pci_reset_run *r)
{
    const struct pci_function *f = r->f;
    uint16_t at = (uint16_t)(f->cap.express + PCI_EXP_DEVCTL);
    if (r->kind == PCI_RESET_FLR) {
        pci_config_write16(f->at, at, (uint16_t)(pci_config_read16(f->at, at) | PCI_DEVCTL_FLR));
    } else {
        pci_config_write8(f->at, f->cap.af + PCI_AF_CONTROL, PCI_AF_FLR);
    }
    wait_us(r, FLR_US);
    begin_restoring(r);
}

/* A function that did not answer before has nothing to restore, and is not reset; a bus is not when one behind it does
 * not answer, for nobody could tell what the reset did to it. */
static void begin_reset(struct pci_reset_run *r)
{
    if (r->status != STATUS_OK) {
        begin_restoring(r);
    } else if (r->kind == PCI_RESET_BUS) {
        begin_bus(r);
    } else if (r->kind == PCI_RESET_D3) {
        pci_power_begin(&r->power, r->f, PCI_PM_D3HOT);
        r->step = PCI_RESET_STEP_SLEEP;
    } else {
        begin_flr(r);
    }
}

/* Do its memory BARs hold what they held when the facts were read? */
static bool kept_bars(const struct pci_function *f)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &f->bars[i];
        bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
        if (memory && bar->assigned && (uint32_t)bar->address != 0) {
            uint32_t now = pci_config_read32(f->at, (uint16_t)(PCI_BAR0 + 4 * i));
            return (now & ~BAR_FLAGS) == (uint32_t)bar->address;
        }
    }
    return false;
}

static void sleep_or_rise(struct pci_reset_run *r)
{
    char text[SBDF_TEXT_SIZE];
    if (!pci_power_go_on(&r->power)) {
        r->due_ns = r->power.due_ns;
    } else if (!hear(r, r->f, "does not change its power state", r->power.status)) {
        begin_restoring(r);
    } else if (r->step == PCI_RESET_STEP_SLEEP) {
        pci_power_begin(&r->power, r->f, 0);
        r->step = PCI_RESET_STEP_RISE;
    } else {
        if (kept_bars(r->f)) {
            log_warn("pci: %s: kept its state in D3hot although it says otherwise: that was no reset",
                     sbdf_text(r->f->at, text));
        }
        begin_restoring(r);
    }
}

/* A bridge to conventional PCI has slower devices behind it, and no link that can be asked. */
static void release_bus(struct pci_reset_run *r)
{
    const struct pci_function *bridge = pci_parent(r->facts, r->f);
    bool link = bridge->express == PCI_EXPRESS_ROOT_PORT || bridge->express == PCI_EXPRESS_DOWNSTREAM;
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, (uint16_t)(r->control & ~PCI_BRIDGE_RESET));
    if (link) {
        r->deadline = deadline_in_us(PCI_READY_LINK_US);
        r->step = PCI_RESET_STEP_LINK;
    } else {
        wait_us(r, PCI_SETTLE_US);
        begin_restoring(r);
    }
}

/* What does not answer although its link never came up is told as one that does not come back. */
static void see_link(struct pci_reset_run *r)
{
    if (!pci_ready_link(pci_parent(r->facts, r->f)) && !deadline_passed(r->deadline)) {
        wait_us(r, PCI_READY_POLL_US);
    } else {
        wait_us(r, BUS_SETTLE_US);
        begin_restoring(r);
    }
}

/* --- after: top-down; what is behind a bridge is reachable only after the bridge was restored */

static void next(struct pci_reset_run *r)
{
    do {
        r->index++;
    } while (r->index < r->facts->count && !is_affected(r->facts, r->f, r->kind, at_hand(r)));
    r->state++;
    if (r->index >= r->facts->count) {
        r->step = PCI_RESET_STEP_OVER;
    } else if (r->states[r->state].count != 0) { /* else it was not there before either */
        r->until = pci_ready_begin();
        r->step = PCI_RESET_STEP_BACK;
    }
}

static void see_it_back(struct pci_reset_run *r)
{
    enum status status = STATUS_OK;
    if (!pci_ready_look(at_hand(r), r->until, &status)) {
        wait_us(r, PCI_READY_POLL_US);
        return;
    }
    r->step = PCI_RESET_STEP_NEXT;
    if (hear(r, at_hand(r), "does not come back from its reset", status)) {
        pci_power_begin(&r->power, at_hand(r), 0);
        r->step = PCI_RESET_STEP_AWAKE;
    }
}

static void restore(struct pci_reset_run *r)
{
    const struct pci_function *f = at_hand(r);
    const struct pci_state *state = &r->states[r->state];
    uint16_t offset = 0;
    pci_state_restore(f, state);
    enum status status = pci_state_check(f, state, &offset);
    if (status != STATUS_OK) {
        char text[SBDF_TEXT_SIZE];
        log_error("pci: %s: register 0x%x does not keep what it held before the reset", sbdf_text(f->at, text), offset);
        r->status = r->status == STATUS_OK ? status : r->status;
    }
}

static void see_it_awake(struct pci_reset_run *r)
{
    if (!pci_power_go_on(&r->power)) {
        r->due_ns = r->power.due_ns;
        return;
    }
    r->step = PCI_RESET_STEP_NEXT;
    if (hear(r, at_hand(r), "does not wake up after its reset", r->power.status)) {
        restore(r);
    }
}

/* --- steps */

void pci_reset_run_begin(struct pci_reset_run *r, const struct pci_facts *facts, const struct pci_function *f,
                         enum pci_reset_kind kind, struct arena *scratch)
{
    *r = (struct pci_reset_run){.facts = facts, .f = f, .kind = kind, .step = PCI_RESET_STEP_OVER};
    if (!pci_reset_possible(f, kind)) {
        r->status = STATUS_UNSUPPORTED;
        return;
    }
    r->state = count_affected(facts, f, kind);
    r->states = arena_array(scratch, r->state, sizeof(*r->states));
    if (r->states == NULL) {
        r->status = STATUS_NO_MEMORY;
        return;
    }
    r->index = (uint32_t)facts->count;
    r->step = PCI_RESET_STEP_ASK;
}

bool pci_reset_run_go_on(struct pci_reset_run *r)
{
    static void (*const steps[])(struct pci_reset_run * r) = {
        [PCI_RESET_STEP_ASK] = ask,
        [PCI_RESET_STEP_WAKE] = wake,
        [PCI_RESET_STEP_DRAIN] = drain,
        [PCI_RESET_STEP_DO] = begin_reset,
        [PCI_RESET_STEP_SLEEP] = sleep_or_rise,
        [PCI_RESET_STEP_RISE] = sleep_or_rise,
        [PCI_RESET_STEP_HELD] = release_bus,
        [PCI_RESET_STEP_LINK] = see_link,
        [PCI_RESET_STEP_NEXT] = next,
        [PCI_RESET_STEP_BACK] = see_it_back,
        [PCI_RESET_STEP_AWAKE] = see_it_awake,
    };
    while (r->step != PCI_RESET_STEP_OVER && time_now_ns() >= r->due_ns) {
        steps[r->step](r);
    }
    return r->step == PCI_RESET_STEP_OVER;
}
