/* SPDX-License-Identifier: GPL-2.0-only
 * A VMD endpoint and functions behind it with any registers: finding them ends, the facts are consistent, and what may
 * decode afterwards is inside the endpoint's memory. Input: a byte of mode, then 64 bytes a function: its place, which
 * of its registers can be written, its header. */
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd.h"
#include "tests/fake/mmio.h"
#include "tests/fake/pci.h"

#define FUNCTIONS_MAX 24
#define RECORD 64
#define HEADER 60 /* of a record, after its place and what can be written */
#define CFGBAR UINT64_C(0x2000000000)
#define MEMBAR1 UINT64_C(0x90000000)
#define MEMBAR2 UINT64_C(0x2004000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pci_ecam window = {.first_bus = 0, .last_bus = 1};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void add_endpoint(uint8_t mode)
{
    static const uint16_t ids[] = {0x28c0, 0x201d, 0x9a0b, 0x28c0};
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 0, 14, 0), 0x8086, ids[mode >> 6], 0x010400);
    f->next_free = 0x80;
    fake_pci_add_msix(f, 32, 4, 0x1004);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, CFGBAR, (mode & 4) != 0 ? 4 * MIB : 32 * MIB);
    fake_pci_add_bar(f, 2, FAKE_BAR_MEM32, MEMBAR1, 32 * MIB);
    fake_pci_add_bar(f, 4, FAKE_BAR_MEM64, MEMBAR2, MIB);
    fake_pci_set(f, VMD_CAP, 2, mode >> 3 & 1);
    fake_pci_set(f, VMD_CONFIG, 2, (mode & 3u) << 8 | (mode >> 4 & 2));
    fake_pci_make_writable(f, VMD_CONFIG, 2, mode >> 3 & 2);
    for (unsigned root = 0; root < 256; root += 32) {
        fake_pci_add_root(SBDF_VMD_FIRST, (uint8_t)root);
    }
}

/* Place: devfn, and the bus above the root bus by the low bits of the next byte. */
static void add_child(uint8_t mode, const uint8_t *record)
{
    static const uint8_t first[] = {0, 128, 224, 0};
    bool restricts = (mode & 8) != 0 && mode >> 6 != 1;
    unsigned bus = (restricts ? first[mode & 3] : 0) + record[1] % 8u;
    struct sbdf at = sbdf_from_rid(SBDF_VMD_FIRST, (uint16_t)(bus << 8 | record[0]));
    if (fake_pci_find(at) != NULL) {
        return;
    }
    struct fake_pci_function *f = fake_pci_add_bridge(at, 0, 0);
    memcpy(f->bytes + 4, record + 4, HEADER - 4);
    f->bytes[PCI_CAPABILITIES] = 0; /* chains are fuzz_pci_caps.c's */
    for (unsigned i = PCI_BAR0; i < 0x3c; i++) {
        f->writable[i] = (record[2] >> (i / 4 % 8) & 1) != 0 ? 0xff : (record[3] >> (i / 4 % 8) & 1) != 0 ? 0xf0 : 0;
    }
}

static void check(const struct vmd_facts *vmd, const struct pci_facts *pci)
{
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        const struct vmd_domain *d = f->is_vmd_child ? vmd_of(vmd, f->vmd) : NULL;
        require(i == 0 || pci->functions[i - 1].at.v < f->at.v);
        require(f->parent == PCI_NO_INDEX || f->parent < i);
        require(sbdf_is_vmd(f->at) == (d != NULL));
        if (d == NULL) {
            continue;
        }
        require(d->usable && sbdf_bus(f->at) >= d->first_bus && sbdf_bus(f->at) <= d->last_bus);
        bool decodes = (pci_config_read16(f->at, PCI_COMMAND) & PCI_COMMAND_MEMORY) != 0;
        for (unsigned b = 0; b < PCI_BARS && decodes; b++) {
            const struct pci_bar *bar = &f->bars[b];
            bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
            require(!memory || bar->size == 0 || bar->address == 0 || vmd_owns(d, bar->address, bar->size));
        }
        uint32_t v = pci_config_read32(f->at, 0x20);
        uint64_t base = (uint64_t)(v & 0xfff0) << 16, last = (v & 0xfff00000) | 0xfffff;
        require(!decodes || f->header != 1 || base > last || vmd_owns(d, base, last - base + 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[2 * MIB] __attribute__((aligned(16)));
    struct diag items[16];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    struct arena arena = arena_make(memory, sizeof(memory));
    struct pci_facts pci;
    struct vmd_facts vmd;
    if (size < 1 + RECORD) {
        return 0;
    }
    fake_pci_reset();
    fake_mmio_reset();
    add_endpoint(data[0]);
    for (size_t i = 0; i < FUNCTIONS_MAX && 1 + (i + 1) * RECORD <= size; i++) {
        add_child(data[0], data + 1 + i * RECORD);
    }
    pci_config_use_ecam(&window, 1);
    require(pci_enumerate(&window, 1, &arena, &pci, &diags) == STATUS_OK);
    pci_bars_size(&pci, &diags);
    require(vmd_open(&vmd, &pci, &arena, &diags) == STATUS_OK);
    check(&vmd, &pci);
    return 0;
}
