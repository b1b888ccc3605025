/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a dump: the loader ends, reads nothing outside them, and its facts point where they say. */
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/machine_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_functions(const struct machine_load *load)
{
    const struct pci_facts *pci = &load->machine.pci;
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        require(i == 0 || pci->functions[i - 1].at.v < f->at.v);
        require(f->parent == PCI_NO_INDEX || f->parent < i);
        require(load->dump_of[i] < load->dump.function_count);
        for (unsigned b = 0; b < PCI_BARS; b++) {
            require((f->bars[b].size & (f->bars[b].size - 1)) == 0);
        }
    }
}

static void check_facts(const struct machine_load *load)
{
    const struct plan_facts *facts = &load->facts;
    require(facts->machine == &load->machine && (load->machine.has_dmar || !facts->remapping));
    for (size_t i = 0; i < facts->cpu_count; i++) {
        require(facts->cpus[i].core <= facts->cpus[i].apic_id);
    }
    for (size_t i = 0; i < facts->free_count; i++) {
        const struct plan_block *b = &facts->free[i];
        require(b->size != 0 && b->start % PAGE_SIZE == 0 && b->size % PAGE_SIZE == 0);
        require(memory_map_covers(load->machine.memory, b->start, b->size));
        require(i == 0 || facts->free[i - 1].start + facts->free[i - 1].size <= b->start);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[DUMP_TEXT_WHY_SIZE] = "";
    struct machine_load load;
    if (!machine_load_text(&load, (const char *)data, size, why)) {
        require(why[0] != 0 && strlen(why) < sizeof(why));
        return 0;
    }
    check_functions(&load);
    check_facts(&load);
    machine_load_free(&load);
    return 0;
}
