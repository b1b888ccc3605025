/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt lines of PCI functions. */
#include "plan/machine_lines.h"

#define PINS 4u

static uint32_t gsi_of(const struct machine *m, const struct mp_table *table, const struct pci_function *f)
{
    unsigned pin = f->interrupt_pin;
    if (pin < 1 || pin > PINS) {
        return MP_TABLE_NO_GSI;
    }
    for (; f != NULL && sbdf_segment(f->at) == 0; f = pci_parent(&m->pci, f)) {
        uint32_t gsi = mp_table_gsi(table, &m->madt, sbdf_bus(f->at), sbdf_device(f->at), (uint8_t)pin);
        if (gsi != MP_TABLE_NO_GSI) {
            return gsi;
        }
        pin = (pin - 1 + sbdf_device(f->at)) % PINS + 1;
    }
    return MP_TABLE_NO_GSI;
}

const uint32_t *machine_lines_by(const struct machine *m, const struct mp_table *table, struct arena *arena)
{
    uint32_t *gsis = arena_array(arena, m->pci.count, sizeof(*gsis));
    for (size_t i = 0; gsis != NULL && i < m->pci.count; i++) {
        gsis[i] = gsi_of(m, table, &m->pci.functions[i]);
    }
    return gsis;
}

const uint32_t *machine_lines_read(const struct machine *m, struct arena *arena)
{
    struct mp_table table;
    return mp_table_find(arena, &table) == STATUS_OK ? machine_lines_by(m, &table, arena) : NULL;
}
