/* SPDX-License-Identifier: GPL-2.0-only
 * From a dump to struct machine. */
#include "tools/bulkhead/machine_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_acs.h"
#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "kernel/core/mtrr.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/last_log.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dump.h"
#include "tools/bulkhead/file.h"
#include "tools/bulkhead/machine_facts.h"
#include "tools/bulkhead/machine_vmd.h"
#include "vtd/quirks.h"

#define ARENA_FIXED (2 * MIB)
#define ARENA_PER_FUNCTION (4 * KIB)
#define SEGMENT_MAX 0xffff
#define CLASS_DISPLAY 3

static const struct pci_ecam legacy_window = {.segment = 0, .first_bus = 0, .last_bus = 255};

static bool in_windows(const struct machine *m, struct dump_address at)
{
    for (size_t i = 0; i < m->pci.window_count; i++) {
        const struct pci_ecam *w = &m->pci.windows[i];
        if (at.domain == w->segment && at.rid >> 8 >= w->first_bus && at.rid >> 8 <= w->last_bus) {
            return true;
        }
    }
    return false;
}

/* As pci_enumerate asks: function 0 first, others only where it says that there may be some. */
static bool would_be_asked(const struct machine *m, struct sbdf at)
{
    struct sbdf first = {at.v & ~UINT32_C(7)};
    const struct pci_function *f = sbdf_function(at) == 0 ? NULL : pci_find(&m->pci, first);
    return sbdf_function(at) == 0 || (f != NULL && f->multifunction);
}

static void take_back(struct pci_function *f)
{
    f->command &= (uint16_t) ~(PCI_COMMAND_BUS_MASTER | PCI_COMMAND_INTX_OFF);
    f->multifunction = f->multifunction || sbdf_function(f->at) != 0;
}

/* Without ECAM nobody reaches more than 256 bytes. */
static struct pci_image image_of(const struct machine_load *load, size_t index)
{
    const struct dump_function *saved = &load->dump.functions[index];
    bool cut = load->machine.mcfg.count == 0 && saved->length > PCI_CONFIG_BYTES;
    return (struct pci_image){saved->config, cut ? PCI_CONFIG_BYTES : saved->length};
}

void machine_load_add(struct machine_load *load, size_t index, struct sbdf at)
{
    struct machine *m = &load->machine;
    const struct dump_function *saved = &load->dump.functions[index];
    struct pci_image image = image_of(load, index);
    struct pci_reader reader = pci_reader_image(&image);
    struct pci_function *f = &m->pci.functions[m->pci.count];
    if (!would_be_asked(m, at) || pci_function_read(&reader, at, f, &load->diags) != STATUS_OK) {
        return;
    }
    take_back(f);
    pci_bars_take_sizes(f, &reader, saved->sizes, &load->diags);
    load->dump_of[m->pci.count++] = (uint32_t)index;
}

static void read_function(struct machine_load *load, size_t index)
{
    const struct dump_function *saved = &load->dump.functions[index];
    if (!saved->is_vf && saved->at.domain <= SEGMENT_MAX && in_windows(&load->machine, saved->at)) {
        machine_load_add(load, index, sbdf_from_rid(saved->at.domain, saved->at.rid));
    }
}

static enum status read_functions(struct machine_load *load, struct arena *arena)
{
    struct machine *m = &load->machine;
    size_t count = load->dump.function_count;
    bool ecam = m->mcfg.count != 0;
    m->pci = (struct pci_facts){.windows = ecam ? m->mcfg.windows : &legacy_window,
                                .window_count = ecam ? m->mcfg.count : 1};
    m->pci.functions = arena_array(arena, count, sizeof(*m->pci.functions));
    load->dump_of = arena_array(arena, count, sizeof(*load->dump_of));
    if (m->pci.functions == NULL || load->dump_of == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        read_function(load, i);
    }
    pci_tree_link(&m->pci, &load->diags);
    enum status status = machine_check_bars(m, arena, &load->diags);
    if (status == STATUS_OK) {
        machine_vmd_load(load);
    }
    return status;
}

static enum status read_tables(struct machine_load *load, struct arena *arena)
{
    const struct dump_text *dump = &load->dump;
    struct acpi_view *views = arena_array(arena, dump->table_count, sizeof(*views));
    if (views == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < dump->table_count; i++) {
        views[i] = (struct acpi_view){.bytes = dump->tables[i].bytes, .length = dump->tables[i].length};
    }
    acpi_take(&load->machine.acpi, views, dump->table_count, &load->diags);
    return machine_read_saved_tables(&load->machine, &dump->memory, arena, &load->diags);
}

static struct vtd_quirks find_quirks(const struct machine_load *load)
{
    const struct machine *m = &load->machine;
    struct vtd_quirk_facts seen = {0};
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        struct pci_image image = image_of(load, load->dump_of[i]);
        struct pci_reader reader = pci_reader_image(&image);
        if (f->is_vmd_child) {
            continue;
        }
        struct vtd_quirk_function function = {f->at, f->vendor, f->device, f->revision, (uint8_t)(f->class_code >> 16)};
        vtd_quirks_see_saved(&seen, &function, &reader);
    }
    return vtd_quirks_decide(&seen, load->dump.cpu_signature);
}

/* As kernel/isolate.c does: what no unit translates for, and graphics behind broken ones. */
static void block_uncovered(struct machine_load *load, const struct vtd_quirks *quirks)
{
    struct machine *m = &load->machine;
    for (size_t i = 0; i < m->pci.count; i++) {
        struct pci_function *f = &m->pci.functions[i];
        size_t unit = 0;
        bool graphics = quirks->graphics_blocked && f->class_code >> 16 == CLASS_DISPLAY;
        if (!f->bridge && (graphics || machine_unit_of(m, f->at, &unit) != STATUS_OK)) {
            f->blocked |= PCI_BLOCKED_UNIT;
        }
    }
}

static void count_left_out(struct machine_load *load)
{
    for (size_t i = 0; i < load->dump.function_count; i++) {
        load->left_vfs += load->dump.functions[i].is_vf;
    }
}

static void ignore_lost(uint64_t start, uint64_t end, enum mtrr_type type)
{
    (void)start;
    (void)end;
    (void)type;
}

/* As kernel/memory_types.c. Linux does not show the default type: firmware that lists what is write-back has uncached
 * as default, firmware that lists the rest has write-back. */
static enum status restrict_memory(struct dump_text *dump)
{
    struct mtrr m = {.present = true, .default_type = BIT64(11) | MTRR_WRITE_BACK, .address_bits = 52};
    for (size_t i = 0; i < dump->mtrr_count; i++) {
        const struct dump_mtrr *from = &dump->mtrrs[i];
        m.variable[i].base = from->base | from->type;
        m.variable[i].mask = (MASK64(51, 12) & ~(from->bytes - 1)) | BIT64(11);
        m.default_type = from->type == MTRR_WRITE_BACK ? BIT64(11) | MTRR_UNCACHED : m.default_type;
    }
    m.count = (unsigned)dump->mtrr_count;
    return dump->has_vmx && m.count != 0 ? mtrr_restrict(&m, &dump->memory, ignore_lost) : STATUS_OK;
}

/* As kernel/core/last_boot.c does. */
static enum status reserve_log(struct memory_map *map)
{
    uint64_t at = 0;
    return last_log_place(map, &at) ? memory_map_add(map, at, LAST_LOG_BYTES, MEMORY_HYPERVISOR) : STATUS_OK;
}

/* What a plan cannot do without. */
static const char *what_is_missing(const struct machine_load *load, enum status tables)
{
    const struct machine *m = &load->machine;
    if (load->dump.table_count == 0) {
        return "it has no ACPI tables: take it as root";
    }
    if (tables != STATUS_OK) {
        return "its ACPI tables do not list the processors";
    }
    if (m->memory->count == 0) {
        return "it has no memory map: take it as root";
    }
    for (size_t i = 0; i < m->pci.count; i++) {
        if (load->dump.functions[load->dump_of[i]].length < PCI_CONFIG_BYTES) {
            return "it has only a part of configuration space: take it as root";
        }
    }
    return NULL;
}

/* Never refuses facts: what is wrong with them is in diags and incomplete. */
static enum status load_facts(struct machine_load *load, struct arena *arena)
{
    struct machine *m = &load->machine;
    m->memory = &load->dump.memory;
    if (restrict_memory(&load->dump) != STATUS_OK || reserve_log(&load->dump.memory) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    count_left_out(load);
    enum status tables = read_tables(load, arena);
    load->dmar = machine_read_dmar(m, arena, &load->diags);
    enum status status = read_functions(load, arena);
    if (status != STATUS_OK) {
        return status;
    }
    struct vtd_quirks quirks = find_quirks(load);
    block_uncovered(load, &quirks);
    pci_acs_predict(&m->pci);
    status = machine_read_groups(m, arena);
    if (status != STATUS_OK) {
        return status;
    }
    load->incomplete = what_is_missing(load, tables);
    return machine_facts_make(load, &quirks, arena);
}

bool machine_load_text(struct machine_load *load, const char *text, size_t length, char *why)
{
    *load = (struct machine_load){0};
    if (!dump_text_parse(text, length, &load->dump, why)) {
        return false;
    }
    size_t size = ARENA_FIXED + ARENA_PER_FUNCTION * load->dump.function_count;
    size += load->dump.mp_length;
    for (size_t i = 0; i < load->dump.table_count; i++) {
        size += 16 * load->dump.tables[i].length + dmar_arena_bytes(load->dump.tables[i].length);
    }
    load->space = malloc(size);
    load->diag_items = calloc(MACHINE_LOAD_DIAGS_MAX, sizeof(*load->diag_items));
    enum status status = STATUS_NO_MEMORY;
    if (load->space != NULL && load->diag_items != NULL) {
        struct arena arena = arena_make(load->space, size);
        load->diags = diag_list_make(load->diag_items, MACHINE_LOAD_DIAGS_MAX);
        status = load_facts(load, &arena);
    }
    if (status != STATUS_OK) {
        snprintf(why, DUMP_TEXT_WHY_SIZE, "%s", status_text(status));
        machine_load_free(load);
        return false;
    }
    return true;
}

/* This machine's own facts as text, to be freed. */
static char *dump_this_machine(size_t *length)
{
    const struct host_tree tree = {""};
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out == NULL) {
        return NULL;
    }
    dump_write(&tree, out, stderr);
    return fclose(out) == 0 ? text : NULL;
}

bool machine_load(struct machine_load *load, const char *path)
{
    char why[DUMP_TEXT_WHY_SIZE];
    uint8_t *bytes = NULL;
    size_t length = 0;
    char *text = NULL;
    if (path != NULL && !file_read(path, &bytes, &length)) {
        return false;
    }
    if (path == NULL) {
        text = dump_this_machine(&length);
        if (text == NULL) {
            command_usage_error("this machine: no memory");
            return false;
        }
    }
    bool loaded = machine_load_text(load, path != NULL ? (char *)bytes : text, length, why);
    if (!loaded) {
        command_usage_error("%s: %s", path != NULL ? path : "this machine", why);
    }
    free(bytes);
    free(text);
    return loaded;
}

bool machine_load_left_out(const struct machine_load *load, char *out, size_t size)
{
    struct format_line line = {.out = out, .size = size};
    if (load->left_vfs != 0) {
        format_line_put(&line, "left out: %zu virtual function%s that Linux made (at boot there are none)",
                        load->left_vfs, load->left_vfs == 1 ? "" : "s");
    }
    if (load->left_behind != 0) {
        format_line_put(&line, "%s%zu function%s behind VMD endpoints that cannot be used",
                        line.length == 0 ? "left out: " : ", ", load->left_behind, load->left_behind == 1 ? "" : "s");
    }
    if (load->hidden_vmds != 0) {
        format_line_put(&line,
                        "%swhat is behind %zu VMD endpoint%s (Linux hides it while its vmd driver is not loaded: "
                        "modprobe vmd, then dump again)",
                        line.length == 0 ? "left out: " : ", ", load->hidden_vmds, load->hidden_vmds == 1 ? "" : "s");
    }
    return line.length != 0;
}

void machine_load_free(struct machine_load *load)
{
    dump_text_free(&load->dump);
    free(load->space);
    free(load->vf_space);
    free(load->diag_items);
    *load = (struct machine_load){0};
}
