/* SPDX-License-Identifier: GPL-2.0-only
 * An SR-IOV capability, and the port above it, of any content: what is planned has room, ids of its own, and makes
 * sound facts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "drivers/sriov_functions.h"
#include "drivers/sriov_plan.h"
#include "drivers/sriov_room.h"

#define CAP 0x100
#define CAP_BYTES 0x40
#define PF_BUS 5
#define FUNCTIONS 4
#define VFS_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t left;
};

struct world {
    uint8_t port[256], pf[PCI_CONFIG_BYTES_EXT];
    struct pci_image images[2];
    struct pci_function functions[FUNCTIONS];
    struct pci_facts pci;
    struct sriov_facts sriov;
    struct sriov_view view;
    struct sriov_place place;
    struct diag diags[8];
    struct diag_list list;
    uint8_t memory[(FUNCTIONS + VFS_MAX + 1) * sizeof(struct pci_function)];
};

static struct world w;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void take(struct input *in, void *out, size_t bytes)
{
    size_t n = bytes < in->left ? bytes : in->left;
    memset(out, 0, bytes);
    memcpy(out, in->data, n);
    in->data += n;
    in->left -= n;
}

static bool open_saved(const void *context, const struct sbdf *at, struct pci_reader *out)
{
    (void)context;
    bool port = sbdf_bus(at[0]) == 0, pf = at->v == PF_BUS << 8;
    if (port || pf) {
        *out = pci_reader_image(&w.images[pf]);
    }
    return port || pf;
}

/* 00:01.0 a port, 00:02.0 another with a bridge's windows of its own, 05:00.0 the PF, 06:00.0 a neighbour. */
static void build(struct input *in)
{
    uint8_t flags[4];
    memset(&w, 0, sizeof(w));
    take(in, flags, sizeof(flags));
    take(in, w.port + 0x18, 0x18);
    take(in, w.pf + CAP, CAP_BYTES);
    w.port[0x40 + 2] = 2;
    w.port[0x40 + PCI_EXP_DEVCAP2] = flags[0];
    w.images[0] = (struct pci_image){w.port, sizeof(w.port)};
    w.images[1] = (struct pci_image){w.pf, sizeof(w.pf)};
    struct pci_function port = {.at = sbdf_make(0, 0, 1, 0),
                                .parent = PCI_NO_INDEX,
                                .bridge = true,
                                .header = 1,
                                .express = PCI_EXPRESS_ROOT_PORT,
                                .cap.express = 0x40,
                                .secondary = PF_BUS,
                                .subordinate = (uint8_t)(PF_BUS + flags[1] % 8)};
    w.functions[0] = port;
    port.at = sbdf_make(0, 0, 2, 0);
    port.secondary = port.subordinate = PF_BUS + 8;
    w.functions[1] = port;
    w.functions[2] =
        (struct pci_function){.at = sbdf_make(0, PF_BUS, 0, 0), .cap = {.sriov = CAP, .ari = flags[2] & 1}};
    w.functions[2].parent = flags[2] & 2 ? PCI_NO_INDEX : 0;
    w.functions[2].bars[0] =
        (struct pci_bar){.kind = PCI_BAR_MEM32, .assigned = true, .address = 0xe0000000, .size = 0x4000};
    w.functions[3] = (struct pci_function){.at = sbdf_make(0, PF_BUS + 1, 0, 0), .parent = 0};
    w.pci = (struct pci_facts){.functions = w.functions, .count = flags[3] & 1 ? FUNCTIONS : FUNCTIONS - 1};
    w.view = (struct sriov_view){.open = open_saved};
    w.place = (struct sriov_place){.pci = &w.pci, .others = &w.sriov, .view = &w.view};
    w.list = diag_list_make(w.diags, ARRAY_LENGTH(w.diags));
}

static void check_bars(const struct sriov *s)
{
    struct sriov_window memory, prefetchable;
    bool has_port = w.functions[2].parent == 0;
    require(sriov_room_windows(&w.view, &w.functions[0], &memory, &prefetchable));
    for (unsigned b = 0; b < PCI_BARS; b++) {
        const struct pci_bar *bar = &s->bars[b];
        if (bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64) {
            continue;
        }
        uint64_t end = sriov_vf_address(s, b, s->num);
        require(bar->assigned && bar->size >= 4096 && bar->address % bar->size == 0 && end > bar->address);
        require(bar->kind == PCI_BAR_MEM64 || end <= UINT64_C(1) << 32);
        require(end <= 0xe0000000 || bar->address >= 0xe0004000);
        require(!has_port || (bar->address >= memory.start && end <= memory.end) ||
                (bar->address >= prefetchable.start && end <= prefetchable.end));
        for (unsigned other = 0; other < b; other++) {
            bool apart = s->bars[other].size == 0 || end <= s->bars[other].address ||
                         sriov_vf_address(s, other, s->num) <= bar->address;
            require(apart);
        }
    }
}

static void check_functions(const struct sriov *s, size_t before)
{
    struct arena arena = arena_make(w.memory, sizeof(w.memory));
    w.sriov.pfs[0] = *s;
    w.sriov.count = 1;
    require(sriov_functions_add(&w.sriov, &w.pci, &w.view, &arena, &w.list) == STATUS_OK);
    require(w.pci.count == before + s->num);
    for (size_t i = 0; i < w.pci.count; i++) {
        const struct pci_function *f = &w.pci.functions[i];
        require(i == 0 || f[-1].at.v < f->at.v);
        require(f->parent == PCI_NO_INDEX || f->parent < i);
        require(!f->is_vf || (f->pf < i && w.pci.functions[f->pf].cap.sriov == CAP));
        require(!f->is_vf || sbdf_bus(f->at) <= w.functions[0].subordinate);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct pci_reader reader;
    struct sriov s;
    uint8_t shifts[PCI_BARS];
    uint16_t num = 0;
    uint64_t sizes[PCI_BARS];
    build(&in);
    take(&in, shifts, sizeof(shifts));
    take(&in, &num, sizeof(num));
    for (unsigned i = 0; i < PCI_BARS; i++) {
        sizes[i] = shifts[i] >= 64 ? shifts[i] * UINT64_C(4096) : UINT64_C(1) << shifts[i];
    }
    size_t before = w.pci.count;
    require(open_saved(NULL, &w.functions[2].at, &reader));
    require(sriov_read(&reader, &w.pci, 2, &s) == STATUS_OK);
    enum status status = sriov_plan_saved(&w.place, &s, 1u + num % VFS_MAX, sizes, &w.list);
    require(status == STATUS_OK || (status == STATUS_UNSUPPORTED && w.list.errors == 1));
    if (status == STATUS_OK) {
        check_bars(&s);
        check_functions(&s, before);
    }
    return 0;
}
