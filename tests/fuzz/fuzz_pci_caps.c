/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration space of any content: chains must end inside it, facts must be consistent. Bytes beyond 4 KiB are
 * read-back masks for the BAR decoder. */
#include <stdint.h>
#include <stdlib.h>

#include "drivers/pci.h"
#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void walk(const struct pci_reader *reader, bool extended)
{
    struct sbdf at = {0};
    struct pci_cap_walk w = extended ? pci_ext_caps_start(reader, at, NULL) : pci_caps_start(reader, at, NULL);
    struct pci_cap cap;
    for (unsigned n = 0; pci_caps_next(&w, &cap); n++) {
        require(n < 1024 && cap.offset % 4 == 0);
        require(extended ? cap.offset >= 256 && cap.offset < 4096 : cap.offset >= 64 && cap.offset < 256);
    }
}

static void check_offsets(const struct pci_function *f)
{
    const struct pci_cap_offsets *c = &f->cap;
    const uint16_t plain[] = {c->pm, c->msi, c->msix, c->express, c->af, c->bridge_ssid, c->vendor};
    const uint16_t extended[] = {c->aer, c->acs, c->ari, c->ats, c->pri, c->pasid, c->sriov};
    for (size_t i = 0; i < ARRAY_LENGTH(plain); i++) {
        require(plain[i] == 0 || (plain[i] >= 64 && plain[i] <= 256 - 3 && plain[i] % 4 == 0));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(extended); i++) {
        require(extended[i] == 0 || (extended[i] >= 256 && extended[i] <= 4096 - 8 && extended[i] % 4 == 0));
    }
    require(c->msix == 0 || (f->msix_count >= 1 && f->msix_count <= 2048));
    require(c->msi == 0 || (f->msi_count >= 1 && f->msi_count <= 32));
}

static void check_bar(uint64_t value, uint64_t mask)
{
    struct pci_bar bar;
    if (pci_bar_decode(value, mask, &bar) != STATUS_OK || bar.kind == PCI_BAR_NONE) {
        require(bar.size == 0 && !bar.assigned);
        return;
    }
    require(bar.size != 0 && (bar.size & (bar.size - 1)) == 0);
    require(!bar.assigned || (bar.address % bar.size == 0 && bar.address + bar.size > bar.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diags[4];
    struct diag_list list = diag_list_make(diags, 4);
    struct pci_image image = {data, size < 4096 ? size : 4096};
    struct pci_reader reader = pci_reader_image(&image);
    struct pci_function f;
    walk(&reader, false);
    walk(&reader, true);
    if (pci_function_read(&reader, (struct sbdf){0x100}, &f, &list) == STATUS_OK) {
        char line[64];
        check_offsets(&f);
        pci_inventory_line(&f, line, sizeof(line));
    }
    /* small inputs reach the BAR decoder too: two 64-bit little-endian numbers at the end */
    if (size >= 16) {
        uint64_t v[2] = {0};
        for (unsigned i = 0; i < 16; i++) {
            v[i / 8] |= (uint64_t)data[size - 16 + i] << (8 * (i % 8));
        }
        check_bar(v[0], v[1]);
    }
    return 0;
}
