/* SPDX-License-Identifier: GPL-2.0-only
 * Function level, power state and secondary bus resets. */
#include "drivers/pci_reset.h"

#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_state.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"

#define PENDING_US UINT64_C(100000)    /* PCIe 6.0 6.6.2: software may give up waiting for completions */
#define FLR_US UINT64_C(100000)        /* PCIe 6.0 6.6.2: no access for 100 ms */
#define POWER_US UINT64_C(10000)       /* PCI PM 1.2 5.4.1: 10 ms into and out of D3hot */
#define BUS_ASSERT_US UINT64_C(2000)   /* PCI 3.0 4.3.2: reset lasts 1 ms at least */
#define BUS_SETTLE_US UINT64_C(100000) /* PCIe 6.0 6.6.1: no configuration access for 100 ms */
#define READY_US UINT64_C(1000000)     /* PCIe 6.0 6.6.1: configuration works within 1 s */
#define POLL_US UINT64_C(1000)
#define VENDOR_NOT_READY 0x0001 /* configuration request retry, made visible (PCIe 6.0 2.3.2) */

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
        return f->parent != PCI_NO_INDEX;
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

static enum status wait_ready(const struct pci_function *f)
{
    struct deadline deadline = deadline_in_us(READY_US);
    for (;;) {
        uint16_t vendor = pci_config_read16(f->at, PCI_VENDOR);
        if (vendor != UINT16_MAX && vendor != VENDOR_NOT_READY) {
            return STATUS_OK;
        }
        if (deadline_passed(deadline)) {
            return STATUS_TIMEOUT;
        }
        time_wait_us(POLL_US);
    }
}

static void set_power_state(const struct pci_function *f, uint16_t state)
{
    uint16_t at = f->cap.pm + PCI_PM_CONTROL;
    uint16_t control = pci_config_read16(f->at, at);
    if ((control & PCI_PM_STATE) == state) {
        return;
    }
    /* PME_Status is cleared by a written 1: leave it. */
    control = (uint16_t)(control & ~(PCI_PM_STATE | PCI_PM_PME_STATUS));
    pci_config_write16(f->at, at, (uint16_t)(control | state));
    time_wait_us(POWER_US);
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

static void do_bus(const struct pci_function *bridge)
{
    uint16_t control = pci_config_read16(bridge->at, PCI_BRIDGE_CONTROL);
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, control | PCI_BRIDGE_RESET);
    time_wait_us(BUS_ASSERT_US);
    pci_config_write16(bridge->at, PCI_BRIDGE_CONTROL, (uint16_t)(control & ~PCI_BRIDGE_RESET));
    time_wait_us(BUS_SETTLE_US);
}

static void perform(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind)
{
    switch (kind) {
    case PCI_RESET_FLR:
        do_flr(f);
        break;
    case PCI_RESET_AF:
        do_af(f);
        break;
    case PCI_RESET_D3:
        set_power_state(f, PCI_PM_D3HOT);
        set_power_state(f, 0);
        break;
    case PCI_RESET_BUS:
        do_bus(pci_parent(facts, f));
        break;
    case PCI_RESET_NONE:
        break;
    }
}

static bool is_affected(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                        const struct pci_function *other)
{
    return other == f || (kind == PCI_RESET_BUS && is_behind(facts, other, pci_parent(facts, f)));
}

/* A function in D3hot answers no memory cycles and may ignore an FLR: wake it first. */
static void prepare(const struct pci_function *f, struct pci_state *state)
{
    if (f->cap.pm != 0) {
        set_power_state(f, 0);
    }
    pci_state_save(f, state);
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    pci_config_write16(f->at, PCI_COMMAND, (uint16_t)((command & ~PCI_COMMAND_BUS_MASTER) | PCI_COMMAND_INTX_OFF));
    wait_idle(f);
}

static enum status finish(const struct pci_function *f, const struct pci_state *state)
{
    enum status status = wait_ready(f);
    if (status != STATUS_OK) {
        return status;
    }
    if (f->cap.pm != 0) {
        set_power_state(f, 0);
    }
    pci_state_restore(f, state);
    return STATUS_OK;
}

enum status pci_reset(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                      const struct arena *scratch)
{
    if (!pci_reset_possible(f, kind)) {
        return STATUS_UNSUPPORTED;
    }
    struct arena work = *scratch;
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        count += is_affected(facts, f, kind, &facts->functions[i]);
    }
    struct pci_state *states = arena_array(&work, count, sizeof(*states));
    if (states == NULL) {
        return STATUS_NO_MEMORY;
    }
    /* Bottom-up, so that no bridge is closed over requests of those behind it. */
    size_t slot = count;
    for (size_t i = facts->count; i-- > 0;) {
        if (is_affected(facts, f, kind, &facts->functions[i])) {
            prepare(&facts->functions[i], &states[--slot]);
        }
    }
    perform(facts, f, kind);
    /* Top-down: what is behind a bridge is reachable only after the bridge was restored. */
    enum status result = STATUS_OK;
    for (size_t i = 0; i < facts->count; i++) {
        if (is_affected(facts, f, kind, &facts->functions[i])) {
            enum status status = finish(&facts->functions[i], &states[slot++]);
            result = result != STATUS_OK ? result : status;
        }
    }
    return result;
}
