/* SPDX-License-Identifier: GPL-2.0-only
 * VMD domains reset (PCIe 6.0 6.6.1; Linux, drivers/pci/controller/vmd.c, for the order of windows). */
#include "drivers/vmd_reset.h"

#include "drivers/pci_quiesce.h"
#include "drivers/pci_ready.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"

#define PENDING_US UINT64_C(100000)   /* PCIe 6.0 6.6.2: software may give up waiting for completions */
#define ASSERT_US UINT64_C(2000)      /* PCI 3.0 4.3.2: reset lasts 1 ms at least */
#define SETTLE_US UINT64_C(100000)    /* PCIe 6.0 6.6.1: no configuration access for 100 ms */
#define POWER_US UINT64_C(10000)      /* PCI PM 1.2 5.4.1: from D3hot to D0 */
#define BUS_BITS UINT32_C(0x00ffff00) /* secondary and subordinate: what routes */

static bool is_child(const struct vmd_domain *d, const struct pci_function *f)
{
    return f->is_vmd_child && f->vmd == d->endpoint && sbdf_segment(f->at) == d->segment;
}

static bool is_bridge(const struct vmd_domain *d, const struct pci_function *f)
{
    return is_child(d, f) && f->header == 1;
}

static bool is_root_port(const struct vmd_domain *d, const struct pci_function *f)
{
    return is_bridge(d, f) && sbdf_bus(f->at) == d->first_bus;
}

static enum status fail(const struct pci_function *f, const char *what, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    log_error("vmd: %s: %s: %s", sbdf_text(f->at, text), what, status_text(status));
    return status;
}

/* --- the endpoint */

static enum status stop_endpoint(const struct pci_facts *facts, const struct pci_function *endpoint)
{
    pci_bus_master_set(facts, endpoint, false);
    struct deadline deadline = deadline_in_us(PENDING_US);
    while (pci_transactions_pending(endpoint)) {
        if (deadline_passed(deadline)) {
            return fail(endpoint, "requests do not end", STATUS_TIMEOUT);
        }
        cpu_pause();
    }
    return STATUS_OK;
}

/* CFGBAR is memory of the endpoint's. */
static void open_config(const struct pci_function *endpoint)
{
    uint16_t command = pci_config_read16(endpoint->at, PCI_COMMAND);
    if ((command & PCI_COMMAND_MEMORY) == 0) {
        pci_config_write16(endpoint->at, PCI_COMMAND, (uint16_t)(command | PCI_COMMAND_MEMORY));
    }
}

static enum status stop_bypass(const struct pci_function *endpoint)
{
    uint16_t config = pci_config_read16(endpoint->at, VMD_CONFIG);
    if ((config & VMD_CONFIG_BYPASS) != 0) {
        pci_config_write16(endpoint->at, VMD_CONFIG, (uint16_t)(config & ~VMD_CONFIG_BYPASS));
        config = pci_config_read16(endpoint->at, VMD_CONFIG);
    }
    return (config & VMD_CONFIG_BYPASS) == 0
               ? STATUS_OK
               : fail(endpoint, "its children's messages cannot be stopped from passing it by", STATUS_HARDWARE);
}

/* --- root ports: no reset below reaches what their last user left in them */

/* Asleep, a port forwards nothing; on its way to D0 it may lose all that it held. */
static bool wake(const struct pci_function *port)
{
    uint16_t at = (uint16_t)(port->cap.pm + PCI_PM_CONTROL);
    uint16_t control = port->cap.pm != 0 ? pci_config_read16(port->at, at) : 0;
    if ((control & PCI_PM_STATE) != 0) {
        pci_config_write16(port->at, at, (uint16_t)(control & ~(PCI_PM_STATE | PCI_PM_PME_STATUS)));
    }
    return (control & PCI_PM_STATE) != 0;
}

static bool is_awake(const struct pci_function *port)
{
    uint16_t at = (uint16_t)(port->cap.pm + PCI_PM_CONTROL);
    return port->cap.pm == 0 || (pci_config_read16(port->at, at) & PCI_PM_STATE) == 0;
}

static void enable_link(const struct pci_function *port)
{
    uint16_t at = (uint16_t)(port->cap.express + PCI_EXP_LNKCTL);
    uint16_t control = port->cap.express != 0 ? pci_config_read16(port->at, at) : 0;
    if ((control & PCI_LNKCTL_DISABLE) != 0) {
        pci_config_write16(port->at, at, (uint16_t)(control & ~PCI_LNKCTL_DISABLE));
    }
}

/* A guest may reset a disk and ask for its registers at once. Unless a disk's wish for more time is shown to whoever
 * reads its vendor (which guest/vmd_child.c does first), the port asks it again and again, and holds up the CPU that
 * reads, and all that wait for the lock of configuration space. */
static void show_retries(const struct pci_function *port)
{
    uint16_t cap = port->cap.express;
    bool root = port->express == PCI_EXPRESS_ROOT_PORT && cap != 0;
    if (!root || (pci_config_read16(port->at, (uint16_t)(cap + PCI_EXP_ROOTCAP)) & PCI_ROOTCAP_RETRY) == 0) {
        return;
    }
    uint16_t control = pci_config_read16(port->at, (uint16_t)(cap + PCI_EXP_ROOTCTL));
    pci_config_write16(port->at, (uint16_t)(cap + PCI_EXP_ROOTCTL), (uint16_t)(control | PCI_ROOTCTL_RETRY));
}

/* In D0, with their links on, and without messages of their own. */
static enum status wake_ports(const struct pci_facts *facts, const struct vmd_domain *d)
{
    enum status result = STATUS_OK;
    bool slept = false;
    for (size_t i = 0; i < facts->count; i++) {
        slept = (is_root_port(d, &facts->functions[i]) && wake(&facts->functions[i])) || slept;
    }
    if (slept) {
        time_wait_us(POWER_US);
    }
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (!is_root_port(d, f)) {
            continue;
        }
        if (!is_awake(f)) {
            result = fail(f, "does not wake up", STATUS_HARDWARE);
        }
        enable_link(f);
        show_retries(f);
        (void)pci_silence(f);
    }
    return result;
}

/* --- what is behind it */

static void quiet(const struct pci_function *f)
{
    pci_config_write16(f->at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    (void)pci_config_read16(f->at, PCI_COMMAND); /* posted */
}

static uint32_t numbers_of(const struct pci_function *f)
{
    return f->primary | (uint32_t)f->secondary << 8 | (uint32_t)f->subordinate << 16;
}

/* All root ports forward nothing before the first one forwards again, so that no two claim the same bus. */
static void close_buses(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_root_port(d, f)) {
            quiet(f);
            pci_config_write32(f->at, PCI_BUS_NUMBERS, 0);
        }
    }
}

/* From above: what is behind a bridge is reachable only through it. Those below get theirs if they answer. */
static enum status open_buses(const struct pci_facts *facts, const struct vmd_domain *d)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (!is_bridge(d, f) || (!is_root_port(d, f) && !pci_ready(f))) {
            continue;
        }
        quiet(f);
        vmd_bridge_close(f->at);
        pci_config_write32(f->at, PCI_BUS_NUMBERS, numbers_of(f));
        bool holds = (pci_config_read32(f->at, PCI_BUS_NUMBERS) & BUS_BITS) == (numbers_of(f) & BUS_BITS);
        if (!holds || !vmd_bridge_is_closed(f->at)) {
            result = fail(f, "bus numbers or windows do not take what is written", STATUS_HARDWARE);
        }
    }
    return result;
}

static void quiet_all(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = facts->count; i-- > 0;) {
        const struct pci_function *f = &facts->functions[i];
        if (is_child(d, f) && pci_ready(f)) {
            quiet(f);
        }
    }
}

static void set_reset(const struct pci_facts *facts, const struct vmd_domain *d, bool on)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_root_port(d, f)) {
            pci_config_write16(f->at, PCI_BRIDGE_CONTROL, on ? PCI_BRIDGE_RESET : 0);
            (void)pci_config_read16(f->at, PCI_BRIDGE_CONTROL);
        }
    }
}

/* Is something known to be behind the port? A link without a partner never comes up. */
static bool has_children(const struct pci_facts *facts, const struct pci_function *port)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (pci_parent(facts, &facts->functions[i]) == port) {
            return true;
        }
    }
    return false;
}

static void reset_buses(const struct pci_facts *facts, const struct vmd_domain *d)
{
    set_reset(facts, d, true);
    time_wait_us(ASSERT_US);
    set_reset(facts, d, false);
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_root_port(d, f) && has_children(facts, f)) {
            pci_ready_wait_link(f);
        }
    }
    time_wait_us(SETTLE_US);
}

/* The bridge above did not come back: whoever is behind a switch that was pulled is not waited for, one after the
 * other. */
static bool is_cut_off(const struct pci_facts *facts, const struct pci_function *f)
{
    const struct pci_function *bridge = pci_parent(facts, f);
    return bridge != NULL && !pci_ready(bridge);
}

/* From above, so that a switch forwards before those behind it are asked; the deadline is each one's own. */
static void wait_for_disks(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        char text[SBDF_TEXT_SIZE];
        if (!is_child(d, f)) {
            continue;
        }
        if (is_cut_off(facts, f) || pci_ready_wait(f) != STATUS_OK) {
            log_warn("vmd: %s: does not answer after the reset of its bus: its guest will not find it",
                     sbdf_text(f->at, text));
        } else if (f->header == 1) {
            pci_config_write32(f->at, PCI_BUS_NUMBERS, numbers_of(f));
        }
    }
}

enum status vmd_reset_domain(const struct pci_facts *facts, const struct vmd_domain *d)
{
    const struct pci_function *endpoint = &facts->functions[d->endpoint];
    enum status status = stop_endpoint(facts, endpoint);
    if (status != STATUS_OK) {
        return status;
    }
    open_config(endpoint);
    enum status woken = wake_ports(facts, d);
    close_buses(facts, d);
    status = open_buses(facts, d);
    status = woken == STATUS_OK ? status : woken;
    quiet_all(facts, d);
    reset_buses(facts, d);
    wait_for_disks(facts, d);
    enum status closed = open_buses(facts, d);
    enum status remapped = stop_bypass(endpoint);
    status = status == STATUS_OK ? closed : status;
    return status == STATUS_OK ? remapped : status;
}

static enum status check_first_bus(const struct vmd_domain *d, const struct pci_function *endpoint)
{
    static const uint8_t first[] = {0, 128, 224};
    unsigned mode = (unsigned)bits_get(pci_config_read16(endpoint->at, VMD_CONFIG), 9, 8);
    bool same = !d->restricts || (mode < ARRAY_LENGTH(first) && first[mode] == d->first_bus);
    return same ? STATUS_OK : fail(endpoint, "its buses start elsewhere after its reset", STATUS_HARDWARE);
}

enum status vmd_reset_restore(const struct pci_facts *facts, const struct vmd_domain *d)
{
    const struct pci_function *endpoint = &facts->functions[d->endpoint];
    open_config(endpoint);
    enum status status = check_first_bus(d, endpoint);
    enum status remapped = stop_bypass(endpoint);
    status = status == STATUS_OK ? remapped : status;
    if (status != STATUS_OK) {
        return status;
    }
    close_buses(facts, d);
    status = open_buses(facts, d);
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_child(d, f) && pci_ready(f)) {
            pci_escalation_mask(facts, f);
        }
        if (is_root_port(d, f)) {
            show_retries(f);
        }
    }
    return status;
}
