/* SPDX-License-Identifier: GPL-2.0-only
 * Who gets how much memory, and what is said when that cannot be. */
#include "plan/plan_memory.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/memory_pool.h"
#include "plan/plan_watch.h"

#define LOWEST MIB
#define TABLES_PART 32768 /* of RAM: nested and second-level tables with 2 MiB leaves take a quarter of that */

struct placing {
    const struct plan_facts *facts;
    const struct config *config;
    const char *file;
    struct diag_list *diags;
    struct memory_pool pool;
};

static uint64_t memory_of(const struct config *config, size_t guest)
{
    return align_down(config->guests[guest].memory.number, PLAN_MEMORY_ALIGN);
}

/* What the hypervisor needs itself, with these guests on this machine. */
static uint64_t own_bytes(const struct plan_facts *facts, const struct config *config)
{
    const struct plan_limits *l = &facts->limits;
    uint64_t own = l->own_bytes + facts->machine->pci.count * l->own_per_function;
    for (size_t i = 0; i < config->guest_count; i++) {
        own += l->own_per_guest + config->guests[i].cpus.count * l->own_per_cpu;
        own += config->guests[i].memory.number / TABLES_PART + plan_watch_tables(&config->guests[i]);
    }
    for (size_t i = 0; i < config->network_count; i++) {
        own += config->networks[i].guests.count * l->own_per_link;
    }
    return own;
}

static void refuse(struct placing *p, enum plan_memory_diag code, size_t guest, const char *fix, const char *what)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(p->diags, (uint16_t)code, DIAG_ERROR, config_where(p->file, p->config->guests[guest].memory.at, where),
             fix, "%s", what);
}

/* Step and most. */
static void check_sizes(struct placing *p)
{
    for (size_t i = 0; i < p->config->guest_count; i++) {
        uint64_t bytes = p->config->guests[i].memory.number;
        char fix[DIAG_TEXT_SIZE], what[DIAG_TEXT_SIZE];
        if (!is_aligned(bytes, PLAN_MEMORY_ALIGN)) {
            format_text(fix, sizeof(fix), "write memory = \"%lluMiB\"",
                        (unsigned long long)(align_up(bytes, PLAN_MEMORY_ALIGN) / MIB));
            refuse(p, PLAN_MEMORY_STEP, i, fix, "memory is given in steps of 2 MiB");
        } else if (bytes > p->facts->limits.memory_max) {
            unsigned long long most = p->facts->limits.memory_max / MIB;
            format_text(fix, sizeof(fix), "write memory = \"%lluMiB\" or less", most);
            format_text(what, sizeof(what), "a guest can have at most %llu MiB", most);
            refuse(p, PLAN_MEMORY_MOST, i, fix, what);
        }
    }
}

/* Told once, at the guest that is one too many, counted in the order of the file. */
static void check_sum(struct placing *p)
{
    uint64_t left = memory_pool_bytes(&p->pool);
    for (size_t i = 0; i < p->config->guest_count; i++) {
        uint64_t bytes = memory_of(p->config, i);
        if (bytes > left) {
            char fix[DIAG_TEXT_SIZE] = "give the guests above less memory, or the machine more";
            char what[DIAG_TEXT_SIZE];
            if (left > 0) {
                format_text(fix, sizeof(fix), "write memory = \"%lluMiB\" or less, or give others less",
                            (unsigned long long)(left / MIB));
            }
            format_text(what, sizeof(what), "%llu MiB are wanted, %llu MiB of %llu MiB are left for this guest",
                        (unsigned long long)(bytes / MIB), (unsigned long long)(left / MIB),
                        (unsigned long long)(memory_pool_bytes(&p->pool) / MIB));
            refuse(p, PLAN_MEMORY_SHORT, i, fix, what);
            return;
        }
        left -= bytes;
    }
}

static bool goes_before(const struct config *config, size_t a, size_t b)
{
    uint64_t bytes_a = memory_of(config, a);
    uint64_t bytes_b = memory_of(config, b);
    return bytes_a != bytes_b ? bytes_a > bytes_b
                              : strcmp(config->guests[a].name.text, config->guests[b].name.text) < 0;
}

/* Guests by size, then by name: whatever the order of tables is, each gets the same. */
static void sort_guests(const struct config *config, uint32_t order[CONFIG_GUESTS_MAX])
{
    for (uint32_t i = 0; i < config->guest_count; i++) {
        uint32_t at = i;
        while (at > 0 && goes_before(config, i, order[at - 1])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static void refuse_pieces(struct placing *p, size_t guest)
{
    char fix[DIAG_TEXT_SIZE], what[DIAG_TEXT_SIZE];
    size_t most = p->facts->limits.blocks_max;
    unsigned long long fits = memory_pool_largest(&p->pool, most) / MIB;
    format_text(fix, sizeof(fix), "write memory = \"%lluMiB\" or less", fits);
    format_text(what, sizeof(what), "free memory lies in too many pieces: a guest can have %zu of them, %llu MiB", most,
                fits);
    refuse(p, PLAN_MEMORY_PIECES, guest, fix, what);
}

static enum status place_all(struct placing *p, struct arena *arena, struct plan *out)
{
    uint32_t order[CONFIG_GUESTS_MAX] = {0};
    sort_guests(p->config, order);
    for (size_t i = 0; i < p->config->guest_count; i++) {
        struct plan_guest *guest = &out->guests[order[i]];
        struct plan_block *blocks = arena_array(arena, p->facts->limits.blocks_max, sizeof(struct plan_block));
        if (blocks == NULL) {
            return STATUS_NO_MEMORY;
        }
        const struct memory_wish wish = {memory_of(p->config, order[i]), p->facts->limits.low_ram_end,
                                         p->facts->limits.blocks_max};
        guest->memory = blocks;
        guest->block_count = memory_pool_take(&p->pool, &wish, blocks);
        if (guest->block_count == 0) {
            refuse_pieces(p, order[i]);
        }
    }
    return STATUS_OK;
}

enum status plan_memory(const struct plan_facts *facts, const struct config *config, const char *file,
                        struct arena *arena, struct plan *out, struct diag_list *diags)
{
    size_t before = diags->errors;
    struct placing p = {.facts = facts, .config = config, .file = file, .diags = diags};
    size_t pieces = config->guest_count * facts->limits.blocks_max;
    enum status status = memory_pool_make(facts->free, facts->free_count, pieces, arena, &p.pool);
    if (status != STATUS_OK) {
        return status;
    }
    memory_pool_keep(&p.pool, own_bytes(facts, config));
    check_sizes(&p);
    check_sum(&p);
    if (diags->errors == before) {
        status = place_all(&p, arena, out);
    }
    return status == STATUS_OK && diags->errors != before ? STATUS_UNSUPPORTED : status;
}

/* Leaves of that size in bytes of a guest's memory at `guest` that lie at `host`. */
static uint64_t leaves_of(uint64_t guest, uint64_t host, uint64_t bytes, uint64_t size)
{
    uint64_t first = align_up(guest, size);
    uint64_t end = align_down(guest + bytes, size);
    return ((guest ^ host) & (size - 1)) == 0 && end > first ? (end - first) / size : 0;
}

struct plan_leaves plan_memory_leaves(const struct plan_limits *limits, const struct plan_guest *guest)
{
    struct plan_leaves sum = {.gib = 0};
    uint64_t at = 0;
    for (size_t i = 0; i < guest->block_count; i++) {
        const struct plan_block *b = &guest->memory[i];
        uint64_t gib = leaves_of(at, b->start, b->size, GIB);
        uint64_t mib = leaves_of(at, b->start, b->size, 2 * MIB);
        sum.gib += gib;
        sum.mib += mib - gib * (GIB / (2 * MIB));
        sum.kib += b->size / PAGE_SIZE - mib * (2 * MIB / PAGE_SIZE);
        at += b->size;
        at = at == limits->low_ram_end ? 4 * GIB : at; /* a block never lies on both sides */
    }
    return sum;
}

size_t plan_memory_free(const struct memory_map *map, struct plan_block *out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < map->count && count < most; i++) {
        const struct memory_range *r = &map->ranges[i];
        uint64_t low = r->start < LOWEST ? LOWEST : r->start;
        uint64_t end = align_down(r->end, PAGE_SIZE);
        if (r->kind == MEMORY_RAM && low < end && align_up(low, PAGE_SIZE) < end) {
            uint64_t start = align_up(low, PAGE_SIZE);
            out[count++] = (struct plan_block){start, end - start};
        }
    }
    return count;
}
