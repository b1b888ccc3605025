/* SPDX-License-Identifier: GPL-2.0-only
 * Bridges behind a VMD endpoint (PCIe 6.0 6.6.1). */
#include "drivers/vmd_reset_ports.h"

#include "drivers/pci_quiesce.h"
#include "drivers/pci_ready.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "kernel/core/log.h"

#define BUS_BITS UINT32_C(0x00ffff00) /* secondary and subordinate: what routes */

bool vmd_reset_ports_child(const struct vmd_domain *d, const struct pci_function *f)
{
    return f->is_vmd_child && f->vmd == d->endpoint && sbdf_segment(f->at) == d->segment;
}

static bool is_bridge(const struct vmd_domain *d, const struct pci_function *f)
{
    return vmd_reset_ports_child(d, f) && f->header == 1;
}

static bool is_first(const struct vmd_domain *d, const struct pci_function *f)
{
    return vmd_reset_ports_child(d, f) && sbdf_bus(f->at) == d->first_bus;
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

bool vmd_reset_ports_wake(const struct pci_facts *facts, const struct vmd_domain *d)
{
    bool slept = false;
    for (size_t i = 0; i < facts->count; i++) {
        slept = (is_first(d, &facts->functions[i]) && wake(&facts->functions[i])) || slept;
    }
    return slept;
}

enum status vmd_reset_ports_ready(const struct pci_facts *facts, const struct vmd_domain *d)
{
    enum status result = STATUS_OK;
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

uint32_t vmd_reset_ports_numbers(const struct pci_function *f)
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
enum status vmd_reset_ports_close(const struct pci_facts *facts, const struct vmd_domain *d)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (!is_bridge(d, f) || (!is_root_port(d, f) && !pci_ready(f))) {
            continue;
        }
        quiet(f);
        vmd_bridge_close(f->at);
        pci_config_write32(f->at, PCI_BUS_NUMBERS, vmd_reset_ports_numbers(f));
        bool holds = (pci_config_read32(f->at, PCI_BUS_NUMBERS) & BUS_BITS) == (vmd_reset_ports_numbers(f) & BUS_BITS);
        if (!holds || !vmd_bridge_is_closed(f->at)) {
            result = fail(f, "bus numbers or windows do not take what is written", STATUS_HARDWARE);
        }
    }
    return result;
}

enum status vmd_reset_ports_number(const struct pci_facts *facts, const struct vmd_domain *d)
{
    close_buses(facts, d);
    return vmd_reset_ports_close(facts, d);
}

void vmd_reset_ports_quiet(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = facts->count; i-- > 0;) {
        const struct pci_function *f = &facts->functions[i];
        if (vmd_reset_ports_child(d, f) && pci_ready(f)) {
            quiet(f);
            (void)pci_silence(f);
        }
    }
}

void vmd_reset_ports_hold(const struct pci_facts *facts, const struct vmd_domain *d, bool on)
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

bool vmd_reset_ports_links(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_root_port(d, f) && has_children(facts, f) && !pci_ready_link(f)) {
            return false;
        }
    }
    return true;
}

void vmd_reset_ports_show_retries(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (is_root_port(d, &facts->functions[i])) {
            show_retries(&facts->functions[i]);
        }
    }
}
