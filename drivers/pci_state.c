/* SPDX-License-Identifier: GPL-2.0-only
 * The writable configuration that a reset loses (PCI 3.0 6.2, PCIe 6.0 7.5). */
#include "drivers/pci_state.h"

#include "drivers/pci_regs.h"
#include "kernel/core/panic.h"

static uint32_t read(const struct pci_function *f, uint16_t at, uint8_t width)
{
    return width == 2 ? pci_config_read16(f->at, at) : pci_config_read32(f->at, at);
}

static void save(const struct pci_function *f, struct pci_state *state, unsigned offset, uint8_t width)
{
    bulkhead_assert(state->count < PCI_STATE_MAX);
    uint16_t at = (uint16_t)offset;
    state->registers[state->count++] =
        (struct pci_state_register){.offset = at, .width = width, .value = read(f, at, width)};
}

/* One that has to come back exactly. */
static void save_checked(const struct pci_function *f, struct pci_state *state, unsigned offset, uint8_t width)
{
    save(f, state, offset, width);
    state->registers[state->count - 1].checked = true;
}

static void save_header(const struct pci_function *f, struct pci_state *state)
{
    save(f, state, PCI_CACHE_LINE, 2);
    for (unsigned at = PCI_BAR0; at < 0x28; at += 4) {
        bool status_above = f->header == 1 && at == 0x1c; /* the other half is status bits that a written 1 clears */
        save(f, state, at, status_above ? 2 : 4);
        state->registers[state->count - 1].checked = f->header < 2;
    }
    if (f->header == 0) {
        save(f, state, PCI_ROM, 4);
    }
    if (f->header == 1) {
        save_checked(f, state, 0x28, 4);
        save_checked(f, state, 0x2c, 4);
        save_checked(f, state, 0x30, 4);
        save(f, state, PCI_ROM_BRIDGE, 4);
        save(f, state, PCI_BRIDGE_CONTROL, 2);
    }
    save(f, state, PCI_INTERRUPT_LINE, 2);
}

static void save_express(const struct pci_function *f, struct pci_state *state)
{
    unsigned cap = f->cap.express;
    if (cap == 0) {
        return;
    }
    save_checked(f, state, cap + PCI_EXP_DEVCTL, 2);
    save(f, state, cap + PCI_EXP_LNKCTL, 2);
    if (f->express == PCI_EXPRESS_ROOT_PORT || f->express == PCI_EXPRESS_DOWNSTREAM) {
        save(f, state, cap + PCI_EXP_SLTCTL, 2);
    }
    if (f->express == PCI_EXPRESS_ROOT_PORT) {
        save(f, state, cap + PCI_EXP_ROOTCTL, 2);
    }
    if (bits_get(pci_config_read16(f->at, (uint16_t)(cap + PCI_EXP_FLAGS)), 3, 0) >= 2) {
        save(f, state, cap + PCI_EXP_DEVCTL2, 2);
        save(f, state, cap + PCI_EXP_LNKCTL2, 2);
    }
}

static void save_interrupts(const struct pci_function *f, struct pci_state *state)
{
    if (f->cap.msi != 0) {
        uint16_t control = pci_config_read16(f->at, f->cap.msi + PCI_MSI_CONTROL);
        unsigned more = (control & PCI_MSI_64BIT) != 0 ? 4 : 0;
        save(f, state, f->cap.msi + PCI_MSI_ADDRESS, 4);
        if (more != 0) {
            save(f, state, f->cap.msi + PCI_MSI_ADDRESS_HIGH, 4);
        }
        save(f, state, f->cap.msi + PCI_MSI_DATA + more, 2);
        if ((control & PCI_MSI_MASKING) != 0) {
            save(f, state, f->cap.msi + PCI_MSI_MASK + more, 4);
        }
        save_checked(f, state, f->cap.msi + PCI_MSI_CONTROL, 2);
    }
    if (f->cap.msix != 0) {
        save_checked(f, state, f->cap.msix + PCI_MSIX_CONTROL, 2);
    }
}

static void save_extended(const struct pci_function *f, struct pci_state *state)
{
    if (f->cap.aer != 0) {
        save(f, state, f->cap.aer + PCI_AER_UNCORRECTABLE_MASK, 4);
        save(f, state, f->cap.aer + PCI_AER_UNCORRECTABLE_SEVERITY, 4);
        save(f, state, f->cap.aer + PCI_AER_CORRECTABLE_MASK, 4);
    }
    if (f->cap.acs != 0) {
        save_checked(f, state, f->cap.acs + PCI_ACS_CONTROL, 2);
    }
}

/* --- ARI Capable Hierarchy, in a device's lowest-numbered PF: from it come the requester ids of all its PFs' VFs,
 * which may be on while this one is reset (PCIe 6.0 9.3.3.3.5). In other PFs it is always 0. */

static uint16_t sriov_control(const struct pci_function *f)
{
    return f->cap.sriov == 0 ? 0 : pci_config_read16(f->at, (uint16_t)(f->cap.sriov + PCI_SRIOV_CONTROL));
}

static bool has_ari(const struct pci_function *f)
{
    uint16_t control = sriov_control(f);
    return control != UINT16_MAX && (control & PCI_SRIOV_ARI) != 0;
}

/* Not while its own VFs are on, whose ids would change: then it was no reset. */
static void restore_ari(const struct pci_function *f, const struct pci_state *state)
{
    uint16_t control = sriov_control(f);
    if (state->ari && (control & (PCI_SRIOV_ARI | PCI_SRIOV_VFE)) == 0) {
        pci_config_write16(f->at, (uint16_t)(f->cap.sriov + PCI_SRIOV_CONTROL), (uint16_t)(control | PCI_SRIOV_ARI));
    }
}

/* --- all of it */

void pci_state_save(const struct pci_function *f, struct pci_state *state)
{
    state->count = 0;
    state->ari = has_ari(f);
    save_header(f, state);
    save_express(f, state);
    save_interrupts(f, state);
    save_extended(f, state);
    save_checked(f, state, PCI_COMMAND, 2);
}

/* What is written back. */
static uint32_t wanted(const struct pci_function *f, const struct pci_state_register *r)
{
    bool closes = r->offset == PCI_COMMAND && !f->bridge;
    return closes ? r->value & ~(uint32_t)PCI_COMMAND_BUS_MASTER : r->value;
}

void pci_state_restore(const struct pci_function *f, const struct pci_state *state)
{
    pci_config_write16(f->at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    restore_ari(f, state);
    for (size_t i = 0; i < state->count; i++) {
        const struct pci_state_register *r = &state->registers[i];
        if (r->width == 2) {
            pci_config_write16(f->at, r->offset, (uint16_t)wanted(f, r));
        } else {
            pci_config_write32(f->at, r->offset, wanted(f, r));
        }
    }
}

enum status pci_state_check(const struct pci_function *f, const struct pci_state *state, uint16_t *offset)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct pci_state_register *r = &state->registers[i];
        if (r->checked && read(f, r->offset, r->width) != wanted(f, r)) {
            *offset = r->offset;
            return STATUS_HARDWARE;
        }
    }
    if (state->ari && !has_ari(f)) {
        *offset = (uint16_t)(f->cap.sriov + PCI_SRIOV_CONTROL);
        return STATUS_HARDWARE;
    }
    return STATUS_OK;
}
