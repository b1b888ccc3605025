/* SPDX-License-Identifier: GPL-2.0-only
 * lspci's text to facts: one function after the other, then what only all of them together tell. */
#include "tools/bulkhead/lspci.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/pci_acs.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd.h"
#include "tools/bulkhead/lspci_line.h"

#define CLASS_CARDBUS 0x0607

struct entry {
    struct pci_function f;
    struct lspci_function more;
};

struct reader {
    const char *text;
    size_t length, position;
    uint32_t line;
};

static bool next_line(struct reader *r, char out[LSPCI_LINE_SIZE])
{
    if (r->position >= r->length) {
        return false;
    }
    const char *start = r->text + r->position;
    const char *end = memchr(start, '\n', r->length - r->position);
    size_t n = end != NULL ? (size_t)(end - start) : r->length - r->position;
    r->position += n + 1;
    r->line++;
    size_t kept = n < LSPCI_LINE_SIZE ? n : LSPCI_LINE_SIZE - 1;
    for (size_t i = 0; i < kept; i++) {
        out[i] = start[i] == 0 ? ' ' : start[i];
    }
    while (kept > 0 && (out[kept - 1] == '\r' || out[kept - 1] == ' ')) {
        kept--;
    }
    out[kept] = 0;
    return true;
}

static size_t count_functions(const char *text, size_t length)
{
    struct reader r = {text, length, 0, 0};
    char line[LSPCI_LINE_SIZE];
    struct sbdf at;
    size_t count = 0;
    while (next_line(&r, line)) {
        count += lspci_line_address(line, &at) != NULL;
    }
    return count;
}

/* Registers that -x shows are better than words. */
static void apply_registers(struct entry *e, const struct lspci_registers *seen)
{
    struct pci_image image = {seen->bytes, seen->length};
    struct pci_reader reader = pci_reader_image(&image);
    if (seen->length < 64) {
        return;
    }
    uint32_t ids = pci_reader_u32(&reader, PCI_VENDOR);
    e->more.unreadable |= ids == UINT32_MAX;
    if (ids == UINT32_MAX) {
        return;
    }
    e->f.vendor = (uint16_t)ids;
    e->f.device = (uint16_t)(ids >> 16);
    e->f.class_code = pci_reader_u32(&reader, PCI_REVISION) >> 8;
    e->f.multifunction = (pci_reader_u8(&reader, PCI_HEADER_TYPE) & PCI_HEADER_MULTIFUNCTION) != 0;
    if (seen->length == PCI_CONFIG_BYTES_EXT && pci_acs_has_dwords(&e->f)) {
        pci_acs_read(&reader, &e->f);
        e->more.acs_assumed = false;
    }
}

static void finish(struct entry *e, const struct lspci_registers *seen)
{
    struct pci_function *f = &e->f;
    if (f->bridge) {
        f->header = pci_class(f) == CLASS_CARDBUS ? 2 : 1;
    }
    e->more.acs_assumed = true;
    apply_registers(e, seen);
    e->more.acs_assumed &= f->cap.acs != 0 && pci_acs_has_dwords(f);
    if (e->more.acs_assumed) {
        f->acs_control = f->acs_cap & PCI_ACS_ISOLATION;
    }
    f->acs_emulated = f->cap.acs == 0 && pci_acs_can_emulate(f);
}

static size_t read_entries(const char *text, size_t length, const struct pci_ids *ids, struct entry *entries)
{
    struct reader r = {text, length, 0, 0};
    char line[LSPCI_LINE_SIZE];
    struct lspci_registers seen = {.length = 0};
    size_t count = 0;
    while (next_line(&r, line)) {
        struct sbdf at;
        const char *rest = lspci_line_address(line, &at);
        if (rest != NULL) {
            if (count != 0) {
                finish(&entries[count - 1], &seen);
            }
            struct entry *e = &entries[count++];
            e->more.linux_group = LSPCI_NO_GROUP;
            e->more.line = r.line;
            seen.length = 0;
            lspci_line_header(rest, at, ids, &e->f);
        } else if (count != 0 && !lspci_line_registers(line, &seen)) {
            lspci_line_detail(line, &entries[count - 1].f, &entries[count - 1].more);
        }
    }
    if (count != 0) {
        finish(&entries[count - 1], &seen);
    }
    return count;
}

static int by_address(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    if (left->f.at.v != right->f.at.v) {
        return left->f.at.v < right->f.at.v ? -1 : 1;
    }
    return left->more.line < right->more.line ? -1 : 1;
}

/* The first mention of an address counts. */
static size_t drop_repeats(struct entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || entries[kept - 1].f.at.v != entries[i].f.at.v) {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}

/* Is it the requester id of one of pf's virtual functions? */
static bool is_virtual_of(const struct pci_function *f, const struct pci_function *pf,
                          const struct lspci_function *more)
{
    if (sbdf_segment(f->at) != sbdf_segment(pf->at) || sbdf_rid(f->at) < sbdf_rid(pf->at) + more->vf_offset) {
        return false;
    }
    unsigned beyond = sbdf_rid(f->at) - (unsigned)sbdf_rid(pf->at) - more->vf_offset;
    return more->vf_stride == 0 ? beyond == 0 : beyond % more->vf_stride == 0 && beyond / more->vf_stride < more->vfs;
}

/* Virtual functions look like others; their physical one tells where they are. */
static void find_virtual(struct lspci *out, uint32_t pf)
{
    const struct lspci_function *more = &out->functions[pf];
    for (uint32_t i = pf + 1; more->vfs != 0 && i < out->facts.count; i++) {
        if (is_virtual_of(&out->facts.functions[i], &out->facts.functions[pf], more)) {
            out->facts.functions[i].is_vf = true;
            out->facts.functions[i].pf = pf;
        }
    }
}

static void place_virtual(struct lspci *out)
{
    for (size_t i = 0; i < out->facts.count; i++) {
        struct pci_function *f = &out->facts.functions[i];
        if (f->is_vf) {
            f->parent = out->facts.functions[f->pf].parent;
            f->blocked &= ~(uint32_t)PCI_BLOCKED_BRIDGE_PATH;
        }
    }
}

/* Linux numbers the domains in the order of the endpoints. */
static void link_vmd(struct pci_facts *facts)
{
    uint32_t endpoint = 0;
    unsigned domain = SBDF_VMD_FIRST;
    for (size_t i = 0; i < facts->count; i++) {
        struct pci_function *f = &facts->functions[i];
        if (!sbdf_is_vmd(f->at)) {
            continue;
        }
        while (domain < sbdf_segment(f->at) || endpoint >= facts->count ||
               !vmd_is_endpoint(&facts->functions[endpoint])) {
            domain += endpoint < facts->count && vmd_is_endpoint(&facts->functions[endpoint]);
            if (++endpoint >= facts->count) {
                return;
            }
        }
        f->is_vmd_child = true;
        f->vmd = endpoint;
    }
}

static void link_devices(struct lspci *out)
{
    for (size_t i = 1; i < out->facts.count; i++) {
        struct pci_function *f = &out->facts.functions[i];
        if (!f->is_vf && f->at.v >> 3 == (f - 1)->at.v >> 3 && !(f - 1)->is_vf) {
            f->multifunction = (f - 1)->multifunction = true;
        }
    }
}

size_t lspci_arena_bytes(size_t length)
{
    size_t most = length / strlen("00:00.0 x\n") + 1;
    most = most < LSPCI_FUNCTIONS_MAX ? most : LSPCI_FUNCTIONS_MAX;
    return most * (sizeof(struct entry) + sizeof(struct pci_function) + sizeof(struct lspci_function)) + KIB;
}

enum status lspci_parse(const char *text, size_t length, const struct pci_ids *ids, struct arena *arena,
                        struct lspci *out, struct diag_list *diags)
{
    size_t count = count_functions(text, length);
    *out = (struct lspci){0};
    if (count == 0 || count > LSPCI_FUNCTIONS_MAX) {
        return count == 0 ? STATUS_NOT_FOUND : STATUS_UNSUPPORTED;
    }
    struct entry *entries = arena_array(arena, count, sizeof(*entries));
    out->facts.functions = arena_array(arena, count, sizeof(*out->facts.functions));
    out->functions = arena_array(arena, count, sizeof(*out->functions));
    if (entries == NULL || out->facts.functions == NULL || out->functions == NULL) {
        return STATUS_NO_MEMORY;
    }
    read_entries(text, length, ids, entries);
    qsort(entries, count, sizeof(*entries), by_address);
    out->facts.count = drop_repeats(entries, count);
    for (size_t i = 0; i < out->facts.count; i++) {
        out->facts.functions[i] = entries[i].f;
        out->functions[i] = entries[i].more;
        out->has_groups |= entries[i].more.linux_group != LSPCI_NO_GROUP;
    }
    for (uint32_t i = 0; i < out->facts.count; i++) {
        find_virtual(out, i);
    }
    pci_tree_link(&out->facts, diags);
    place_virtual(out);
    link_devices(out);
    link_vmd(&out->facts);
    if (!out->has_groups) {
        pci_acs_predict(&out->facts);
    }
    return STATUS_OK;
}
