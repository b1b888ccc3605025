/* SPDX-License-Identifier: GPL-2.0-only
 * The boot CPU's variable MTRRs, as Linux has them in /proc/mtrr. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/mtrr.h"
#include "kernel/lib/bits.h"
#include "tools/bulkhead/dump_parts.h"

/* Linux's words (arch/x86/kernel/cpu/mtrr/if.c). */
static bool type_of(const char *text, enum mtrr_type *out)
{
    static const struct {
        const char *text;
        enum mtrr_type type;
    } types[] = {{"uncachable", MTRR_UNCACHED},
                 {"write-combining", MTRR_WRITE_COMBINING},
                 {"write-through", MTRR_WRITE_THROUGH},
                 {"write-protect", MTRR_WRITE_PROTECTED},
                 {"write-back", MTRR_WRITE_BACK}};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        if (strcmp(text, types[i].text) == 0) {
            *out = types[i].type;
            return true;
        }
    }
    return false;
}

/* "reg01: base=0x0c0000000 ( 3072MB), size= 1024MB, count=1: uncachable" */
static void dump_line(struct dump_part *part, const char *line)
{
    uint64_t base = 0, size = 0;
    char unit = 0, text[32] = "";
    enum mtrr_type type = MTRR_UNCACHED;
    if (sscanf(line, "reg%*u: base=0x%" SCNx64 " (%*[^)]), size=%" SCNu64 "%cB, count=%*u: %31s", &base, &size, &unit,
               text) != 4 ||
        (unit != 'K' && unit != 'M') || size == 0 || size > BIT64(40) || !type_of(text, &type)) {
        dump_missing(part, "an MTRR", "/proc/mtrr has a line that nobody here knows");
        return;
    }
    fprintf(part->out, "mtrr 0x%" PRIx64 " bytes 0x%" PRIx64 " type %s\n", base, size * (unit == 'K' ? KIB : MIB),
            mtrr_type_text(type));
}

void dump_mtrrs(struct dump_part *part)
{
    size_t length = 0;
    uint8_t *bytes = host_tree_read(part->tree, "/proc/mtrr", &length);
    char *state = NULL;
    if (bytes == NULL) {
        return; /* a CPU without them, or a Linux */
    }
    for (char *line = strtok_r((char *)bytes, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
        dump_line(part, line);
    }
    free(bytes);
}
