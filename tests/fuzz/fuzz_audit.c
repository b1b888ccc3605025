/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes over the tables and registers of the hand-made machine: the audit ends, reads nothing outside memory, and
 * what it says adds up. Input: patches of 11 bytes each: word of the hypervisor's memory, 2 bytes; kind, 1; value, 8.
 */
#include <string.h>

#include "kernel/core/panic.h"
#include "tests/fake/audit_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATCH_BYTES 11u
#define WORDS_OF_PAGE 512u

static struct audit_rig rig;

/* Values that lead somewhere are rare among random ones: kinds aim them at table pages and guests' memory. */
static uint64_t aim(uint8_t kind, uint64_t value)
{
    switch (kind % 4) {
    case 0:
        return value;
    case 1:
        return audit_rig_at((enum audit_rig_page)(value >> 16 & 0x1f)) | (value & 0xfff);
    case 2:
        return (ARIG_WEB + (value >> 16 & 0x7ff) * PAGE_SIZE) | (value & 0xfff);
    default:
        return (value & 0xfff) | 0x80;
    }
}

static void patch(const uint8_t *p)
{
    unsigned place = p[0] | (unsigned)p[1] << 8;
    uint64_t value = 0;
    memcpy(&value, p + 3, sizeof(value));
    value = aim(p[2], value);
    uint64_t *registers[] = {&rig.cap, &rig.ecap, &rig.rtaddr, &rig.irta, &rig.iqa, &rig.owners[OWNER_WEB].root};
    if (p[2] >= 0xf8) {
        *registers[p[2] % ARRAY_LENGTH(registers)] = value;
    } else {
        *audit_rig_word((enum audit_rig_page)(place / WORDS_OF_PAGE % 32), place % WORDS_OF_PAGE) = value;
    }
}

static void ignore_line(void *context, const char *text)
{
    (void)context;
    bulkhead_assert(strlen(text) < 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct audit_writer writer = {ignore_line, NULL};
    audit_rig_make(&rig);
    for (; size >= PATCH_BYTES; size -= PATCH_BYTES, data += PATCH_BYTES) {
        patch(data);
    }
    bool sound = audit_rig_run(&rig, AUDIT_ALL, &writer);
    bulkhead_assert(sound == (rig.result.found == 0));
    bulkhead_assert(rig.result.leaves <= rig.result.tables * WORDS_OF_PAGE);
    audit_print(&rig.facts, AUDIT_ALL, &rig.result, 0, &writer);
    audit_rig_free(&rig);
    return 0;
}
