/* SPDX-License-Identifier: GPL-2.0-only
 * A log kept over resets while others write into its memory: lines, resets, stray bytes, and records that are wrong but
 * have the right checksum, in the order that the input says. */
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/cursor.h"
#include "kernel/lib/last_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PUT, PATCH, PATCH_WELL, MARK, RESET, OPERATIONS };

static uint8_t region[LAST_LOG_BYTES] __attribute__((aligned(8)));

static void no_flush(const void *at, size_t bytes)
{
    const uint8_t *start = at;
    if (start < region || start + bytes > region + sizeof(region)) {
        abort();
    }
}

/* As kernel/lib/last_log.c does. */
static void seal(size_t record)
{
    uint8_t *r = region + record * LAST_LOG_RECORD;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = sizeof(hash); i < LAST_LOG_RECORD; i += sizeof(hash)) {
        uint64_t word;
        memcpy(&word, r + i, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
    }
    memcpy(r, &hash, sizeof(hash));
}

static void patch(struct cursor *c, bool well)
{
    size_t record = (size_t)cursor_u16(c) % (LAST_LOG_BYTES / LAST_LOG_RECORD);
    size_t offset = cursor_u8(c);
    region[record * LAST_LOG_RECORD + offset] = cursor_u8(c);
    if (well) {
        seal(record);
    }
}

static void put(struct cursor *c, struct last_log *log)
{
    char line[256] = "";
    size_t bytes = cursor_u8(c);
    for (size_t i = 0; i < bytes; i++) {
        line[i] = (char)(cursor_left(c) != 0 ? cursor_u8(c) : 'x');
    }
    last_log_put(log, line);
}

static void read_all(const struct last_log_found *found)
{
    if (found->end_number < found->first || found->end_number - found->first >= LAST_LOG_RECORDS) {
        abort();
    }
    for (uint64_t i = found->first; i < found->end_number; i++) {
        char text[LAST_LOG_TEXT];
        if (!last_log_read(found, i, text)) {
            continue;
        }
        size_t length = strnlen(text, sizeof(text));
        if (length == sizeof(text)) {
            abort();
        }
        for (size_t at = 0; at < length; at++) {
            if (text[at] < 0x20 || text[at] > 0x7e) {
                abort();
            }
        }
    }
}

static void reset(struct last_log *log)
{
    struct last_log_found found;
    if (last_log_open(log, region, no_flush, &found) == LAST_LOG_FOUND) {
        read_all(&found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size < 512 ? size : 512);
    struct last_log log;
    memset(region, 0, sizeof(region));
    reset(&log);
    for (unsigned resets = 0; cursor_left(&c) != 0 && resets < 8;) {
        uint8_t operation = cursor_u8(&c);
        switch (operation % OPERATIONS) {
        case PUT:
            put(&c, &log);
            break;
        case PATCH:
        case PATCH_WELL:
            patch(&c, operation % OPERATIONS == PATCH_WELL);
            break;
        case MARK:
            last_log_mark(&log, (enum last_log_end)(cursor_u8(&c) % (LAST_LOG_ORDERED + 1)));
            break;
        default:
            reset(&log);
            resets++;
            break;
        }
    }
    reset(&log);
    return 0;
}
