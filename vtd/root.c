/* SPDX-License-Identifier: GPL-2.0-only
 * Root and context tables in memory. A source id is bus 15:8 (root table index) and devfn 7:0 (context table index).
 */
#include "vtd/root.h"

#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "vtd/unit.h"

/* Both tables: 256 entries of two quadwords, the low one first. */
#define LOW(index) (2u * (index))
#define HIGH(index) (2u * (index) + 1)
#define ENTRY_BYTES 16u

enum status vtd_root_init(struct vtd_unit *u)
{
    enum status s = pages_alloc(&u->root);
    if (s == STATUS_OK) {
        vtd_unit_publish(u, phys_to_virt(u->root), PAGE_SIZE);
    }
    return s;
}

/* The context table of source's bus, or NULL. */
static uint64_t *context_table(const struct vtd_unit *u, uint16_t source)
{
    const uint64_t *root = phys_to_virt(u->root);
    uint64_t low = root[LOW(source >> 8)];
    return vtd_context_root_present(low) ? phys_to_virt(vtd_context_root_table(low)) : NULL;
}

static enum status add_context_table(struct vtd_unit *u, uint16_t source)
{
    uint64_t *root = phys_to_virt(u->root);
    uint64_t *entry = &root[LOW(source >> 8)];
    struct hpa table;
    enum status s = pages_alloc(&table);
    if (s != STATUS_OK) {
        return s;
    }
    vtd_unit_publish(u, phys_to_virt(table), PAGE_SIZE); /* empty before anything points to it */
    __atomic_store_n(entry, vtd_context_root_entry(table), __ATOMIC_RELEASE);
    vtd_unit_publish(u, entry, ENTRY_BYTES);
    return STATUS_OK;
}

/* The half with the present bit is written last when an entry appears, and first when it goes. */
enum status vtd_root_set(struct vtd_unit *u, uint16_t source, struct vtd_context context)
{
    unsigned devfn = source & 0xff;
    if (vtd_context_present(vtd_root_get(u, source))) {
        return STATUS_CONFLICT;
    }
    if (context_table(u, source) == NULL) {
        enum status s = add_context_table(u, source);
        if (s != STATUS_OK) {
            return s;
        }
    }
    uint64_t *table = context_table(u, source);
    __atomic_store_n(&table[HIGH(devfn)], context.high, __ATOMIC_RELEASE);
    vtd_unit_publish(u, &table[LOW(devfn)], ENTRY_BYTES);
    __atomic_store_n(&table[LOW(devfn)], context.low, __ATOMIC_RELEASE);
    vtd_unit_publish(u, &table[LOW(devfn)], ENTRY_BYTES);
    return STATUS_OK;
}

enum status vtd_root_clear(struct vtd_unit *u, uint16_t source)
{
    unsigned devfn = source & 0xff;
    if (!vtd_context_present(vtd_root_get(u, source))) {
        return STATUS_NOT_FOUND;
    }
    uint64_t *table = context_table(u, source);
    __atomic_store_n(&table[LOW(devfn)], 0, __ATOMIC_RELEASE);
    vtd_unit_publish(u, &table[LOW(devfn)], ENTRY_BYTES);
    __atomic_store_n(&table[HIGH(devfn)], 0, __ATOMIC_RELEASE);
    vtd_unit_publish(u, &table[LOW(devfn)], ENTRY_BYTES);
    return STATUS_OK;
}

struct vtd_context vtd_root_get(const struct vtd_unit *u, uint16_t source)
{
    const uint64_t *table = context_table(u, source);
    unsigned devfn = source & 0xff;
    if (table == NULL) {
        return (struct vtd_context){0, 0};
    }
    return (struct vtd_context){table[LOW(devfn)], table[HIGH(devfn)]};
}
