/* SPDX-License-Identifier: GPL-2.0-only
 * Records of the log that outlives a reset. */
#include "kernel/lib/last_log.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define MAGIC UINT64_C(0x474f4c5453414c42) /* "BLASTLOG" as it lies in memory */
#define VERSION 1u
#define HALF_BYTES ((size_t)LAST_LOG_RECORDS * LAST_LOG_RECORD)
#define LINES (LAST_LOG_RECORDS - 1) /* records of a half but its head */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)
#define AHEAD (64 * MIB) /* of RAM behind it: firmware and loaders work from the end of RAM */

struct head {
    uint64_t checksum; /* of all bytes behind it */
    uint64_t magic;
    uint64_t boot;
    uint32_t version;
    uint32_t end;  /* enum last_log_end */
    uint64_t told; /* it was shown */
    uint8_t unused[LAST_LOG_RECORD - 40];
};

struct line {
    uint64_t checksum; /* likewise */
    uint64_t number;   /* counted from 0; decides the place */
    uint64_t boot;
    uint32_t bytes;
    uint32_t unused;
    char text[LAST_LOG_TEXT - 1];
};

_Static_assert(sizeof(struct head) == LAST_LOG_RECORD, "a record");
_Static_assert(sizeof(struct line) == LAST_LOG_RECORD, "a record");

/* Against memory that lost bits or was used by somebody else, not against an attacker: FNV-1a over words, with the
 * upper half folded in, which multiplication alone leaves to the top bits. */
static uint64_t checksum(const void *record)
{
    uint64_t words[LAST_LOG_RECORD / sizeof(uint64_t)];
    uint64_t hash = HASH_START;
    memcpy(words, record, LAST_LOG_RECORD);
    for (size_t i = 1; i < ARRAY_LENGTH(words); i++) {
        hash = (hash ^ words[i]) * HASH_PRIME;
        hash ^= hash >> 32;
    }
    return hash;
}

/* --- place */

/* RAM for firmware, whoever uses it now. */
static bool is_memory(const struct memory_map *map, uint64_t start, uint64_t bytes)
{
    for (enum memory_kind kind = MEMORY_ACPI; kind <= MEMORY_UNUSABLE; kind++) {
        if (memory_map_overlaps(map, start, bytes, kind)) {
            return false;
        }
    }
    return memory_map_covers(map, start, bytes);
}

/* Within the first GiB, where no page of a guest can be larger than 2 MiB anyway, and far from both ends of RAM: the
 * loader puts modules at its start. */
bool last_log_place(const struct memory_map *map, uint64_t *start)
{
    static const uint64_t places[] = {0x3f000000, 0x1f000000, 0x0f000000, 0x07000000, 0x03000000};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (is_memory(map, places[i], AHEAD)) {
            *start = places[i];
            return !memory_map_overlaps(map, places[i], LAST_LOG_BYTES, MEMORY_LOADER) &&
                   !memory_map_overlaps(map, places[i], LAST_LOG_BYTES, MEMORY_HYPERVISOR);
        }
    }
    return false;
}

/* --- writing */

static void put_head(struct last_log *log)
{
    struct head h = {.magic = MAGIC, .version = VERSION, .boot = log->boot, .end = (uint32_t)log->end};
    h.checksum = checksum(&h);
    memcpy(log->half, &h, LAST_LOG_RECORD);
    log->flush(log->half, LAST_LOG_RECORD);
}

static void put_record(struct last_log *log, const char *text, size_t bytes)
{
    struct line l = {.number = log->number, .boot = log->boot, .bytes = (uint32_t)bytes};
    uint8_t *at = log->half + (size_t)LAST_LOG_RECORD * (1 + log->number % LINES);
    memcpy(l.text, text, bytes);
    l.checksum = checksum(&l);
    memcpy(at, &l, LAST_LOG_RECORD);
    log->flush(at, LAST_LOG_RECORD);
    log->number++;
}

void last_log_put(struct last_log *log, const char *line)
{
    size_t left = strlen(line);
    do {
        size_t part = left < LAST_LOG_TEXT - 1 ? left : LAST_LOG_TEXT - 1;
        put_record(log, line, part);
        line += part;
        left -= part;
    } while (left != 0);
}

void last_log_mark(struct last_log *log, enum last_log_end end)
{
    log->end = end;
    put_head(log);
}

/* --- reading */

/* A private copy that is sound. */
static bool read_line(const uint8_t *half, uint64_t boot, size_t index, struct line *l)
{
    memcpy(l, half + (size_t)LAST_LOG_RECORD * (1 + index), LAST_LOG_RECORD);
    return l->checksum == checksum(l) && l->boot == boot && l->bytes < LAST_LOG_TEXT && l->number % LINES == index &&
           l->number < UINT64_MAX - LINES;
}

bool last_log_read(const struct last_log_found *found, uint64_t number, char text[LAST_LOG_TEXT])
{
    struct line l;
    if (!read_line(found->half, found->boot, (size_t)(number % LINES), &l) || l.number != number) {
        return false;
    }
    for (uint32_t i = 0; i < l.bytes; i++) {
        text[i] = (char)(l.text[i] >= 0x20 && l.text[i] < 0x7f ? l.text[i] : '?');
    }
    text[l.bytes] = '\0';
    return true;
}

/* Which records there are: up to the highest number. */
static void find_range(struct last_log_found *found)
{
    struct line l;
    found->first = found->end_number = 0;
    for (size_t i = 0; i < LINES; i++) {
        if (read_line(found->half, found->boot, i, &l) && l.number >= found->end_number) {
            found->end_number = l.number + 1;
        }
    }
    if (found->end_number > LINES) {
        found->first = found->end_number - LINES;
    }
}

static enum last_log_state look(uint8_t *half, struct head *h)
{
    memcpy(h, half, LAST_LOG_RECORD);
    if (h->magic != MAGIC) {
        return LAST_LOG_NOTHING;
    }
    bool sound = h->checksum == checksum(h) && h->version == VERSION && h->end <= LAST_LOG_ORDERED &&
                 h->boot < UINT64_MAX && h->told <= 1;
    return sound ? LAST_LOG_FOUND : LAST_LOG_DAMAGED;
}

static void mark_told(uint8_t *half, struct head *h, void (*flush)(const void *, size_t))
{
    h->told = 1;
    h->checksum = checksum(h);
    memcpy(half, h, LAST_LOG_RECORD);
    flush(half, LAST_LOG_RECORD);
}

static void begin(struct last_log *log, uint8_t *half, uint64_t boot, void (*flush)(const void *, size_t))
{
    *log = (struct last_log){.half = half, .boot = boot, .end = LAST_LOG_UNSAID, .flush = flush};
    memset(half, 0, HALF_BYTES);
    flush(half, HALF_BYTES);
    put_head(log);
}

enum last_log_state last_log_open(struct last_log *log, uint8_t *region, void (*flush)(const void *at, size_t bytes),
                                  struct last_log_found *found)
{
    struct head heads[2];
    enum last_log_state states[2] = {look(region, &heads[0]), look(region + HALF_BYTES, &heads[1])};
    size_t newest = states[1] == LAST_LOG_FOUND && (states[0] != LAST_LOG_FOUND || heads[1].boot > heads[0].boot);
    bool damaged = states[0] == LAST_LOG_DAMAGED || states[1] == LAST_LOG_DAMAGED;
    if (states[newest] != LAST_LOG_FOUND) {
        begin(log, region, 1, flush);
        return damaged ? LAST_LOG_DAMAGED : LAST_LOG_NOTHING;
    }
    uint8_t *half = region + newest * HALF_BYTES;
    bool told = heads[newest].told != 0;
    *found =
        (struct last_log_found){.half = half, .boot = heads[newest].boot, .end = (enum last_log_end)heads[newest].end};
    find_range(found);
    mark_told(half, &heads[newest], flush);
    begin(log, region + (1 - newest) * HALF_BYTES, found->boot + 1, flush);
    return !told ? LAST_LOG_FOUND : damaged ? LAST_LOG_DAMAGED : LAST_LOG_NOTHING;
}
