/* SPDX-License-Identifier: GPL-2.0-only
 * Pinned images: those whose SHA-256 the configuration names start a guest only when it matches; else the guest starts
 * from its fallback images, or not at all. Pure. */
#ifndef BULKHEAD_GUEST_IMAGE_PINS_H
#define BULKHEAD_GUEST_IMAGE_PINS_H

#include "guest/image.h"
#include "kernel/lib/sha256.h"

/* Images that belong together, as the configuration names them; sha256 NULL: not pinned; name NULL: there is none. */
struct image_set {
    struct image_blob kernel, initrd;
    const char *kernel_name, *initrd_name;
    const char *kernel_sha256, *initrd_sha256; /* 64 hex digits of either case */
    const char *cmdline;
};

/* One image that is another one than was pinned. */
struct image_mismatch {
    const char *name;
    const char *expected;
    char found[SHA256_TEXT_SIZE];
    bool fallback; /* it belongs to the fallback set */
};

#define IMAGE_MISMATCHES_MAX 4

struct image_pins {
    const struct image_set *use; /* NULL: none of them may start */
    struct image_mismatch mismatches[IMAGE_MISMATCHES_MAX];
    size_t count;
    bool checked; /* something was pinned and hashed */
};

/* fallback->kernel_name NULL: there is no fallback. */
struct image_pins image_pins_choose(const struct image_set *images, const struct image_set *fallback);

#endif
