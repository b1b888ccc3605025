/* SPDX-License-Identifier: GPL-2.0-only
 * The registers of SR-IOV, in the order that the specification asks for. */
#include "drivers/sriov_enable.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_ready.h"
#include "drivers/pci_regs.h"
#include "drivers/sriov_diag.h"
#include "drivers/sriov_room.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"

#define GONE_US UINT64_C(1000000) /* PCIe 6.0 9.3.3.3.1: VFs may answer for so long after VF Enable was cleared */
#define CONTROL_ON (PCI_SRIOV_VFE | PCI_SRIOV_MSE)

static uint16_t control_of(struct sbdf at, uint16_t cap)
{
    return pci_config_read16(at, (uint16_t)(cap + PCI_SRIOV_CONTROL));
}

static void set_control(struct sbdf at, uint16_t cap, unsigned value)
{
    pci_config_write16(at, (uint16_t)(cap + PCI_SRIOV_CONTROL), (uint16_t)value);
}

/* Was anything on? */
static bool switch_off(struct sbdf at, uint16_t cap)
{
    uint16_t control = control_of(at, cap);
    if (control == UINT16_MAX || (control & CONTROL_ON) == 0) {
        return false;
    }
    set_control(at, cap, control & ~(unsigned)CONTROL_ON);
    if ((control & PCI_SRIOV_VFE) != 0) {
        time_wait_us(GONE_US);
    }
    return (control & PCI_SRIOV_VFE) != 0;
}

void sriov_stop(const struct sriov *s)
{
    (void)switch_off(s->at, s->cap);
}

void sriov_stop_all(const struct pci_facts *pci, struct diag_list *diag)
{
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        char where[SBDF_TEXT_SIZE];
        if (f->is_vf || f->cap.sriov == 0 || !switch_off(f->at, f->cap.sriov)) {
            continue;
        }
        diag_add(diag, SRIOV_DIAG_LEFT_ON, DIAG_NOTE, sbdf_text(f->at, where), "",
                 "firmware left %u virtual functions on: they were switched off",
                 pci_config_read16(f->at, (uint16_t)(f->cap.sriov + PCI_SRIOV_NUM)));
    }
}

static enum status refuse_register(const struct sriov *s, const char *name, uint64_t wrote, uint64_t read,
                                   struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, SRIOV_DIAG_REGISTER, DIAG_ERROR, sbdf_text(s->at, where), "remove vfs; update the device's firmware",
             "the SR-IOV register %s does not keep what is written: 0x%llx became 0x%llx", name,
             (unsigned long long)wrote, (unsigned long long)read);
    return STATUS_HARDWARE;
}

static bool write16(const struct sriov *s, unsigned offset, uint16_t value)
{
    uint16_t at = (uint16_t)(s->cap + offset);
    pci_config_write16(s->at, at, value);
    return pci_config_read16(s->at, at) == value;
}

static bool write32(const struct sriov *s, unsigned offset, uint32_t value, uint32_t mask)
{
    uint16_t at = (uint16_t)(s->cap + offset);
    pci_config_write32(s->at, at, value);
    return (pci_config_read32(s->at, at) & mask) == (value & mask);
}

/* The port above first. One that does not keep the bit forwards nothing beyond function 7: ids are checked for that. */
static bool forward_ari(const struct pci_facts *pci, const struct pci_function *f)
{
    const struct pci_function *port = pci_parent(pci, f);
    if (port == NULL || port->cap.express == 0) {
        return false;
    }
    uint16_t at = (uint16_t)(port->cap.express + PCI_EXP_DEVCTL2);
    pci_config_write16(port->at, at, (uint16_t)(pci_config_read16(port->at, at) | PCI_DEVCTL2_ARI));
    return (pci_config_read16(port->at, at) & PCI_DEVCTL2_ARI) != 0;
}

static bool is_told_ari(const struct sriov *s)
{
    uint16_t control = control_of(s->ari_at, s->ari_cap);
    return control != UINT16_MAX && (control & PCI_SRIOV_ARI) != 0;
}

/* Then the device, by its first PF. It may refuse while VFs of another PF are on, which were enabled with the bit as it
 * is. */
static bool tell_ari(const struct sriov *s)
{
    uint16_t control = control_of(s->ari_at, s->ari_cap);
    uint16_t wanted = (uint16_t)(s->ari ? control | PCI_SRIOV_ARI : control & ~PCI_SRIOV_ARI);
    if (control != wanted && control != UINT16_MAX && (control & PCI_SRIOV_VFE) == 0) {
        set_control(s->ari_at, s->ari_cap, wanted);
    }
    return is_told_ari(s);
}

static enum status size_bars(struct sriov *s, struct diag_list *diag)
{
    uint32_t values[PCI_BARS], masks[PCI_BARS];
    for (unsigned i = 0; i < PCI_BARS; i++) {
        uint16_t at = (uint16_t)(s->cap + PCI_SRIOV_BAR0 + 4 * i);
        values[i] = pci_config_read32(s->at, at);
        pci_config_write32(s->at, at, UINT32_MAX);
        masks[i] = pci_config_read32(s->at, at);
        pci_config_write32(s->at, at, values[i]);
    }
    return sriov_plan_bars(s, values, masks, diag);
}

static bool write_bar(const struct sriov *s, unsigned i)
{
    const struct pci_bar *bar = &s->bars[i];
    unsigned at = PCI_SRIOV_BAR0 + 4 * i;
    if (bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64) {
        return true;
    }
    bool low = write32(s, at, (uint32_t)bar->address, ~UINT32_C(0xf));
    bool high = bar->kind != PCI_BAR_MEM64 || write32(s, at + 4, (uint32_t)(bar->address >> 32), UINT32_MAX);
    return low && high;
}

static enum status write_bars(const struct sriov *s, struct diag_list *diag)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (!write_bar(s, i)) {
            uint32_t read = pci_config_read32(s->at, (uint16_t)(s->cap + PCI_SRIOV_BAR0 + 4 * i));
            return refuse_register(s, "VF BAR", s->bars[i].address, read, diag);
        }
    }
    return STATUS_OK;
}

static enum status write_page(const struct sriov *s, struct diag_list *diag)
{
    return write32(s, PCI_SRIOV_PAGE, s->page, UINT32_MAX)
               ? STATUS_OK
               : refuse_register(s, "System Page Size", s->page,
                                 pci_config_read32(s->at, (uint16_t)(s->cap + PCI_SRIOV_PAGE)), diag);
}

static enum status write_num(const struct sriov *s, struct diag_list *diag)
{
    return write16(s, PCI_SRIOV_NUM, s->num)
               ? STATUS_OK
               : refuse_register(s, "NumVFs", s->num, pci_config_read16(s->at, (uint16_t)(s->cap + PCI_SRIOV_NUM)),
                                 diag);
}

static void read_ids(const struct sriov *s, uint16_t *offset, uint16_t *stride)
{
    *offset = pci_config_read16(s->at, (uint16_t)(s->cap + PCI_SRIOV_OFFSET));
    *stride = pci_config_read16(s->at, (uint16_t)(s->cap + PCI_SRIOV_STRIDE));
}

bool sriov_ids_hold(const struct sriov *s)
{
    uint16_t offset = 0, stride = 0;
    read_ids(s, &offset, &stride);
    return is_told_ari(s) == s->ari && offset == s->offset && stride == s->stride;
}

static enum status refuse_silent(const struct sriov *s, struct sbdf vf, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    diag_add(diag, SRIOV_DIAG_SILENT, DIAG_ERROR, sbdf_text(s->at, where),
             "remove vfs or write a smaller number; update the firmware",
             "its VF %s does not answer after the VFs were switched on", sbdf_text(vf, text));
    return STATUS_TIMEOUT;
}

static void begin_on(const struct sriov *s)
{
    set_control(s->at, s->cap, control_of(s->at, s->cap) | (unsigned)CONTROL_ON);
}

/* SRIOV_READY_US later: on, and all of them there. Their registers are as after a reset: bus mastering is off, and is
 * cleared all the same. */
static enum status end_on(const struct sriov *s, struct diag_list *diag)
{
    uint16_t now = control_of(s->at, s->cap);
    if (now == UINT16_MAX || (now & CONTROL_ON) != CONTROL_ON) {
        return refuse_register(s, "control", CONTROL_ON, now, diag);
    }
    for (unsigned i = 0; i < s->num; i++) {
        const struct pci_function vf = {.at = sriov_vf(s, i), .is_vf = true};
        if (pci_ready_wait(&vf) != STATUS_OK) {
            return refuse_silent(s, vf.at, diag);
        }
        uint16_t command = pci_config_read16(vf.at, PCI_COMMAND);
        pci_config_write16(vf.at, PCI_COMMAND, (uint16_t)(command & ~PCI_COMMAND_BUS_MASTER));
    }
    return STATUS_OK;
}

static enum status switch_on(const struct sriov *s, struct diag_list *diag)
{
    begin_on(s);
    time_wait_us(SRIOV_READY_US);
    return end_on(s, diag);
}

/* Everything before VF Enable. */
static enum status prepare(const struct sriov_place *place, struct sriov *s, unsigned num, struct diag_list *diag)
{
    enum status status = sriov_plan_count(place, s, num, diag);
    if (status != STATUS_OK) {
        return status;
    }
    s->ari = s->ari && forward_ari(place->pci, &place->pci->functions[s->pf]);
    s->ari = tell_ari(s) && s->ari;
    status = write_page(s, diag);
    status = status == STATUS_OK ? size_bars(s, diag) : status;
    status = status == STATUS_OK ? sriov_room_find(place, s, diag) : status;
    status = status == STATUS_OK ? write_bars(s, diag) : status;
    status = status == STATUS_OK ? write_num(s, diag) : status;
    if (status != STATUS_OK) {
        return status;
    }
    read_ids(s, &s->offset, &s->stride);
    return sriov_plan_ids(place, s, diag);
}

enum status sriov_enable(const struct sriov_place *place, uint32_t function, unsigned num, struct sriov *out,
                         struct diag_list *diag)
{
    const struct pci_function *f = &place->pci->functions[function];
    struct pci_reader reader = pci_reader_live(&f->at);
    enum status status = sriov_read(&reader, place->pci, function, out);
    if (status != STATUS_OK) {
        return status;
    }
    (void)switch_off(f->at, out->cap);
    status = prepare(place, out, num, diag);
    status = status == STATUS_OK ? switch_on(out, diag) : status;
    if (status != STATUS_OK) {
        (void)switch_off(f->at, out->cap);
        pci_config_write16(f->at, (uint16_t)(out->cap + PCI_SRIOV_NUM), 0);
        return status;
    }
    out->enabled = true;
    return STATUS_OK;
}

/* The diagnostics of a restart go to the log: there is no list any more. */
static void tell(const struct diag_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        log_error("sriov: %s: %s; fix: %s", list->items[i].where, list->items[i].what, list->items[i].fix);
    }
}

static enum status restore(const struct sriov *s, struct diag_list *diag)
{
    uint16_t offset = 0, stride = 0;
    bool ari = s->ari_cap != 0 && tell_ari(s);
    enum status status = write_page(s, diag);
    status = status == STATUS_OK ? write_bars(s, diag) : status;
    status = status == STATUS_OK ? write_num(s, diag) : status;
    if (status != STATUS_OK) {
        return status;
    }
    read_ids(s, &offset, &stride);
    if (ari != s->ari) {
        return refuse_register(s, "control (ARI)", s->ari, ari, diag);
    }
    if (offset != s->offset || stride != s->stride) {
        return refuse_register(s, "First VF Offset and VF Stride", (uint32_t)s->offset << 16 | s->stride,
                               (uint32_t)offset << 16 | stride, diag);
    }
    begin_on(s);
    return STATUS_OK;
}

static enum status off_unless(const struct sriov *s, enum status status, const struct diag_list *diags)
{
    if (status != STATUS_OK) {
        (void)switch_off(s->at, s->cap);
        tell(diags);
    }
    return status;
}

enum status sriov_restore_begin(const struct sriov *s)
{
    struct diag items[2];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    (void)switch_off(s->at, s->cap);
    return off_unless(s, restore(s, &diags), &diags);
}

enum status sriov_restore_end(const struct sriov *s)
{
    struct diag items[2];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    return off_unless(s, end_on(s, &diags), &diags);
}
