/* SPDX-License-Identifier: GPL-2.0-only
 * Function level, power state and secondary bus resets. */
#include "drivers/pci_reset.h"

#include "drivers/device_rules.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_ready.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_state.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"

#define PENDING_US UINT64_C(100000)  /* PCIe 6.0 6.6.2: software may give up waiting for completions */
#define FLR_US UINT64_C(100000)      /* PCIe 6.0 6.6.2: no access for 100 ms */
#define POWER_US UINT64_C(10000)     /* PCI PM 1.2 5.4.1: 10 ms into and out of D3hot */
#define BUS_ASSERT_US UINT64_C(2000) /* PCI 3.0 4.3.2: reset lasts 1 ms at least */
#define BAR_FLAGS 0xfu
#define BUS_SETTLE_US UINT64_C(100000)  /* PCIe 6.0 6.6.1: no configuration access for 100 ms */
#define PCI_SETTLE_US UINT64_C(1000000) /* PCI 3.0 4.3.2: 2^25 clocks of 33 MHz from RST# to configuration */

const char *pci_reset_text(enum pci_reset_kind kind)
{
    static const char *const text[] = {"none", "flr", "af-flr", "d3d0", "bus"};
    return text[kind];
}

bool pci_reset_possible(const struct pci_function *f, enum pci_reset_kind kind)
{
    switch (kind) {
    case PCI_RESET_FLR:
        return f->has_flr;
    case PCI_RESET_AF:
        return f->has_af_flr;
    case PCI_RESET_D3:
        return f->cap.pm != 0 && !f->no_soft_reset;
    case PCI_RESET_BUS:
        return f->parent != PCI_NO_INDEX && !f->is_vf; /* that would be the end of a VF, not a reset */
    case PCI_RESET_NONE:
        break;
    }
    return false;
}

static bool is_behind(const struct pci_facts *facts, const struct pci_function *f, const struct pci_function *bridge)
{
    for (f = pci_parent(facts, f); f != NULL; f = pci_parent(facts, f)) {
        if (f == bridge) {
            return true;
        }
    }
    return false;
}

static bool contains(const uint32_t *members, size_t count, uint32_t index)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i] == index) {
            return true;
        }
    }
    return false;
}

bool pci_reset_bus_alone(const struct pci_facts *facts, const struct pci_function *f, const uint32_t *members,
                         size_t count)
{
    const struct pci_function *bridge = pci_parent(facts, f);
    if (bridge == NULL || bridge->header != 1) {
        return false;
    }
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct pci_function *other = &facts->functions[i];
        if (!other->bridge && is_behind(facts, other, bridge) && !contains(members, count, i)) {
            return false;
        }
    }
    return true;
}

enum pci_reset_kind pci_reset_method(const struct pci_function *f, bool bus_alone)
{
    static const enum pci_reset_kind order[] = {PCI_RESET_FLR, PCI_RESET_AF, PCI_RESET_D3};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        if (pci_reset_possible(f, order[i])) {
            return order[i];
        }
    }
    return bus_alone && pci_reset_possible(f, PCI_RESET_BUS) ? PCI_RESET_BUS : PCI_RESET_NONE;
}

static void wait_idle(const struct pci_function *f)
{
    struct deadline deadline = deadline_in_us(PENDING_US);
    while (pci_transactions_pending(f) && !deadline_passed(deadline)) {
        cpu_pause();
    }
}

static uint16_t power_state(const struct pci_function *f)
{
    return pci_config_read16(f->at, f->cap.pm + PCI_PM_CONTROL) & PCI_PM_STATE;
}

/* STATUS_TIMEOUT: it did not get there. */
static enum status set_power_state(const struct pci_function *f, uint16_t state)
{
    uint16_t at = f->cap.pm + PCI_PM_CONTROL;
    uint16_t control = pci_config_read16(f->at, at);
    if ((control & PCI_PM_STATE) == state) {
        return STATUS_OK;
    }
    /* PME_Status is cleared by a written 1: leave it. */
    control = (uint16_t)(control & ~(PCI_PM_STATE | PCI_PM_PME_STATUS));
    pci_config_write16(f->at, at, (uint16_t)(control | state));
    time_wait_us(POWER_US);
    enum status status = pci_ready_wait(f);
    return status == STATUS_OK && power_state(f) != state ? STATUS_TIMEOUT : status;
}

/* A function without power management is always in D0. */
static enum status wake(const struct pci_function *f)
{
    return f->cap.pm == 0 ? STATUS_OK : set_power_state(f, 0);
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

static enum status do_power(const struct pci_function *f)
{
    char text[SBDF_TEXT_SIZE];
    enum status status = set_power_state(f, PCI_PM_D3HOT);
    status = status == STATUS_OK ? set_power_state(f, 0) : status;
    if (status == STATUS_OK && kept_bars(f)) {
        log_warn("pci: %s: kept its state in D3hot although it says otherwise: that was no reset",
                 sbdf_text(f->at, text));
    }
    return status;
}

static void do_flr(const struct pci_function *f)
{
    uint16_t at = f->cap.express + PCI_EXP_DEVCTL;
    pci_config_write16(f->at, at, (uint16_t)(pci_config_read16(f->at, at) | PCI_DEVCTL_FLR));
    time_wait_us(FLR_US);
}

static void do_af(const struct pci_function *f)
{
    pci_config_write8(f->at, f->cap.af + PCI_AF_CONTROL, PCI_AF_FLR);
    time_wait_us(FLR_US);
}

/* A bridge to conventional PCI has slower devices behind it, and no link that can be asked. */
static void do_bus(const struct pci_function *bridge)
{
    bool link = bridge->express == PCI_EXPRESS_ROOT_PORT || bridge->express == PCI_EXPRESS_DOWNSTREAM;
    uint16_t control = pci_config_read16(bridge->at, PCI_BRIDGE_CONTROL);
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, control | PCI_BRIDGE_RESET);
    time_wait_us(BUS_ASSERT_US);
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, (uint16_t)(control & ~PCI_BRIDGE_RESET));
    if (link) {
        pci_ready_wait_link(bridge);
    }
    time_wait_us(link ? BUS_SETTLE_US : PCI_SETTLE_US);
}

static enum status perform(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    switch (kind) {
    case PCI_RESET_FLR:
        do_flr(f);
        break;
    case PCI_RESET_AF:
        do_af(f);
        break;
    case PCI_RESET_D3:
        return do_power(f);
    case PCI_RESET_BUS:
        do_bus(pci_parent(facts, f));
        break;
    case PCI_RESET_NONE:
        break;
    }
    return STATUS_OK;
}

/* VFs behind a bus are gone by then (sriov_stop) and come back with their PF's settings (sriov_restore), if at all. */
static bool is_affected(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                        const struct pci_function *other)
{
    bool by_bus = kind == PCI_RESET_BUS && !other->is_vf && is_behind(facts, other, pci_parent(facts, f));
    return sbdf_equal(other->at, f->at) || by_bus;
}

static enum status tell(const struct pci_function *f, const char *what, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    if (status != STATUS_OK) {
        log_error("pci: %s: %s: %s", sbdf_text(f->at, text), what, status_text(status));
    }
    return status;
}

/* Most are to send nothing more first, so that there is an end to wait for. What must keep bus mastering while it is
 * busy is waited for first, and keeps it if there is no end: its reset clears it. */
static void silence(const struct pci_function *f)
{
    bool keeps = device_rules_has(f, DEVICE_RULE_KEEP_MASTER);
    if (keeps) {
        wait_idle(f);
    }
    unsigned off = keeps && pci_transactions_pending(f) ? 0u : (unsigned)PCI_COMMAND_BUS_MASTER;
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    pci_config_write16(f->at, PCI_COMMAND, (uint16_t)((command & ~off) | PCI_COMMAND_INTX_OFF));
    if (!keeps) {
        wait_idle(f);
    }
}

/* A function in D3hot answers no memory cycles and may ignore an FLR: wake it first. */
static enum status prepare(const struct pci_function *f, struct pci_state *state)
{
    state->count = 0;
    enum status status = tell(f, "does not answer", pci_ready(f) ? STATUS_OK : STATUS_TIMEOUT);
    status = status == STATUS_OK ? tell(f, "does not wake up", wake(f)) : status;
    if (status != STATUS_OK) {
        return status;
    }
    pci_state_save(f, state);
    silence(f);
    return STATUS_OK;
}

static enum status finish(const struct pci_function *f, const struct pci_state *state)
{
    if (state->count == 0) {
        return STATUS_TIMEOUT; /* was not there before either */
    }
    enum status status = tell(f, "does not come back from its reset", pci_ready_wait(f));
    status = status == STATUS_OK ? tell(f, "does not wake up after its reset", wake(f)) : status;
    if (status != STATUS_OK) {
        return status;
    }
    uint16_t offset = 0;
    pci_state_restore(f, state);
    status = pci_state_check(f, state, &offset);
    if (status != STATUS_OK) {
        char text[SBDF_TEXT_SIZE];
        log_error("pci: %s: register 0x%x does not keep what it held before the reset", sbdf_text(f->at, text), offset);
    }
    return status;
}

static size_t count_affected(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        count += is_affected(facts, f, kind, &facts->functions[i]);
    }
    return count;
}

size_t pci_reset_scratch(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    return count_affected(facts, f, kind) * sizeof(struct pci_state);
}

/* Bottom-up, so that no bridge is closed over requests of those behind it. */
static enum status prepare_all(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                               struct pci_state *states, size_t count)
{
    enum status result = STATUS_OK;
    for (size_t i = facts->count; i-- > 0;) {
        if (is_affected(facts, f, kind, &facts->functions[i])) {
            enum status status = prepare(&facts->functions[i], &states[--count]);
            result = result != STATUS_OK ? result : status;
        }
    }
    return result;
}

/* Top-down: what is behind a bridge is reachable only after the bridge was restored. */
static enum status finish_all(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                              const struct pci_state *states)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < facts->count; i++) {
        if (is_affected(facts, f, kind, &facts->functions[i])) {
            enum status status = finish(&facts->functions[i], states++);
            result = result != STATUS_OK ? result : status;
        }
    }
    return result;
}

/* Whatever failed: what can be restored is. A function that did not answer before has nothing to restore, and is not
 * reset; a bus is not when one behind it does not answer, for nobody could tell what the reset did to it. */
enum status pci_reset(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                      const struct arena *scratch)
{
    if (!pci_reset_possible(f, kind)) {
        return STATUS_UNSUPPORTED;
    }
    struct arena work = *scratch;
    size_t count = count_affected(facts, f, kind);
    struct pci_state *states = arena_array(&work, count, sizeof(*states));
    if (states == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status ready = prepare_all(facts, f, kind, states, count);
    enum status status =
        ready == STATUS_OK ? tell(f, "does not change its power state", perform(facts, f, kind)) : ready;
    enum status finished = finish_all(facts, f, kind, states);
    return status != STATUS_OK ? status : finished;
}
