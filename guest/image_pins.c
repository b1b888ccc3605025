/* SPDX-License-Identifier: GPL-2.0-only
 * Pinned images. */
#include "guest/image_pins.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *expected, const char *found)
{
    size_t i = 0;
    while (found[i] != 0 && lower(expected[i]) == found[i]) {
        i++;
    }
    return found[i] == 0 && expected[i] == 0;
}

static bool matches(struct image_pins *pins, const char *name, const struct image_blob *blob, const char *expected,
                    bool fallback)
{
    if (expected == NULL) {
        return true;
    }
    struct image_mismatch *m = &pins->mismatches[pins->count];
    uint8_t digest[SHA256_BYTES];
    sha256_of(blob->bytes, blob->size, digest);
    pins->checked = true;
    if (same(expected, sha256_text(digest, m->found))) {
        return true;
    }
    m->name = name;
    m->expected = expected;
    m->fallback = fallback;
    pins->count++;
    return false;
}

/* Both are looked at: all that is wrong is told at once. */
static bool set_matches(struct image_pins *pins, const struct image_set *set, bool fallback)
{
    bool kernel = matches(pins, set->kernel_name, &set->kernel, set->kernel_sha256, fallback);
    bool initrd = matches(pins, set->initrd_name, &set->initrd, set->initrd_sha256, fallback);
    return kernel && initrd;
}

struct image_pins image_pins_choose(const struct image_set *images, const struct image_set *fallback)
{
    struct image_pins pins = {0};
    if (set_matches(&pins, images, false)) {
        pins.use = images;
    } else if (fallback->kernel_name != NULL && set_matches(&pins, fallback, true)) {
        pins.use = fallback;
    }
    return pins;
}
