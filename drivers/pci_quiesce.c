/* SPDX-License-Identifier: GPL-2.0-only
 * Bus mastering, interrupts and address translation services off (PCI 3.0 6.2.2, PCIe 6.0 7.5.1, 10.5). */
#include "drivers/pci_quiesce.h"

#include "drivers/device_rules.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"
#include "drivers/usb_handoff.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"

#define CLASS_HOST_BRIDGE 0x0600

/* What the panic hook works on. */
static struct {
    const struct pci_facts *facts;
} quiesce;

static void clear16(struct sbdf at, uint16_t offset, uint16_t bits)
{
    uint16_t value = pci_config_read16(at, offset);
    if (value != UINT16_MAX && (value & bits) != 0) {
        pci_config_write16(at, offset, (uint16_t)(value & ~bits));
    }
}

static void set16(struct sbdf at, uint16_t offset, uint16_t bits)
{
    uint16_t value = pci_config_read16(at, offset);
    if (value != UINT16_MAX && (value & bits) != bits) {
        pci_config_write16(at, offset, (uint16_t)(value | bits));
    }
}

static bool is_above(const struct pci_facts *facts, const struct pci_function *bridge, const struct pci_function *f)
{
    for (const struct pci_function *p = pci_parent(facts, f); p != NULL; p = pci_parent(facts, p)) {
        if (p == bridge) {
            return true;
        }
    }
    return false;
}

static bool is_kept(const struct pci_facts *facts, const struct pci_function *f, const struct sbdf *keep, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct pci_function *k = pci_find(facts, keep[i]);
        if (k != NULL && (k == f || is_above(facts, f, k) || is_above(facts, k, f))) {
            return true;
        }
    }
    return false;
}

void pci_intx_set(const struct pci_function *f, bool on)
{
    if (on) {
        clear16(f->at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    } else {
        set16(f->at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    }
}

/* Is a control bit of a present capability still set? */
static bool still_set(const struct pci_function *f, uint16_t cap, unsigned reg, uint16_t bit)
{
    if (cap == 0) {
        return false;
    }
    uint16_t value = pci_config_read16(f->at, (uint16_t)(cap + reg));
    return value != UINT16_MAX && (value & bit) != 0;
}

static bool serves_translations(const struct pci_function *f)
{
    return still_set(f, f->cap.ats, PCI_ATS_CONTROL, PCI_ATS_ENABLE) ||
           still_set(f, f->cap.pri, PCI_PRI_CONTROL, PCI_PRI_ENABLE) ||
           still_set(f, f->cap.pasid, PCI_PASID_CONTROL, PCI_PASID_ENABLE);
}

bool pci_silence(const struct pci_function *f)
{
    /* INTx first: a function whose MSI goes off falls back to it. */
    pci_intx_set(f, false);
    if (f->cap.msi != 0) {
        clear16(f->at, f->cap.msi + PCI_MSI_CONTROL, PCI_MSI_ENABLE);
    }
    if (f->cap.msix != 0) {
        clear16(f->at, f->cap.msix + PCI_MSIX_CONTROL, PCI_MSIX_ENABLE);
    }
    /* PASID must not change while ATS is on (PCIe 6.0 10.5.2.3), and page requests need ATS: so in this order. */
    if (f->cap.pri != 0) {
        clear16(f->at, f->cap.pri + PCI_PRI_CONTROL, PCI_PRI_ENABLE);
    }
    if (f->cap.ats != 0) {
        clear16(f->at, f->cap.ats + PCI_ATS_CONTROL, PCI_ATS_ENABLE);
    }
    if (f->cap.pasid != 0) {
        clear16(f->at, f->cap.pasid + PCI_PASID_CONTROL, PCI_PASID_ENABLE);
    }
    return !serves_translations(f);
}

static void verify(const struct pci_function *f, bool kept, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    sbdf_text(f->at, where);
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    if (!kept && command != UINT16_MAX && (command & PCI_COMMAND_BUS_MASTER) != 0) {
        diag_add(diag, PCI_DIAG_BUS_MASTER, DIAG_WARNING, where, "",
                 "bus mastering cannot be switched off; only DMA remapping stops this function");
    }
    if (serves_translations(f)) {
        diag_add(diag, PCI_DIAG_ATS, DIAG_WARNING, where, "", "ATS, PRI or PASID cannot be switched off");
    }
}

/* Nothing else holds DMA back yet: what does not come to an end in time is cut off, whatever rule says not to. */
static void let_finish(const struct pci_function *f)
{
    struct deadline deadline = deadline_in_us(PCI_PENDING_US);
    while (device_rules_has(f, DEVICE_RULE_KEEP_MASTER) && pci_transactions_pending(f) && !deadline_passed(deadline)) {
        cpu_pause();
    }
}

static void quiet(const struct pci_function *f, bool kept, struct diag_list *diag)
{
    if (!kept) {
        let_finish(f);
        clear16(f->at, PCI_COMMAND, PCI_COMMAND_BUS_MASTER);
    }
    (void)pci_silence(f);
    verify(f, kept, diag);
}

bool pci_transactions_pending(const struct pci_function *f)
{
    if (f->cap.express != 0) {
        uint16_t state = pci_config_read16(f->at, f->cap.express + PCI_EXP_DEVSTA);
        return state != UINT16_MAX && (state & PCI_DEVSTA_PENDING) != 0;
    }
    if (f->has_af_flr) {
        uint8_t state = pci_config_read8(f->at, f->cap.af + PCI_AF_STATUS);
        return state != UINT8_MAX && (state & PCI_AF_PENDING) != 0;
    }
    return false;
}

static void wait_pending(const struct pci_function *f, struct deadline deadline, struct diag_list *diag)
{
    while (pci_transactions_pending(f)) {
        if (deadline_passed(deadline)) {
            char where[SBDF_TEXT_SIZE];
            diag_add(diag, PCI_DIAG_PENDING, DIAG_WARNING, sbdf_text(f->at, where), "",
                     "transactions stay pending 100 ms after bus mastering was switched off");
            return;
        }
        cpu_pause();
    }
}

static void take_usb(const struct pci_facts *facts, struct diag_list *diag)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (!usb_handoff_applies(f)) {
            continue;
        }
        /* Forced and absent hand-offs end the same way: bus mastering goes off next. */
        enum status status = usb_handoff(f, diag);
        (void)status;
    }
}

void pci_quiesce_all(const struct pci_facts *facts, const struct sbdf *keep, size_t keep_count, struct diag_list *diag)
{
    quiesce.facts = facts;
    take_usb(facts, diag);
    for (unsigned bridges = 0; bridges < 2; bridges++) {
        /* Children have higher addresses than the bridge above: backwards is bottom-up. */
        for (size_t i = facts->count; i-- > 0;) {
            const struct pci_function *f = &facts->functions[i];
            if (f->bridge == (bridges == 1) && pci_class(f) != CLASS_HOST_BRIDGE) {
                quiet(f, is_kept(facts, f, keep, keep_count), diag);
            }
        }
    }
    struct deadline deadline = deadline_in_us(PCI_PENDING_US);
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (pci_class(f) != CLASS_HOST_BRIDGE && !is_kept(facts, f, keep, keep_count)) {
            wait_pending(f, deadline, diag);
        }
    }
}

#define DEPTH_MAX 256 /* a bridge leads to a higher bus, of 256 */

void pci_bus_master_set(const struct pci_facts *facts, const struct pci_function *f, bool on)
{
    struct sbdf own = f->at;
    if (!on && device_rules_has(f, DEVICE_RULE_KEEP_MASTER) && pci_transactions_pending(f)) {
        return;
    }
    if (!on) {
        clear16(own, PCI_COMMAND, PCI_COMMAND_BUS_MASTER);
        (void)pci_config_read16(own, PCI_COMMAND);
        return;
    }
    struct sbdf path[DEPTH_MAX] = {own};
    size_t depth = 1;
    for (f = pci_parent(facts, f); f != NULL && depth < DEPTH_MAX; f = pci_parent(facts, f)) {
        path[depth++] = f->at;
    }
    while (depth > 0) {
        set16(path[--depth], PCI_COMMAND, PCI_COMMAND_BUS_MASTER);
    }
    (void)pci_config_read16(own, PCI_COMMAND);
}

/* Without exceptions: whoever hangs by it is not used again. */
void pci_stop_bus_masters(const struct pci_facts *facts)
{
    pci_config_break_lock();
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (pci_class(f) != CLASS_HOST_BRIDGE) {
            clear16(f->at, PCI_COMMAND, PCI_COMMAND_BUS_MASTER);
        }
    }
}

void pci_stop_all_bus_masters(void)
{
    if (quiesce.facts != NULL) {
        pci_stop_bus_masters(quiesce.facts);
    }
}

static void mask_port(const struct pci_function *port)
{
    clear16(port->at, PCI_COMMAND, PCI_COMMAND_SERR);
    clear16(port->at, PCI_BRIDGE_CONTROL, PCI_BRIDGE_SERR);
    if (port->express == PCI_EXPRESS_ROOT_PORT) {
        clear16(port->at, port->cap.express + PCI_EXP_ROOTCTL, PCI_ROOTCTL_SYSTEM_ERRORS);
    }
    if (port->express == PCI_EXPRESS_ROOT_PORT && port->cap.aer != 0) {
        pci_config_write32(port->at, port->cap.aer + PCI_AER_ROOT_COMMAND, 0);
    }
}

static void mask_function(const struct pci_function *f)
{
    uint32_t rule = device_rules_of_function(f)->aer_mask;
    clear16(f->at, PCI_COMMAND, PCI_COMMAND_SERR);
    if (f->cap.express != 0) {
        clear16(f->at, f->cap.express + PCI_EXP_DEVCTL, PCI_DEVCTL_ERRORS);
    }
    if (f->cap.aer != 0 && rule != 0) {
        uint16_t at = f->cap.aer + PCI_AER_UNCORRECTABLE_MASK;
        uint32_t mask = pci_config_read32(f->at, at);
        if (mask != UINT32_MAX && (mask & rule) != rule) {
            pci_config_write32(f->at, at, mask | rule);
        }
    }
}

void pci_escalation_mask(const struct pci_facts *facts, const struct pci_function *f)
{
    mask_function(f);
    if (f->is_vf && f->pf < facts->count) {
        mask_function(&facts->functions[f->pf]);
    }
    for (const struct pci_function *p = pci_parent(facts, f); p != NULL; p = pci_parent(facts, p)) {
        if (p->cap.express != 0) {
            clear16(p->at, p->cap.express + PCI_EXP_DEVCTL, PCI_DEVCTL_ERRORS);
        }
        mask_port(p);
    }
}
