/* SPDX-License-Identifier: GPL-2.0-only
 * The size of one event. */
#include "boot/efi/tcg_event.h"

#include "kernel/lib/cursor.h"

enum { SHA1_BYTES = 20, DIGESTS_MAX = 16 };

/* TCG Algorithm Registry; 0: unknown. */
static size_t digest_bytes(uint16_t algorithm)
{
    switch (algorithm) {
    case 0x04:
        return SHA1_BYTES;
    case 0x0b: /* SHA-256 */
    case 0x12: /* SM3 */
    case 0x27: /* SHA3-256 */
        return 32;
    case 0x0c: /* SHA-384 */
    case 0x28: /* SHA3-384 */
        return 48;
    case 0x0d: /* SHA-512 */
    case 0x29: /* SHA3-512 */
        return 64;
    default:
        return 0;
    }
}

static bool skip_digests(struct cursor *c)
{
    uint32_t count = cursor_u32(c);
    if (count > DIGESTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = digest_bytes(cursor_u16(c));
        if (bytes == 0) {
            return false;
        }
        cursor_take(c, bytes);
    }
    return true;
}

size_t tcg_event_bytes(const void *event, size_t max, bool is_header)
{
    struct cursor c = cursor_make(event, max);
    cursor_take(&c, 8); /* register, type */
    bool known = is_header ? cursor_take(&c, SHA1_BYTES) != NULL : skip_digests(&c);
    uint32_t bytes = cursor_u32(&c);
    cursor_take(&c, bytes);
    return known && !c.failed ? c.position : 0;
}
