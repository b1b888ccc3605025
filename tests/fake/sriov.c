/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended SR-IOV capability. */
#include "tests/fake/sriov.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci.h"
#include "drivers/pci_regs.h"
#include "kernel/core/time.h"

#define BYTES 0x40
#define UNKNOWN 0xeeee
#define GONE_NS UINT64_C(1000000000)
#define READY_NS UINT64_C(100000000)

static _Noreturn void fail(const struct fake_sriov *s, const char *what)
{
    fprintf(stderr, "fake sriov: %02x:%02x: %s\n", sbdf_bus(s->pf->at), sbdf_devfn(s->pf->at), what);
    abort();
}

static uint32_t get(const struct fake_sriov *s, unsigned at, unsigned width)
{
    return fake_pci_get(s->pf, (uint16_t)(s->cap + at), width);
}

static void set(const struct fake_sriov *s, unsigned at, unsigned width, uint32_t value)
{
    fake_pci_set(s->pf, (uint16_t)(s->cap + at), width, value);
}

static void reset_vfs(struct fake_sriov *s)
{
    for (unsigned i = 0; i < s->vf_count; i++) {
        struct fake_pci_function *vf = s->vfs[i];
        for (unsigned b = 0; b < sizeof(vf->bytes); b++) {
            vf->bytes[b] &= (uint8_t)~vf->writable[b];
        }
        vf->gone = i >= s->num;
        vf->untouchable_ns = time_now_ns() + READY_NS;
        vf->busy_until_ns = vf->untouchable_ns + s->slow_us * 1000;
    }
}

static void enable(struct fake_sriov *s, uint16_t control)
{
    if (s->num == 0 || s->num > s->total) {
        fail(s, "VF Enable with a NumVFs that cannot be");
    }
    if (get(s, PCI_SRIOV_PAGE, 4) != 1 || (control & PCI_SRIOV_MSE) == 0) {
        fail(s, "VF Enable without a page size or memory space");
    }
    if (s->off_ns != 0 && time_now_ns() < s->off_ns + GONE_NS) {
        fail(s, "VF Enable too early after VFs went off");
    }
    s->enables++;
    reset_vfs(s);
}

static void put_ids(const struct fake_sriov *s)
{
    bool ari = (s->control & PCI_SRIOV_ARI) != 0 && s->ari_offset != 0;
    set(s, PCI_SRIOV_OFFSET, 2, s->num == 0 ? UNKNOWN : ari ? s->ari_offset : s->offset);
    set(s, PCI_SRIOV_STRIDE, 2, s->num == 0 ? UNKNOWN : ari ? s->ari_stride : s->stride);
}

/* A change of anything but the enables while VFs are on. */
static void check_locked(const struct fake_sriov *s, uint16_t control)
{
    bool bars = false;
    for (unsigned i = 0; i < 6; i++) {
        bars = bars || get(s, PCI_SRIOV_BAR0 + 4 * i, 4) != s->bars[i];
    }
    if (bars || get(s, PCI_SRIOV_NUM, 2) != s->num || get(s, PCI_SRIOV_PAGE, 4) != s->page ||
        ((control ^ s->control) & PCI_SRIOV_ARI) != 0) {
        fail(s, "written while VFs are on");
    }
}

static void look(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    struct fake_sriov *s = f->context;
    (void)width;
    if (offset < s->cap || offset >= s->cap + BYTES) {
        return;
    }
    if (s->stuck_num) {
        set(s, PCI_SRIOV_NUM, 2, 0);
    }
    if (s->stuck_enable) {
        set(s, PCI_SRIOV_CONTROL, 2, get(s, PCI_SRIOV_CONTROL, 2) & ~(uint32_t)PCI_SRIOV_VFE);
    }
    uint16_t control = (uint16_t)get(s, PCI_SRIOV_CONTROL, 2);
    bool was_on = (s->control & PCI_SRIOV_VFE) != 0, is_on = (control & PCI_SRIOV_VFE) != 0;
    if (was_on) {
        check_locked(s, control);
    }
    s->num = (uint16_t)get(s, PCI_SRIOV_NUM, 2);
    if (is_on && !was_on) {
        enable(s, control);
    }
    if (was_on && !is_on) {
        s->disables++;
        s->off_ns = time_now_ns();
    }
    s->control = control;
    s->page = get(s, PCI_SRIOV_PAGE, 4);
    for (unsigned i = 0; i < 6; i++) {
        s->bars[i] = get(s, PCI_SRIOV_BAR0 + 4 * i, 4);
    }
    put_ids(s);
}

void fake_sriov_add(struct fake_sriov *s, struct fake_pci_function *pf, uint16_t total, uint16_t vf_device,
                    uint16_t offset, uint16_t stride)
{
    *s = (struct fake_sriov){
        .pf = pf, .total = total, .vf_device = vf_device, .offset = offset, .stride = stride, .vf_flr = true};
    s->cap = fake_pci_add_ext_cap(pf, PCI_EXT_SRIOV, BYTES);
    set(s, PCI_SRIOV_INITIAL, 2, total);
    set(s, PCI_SRIOV_TOTAL, 2, total);
    set(s, PCI_SRIOV_VF_DEVICE, 2, vf_device);
    set(s, PCI_SRIOV_PAGES, 4, 0x553);
    set(s, PCI_SRIOV_PAGE, 4, 1);
    fake_pci_make_writable(pf, s->cap + PCI_SRIOV_CONTROL, 2, PCI_SRIOV_VFE | PCI_SRIOV_MSE | PCI_SRIOV_ARI);
    fake_pci_make_writable(pf, s->cap + PCI_SRIOV_NUM, 2, 0xffff);
    fake_pci_make_writable(pf, s->cap + PCI_SRIOV_PAGE, 4, 0x553);
    s->page = 1;
    put_ids(s);
    pf->hook = look;
    pf->context = s;
}

void fake_sriov_add_bar(struct fake_sriov *s, unsigned index, enum fake_bar type, uint64_t address, uint64_t size)
{
    uint16_t at = (uint16_t)(s->cap + PCI_SRIOV_BAR0 + 4 * index);
    uint64_t mask = ~(size - 1) & ~UINT64_C(15);
    fake_pci_set(s->pf, at, 4, (uint32_t)address | type);
    fake_pci_make_writable(s->pf, at, 4, (uint32_t)mask);
    s->bars[index] = (uint32_t)address | type;
    if ((type & FAKE_BAR_MEM64) != 0) {
        fake_pci_set(s->pf, at + 4, 4, (uint32_t)(address >> 32));
        fake_pci_make_writable(s->pf, at + 4, 4, (uint32_t)(mask >> 32));
        s->bars[index + 1] = (uint32_t)(address >> 32);
    }
}

void fake_sriov_make_vfs(struct fake_sriov *s, unsigned count, uint16_t offset, uint16_t stride)
{
    for (unsigned i = 0; i < count && i < FAKE_SRIOV_VFS_MAX; i++) {
        uint16_t rid = (uint16_t)(sbdf_rid(s->pf->at) + offset + stride * i);
        struct sbdf at = sbdf_from_rid(sbdf_segment(s->pf->at), rid);
        uint8_t type = s->pf->bytes[PCI_HEADER_TYPE]; /* VFs do not make their PF multifunction */
        struct fake_pci_function *vf = fake_pci_add(at, 0xffff, 0xffff, fake_pci_get(s->pf, PCI_REVISION, 4) >> 8);
        s->pf->bytes[PCI_HEADER_TYPE] = type;
        vf->vf_of = s->pf;
        fake_pci_set(vf, PCI_SUBSYSTEM, 4, 0x12348086);
        fake_pci_add_express(vf, PCI_EXPRESS_ENDPOINT, s->vf_flr);
        fake_pci_add_msix(vf, 5, 0, 0x800);
        fake_pci_add_ext_cap(vf, PCI_EXT_AER, 0x2c);
        fake_pci_make_writable(vf, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
        s->vfs[s->vf_count++] = vf;
    }
}

struct fake_pci_function *fake_sriov_vf(const struct fake_sriov *s, unsigned i)
{
    return s->vfs[i];
}
