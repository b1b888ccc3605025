/* SPDX-License-Identifier: GPL-2.0-only
 * What a guest is started from, and what each kind of kernel asks for at its entry.
 * The kind is told by content, never by a file's name. Every field of an image is hostile until checked. */
#ifndef BULKHEAD_GUEST_IMAGE_H
#define BULKHEAD_GUEST_IMAGE_H

#include "guest/memory.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define IMAGE_MODULES_MAX 8
#define IMAGE_RANGES_MAX 24

/* Bytes of a boot module, as the loader left them. */
struct image_blob {
    const void *bytes;
    uint64_t size;
    const char *text; /* command line of the module, for multiboot; "" when there is none */
};

/* A line of the guest's memory map. */
struct image_range {
    uint64_t start;
    uint64_t size;
    bool ram; /* else reserved */
};

struct image_request {
    struct image_blob kernel;
    struct image_blob initrd;                     /* size 0: none */
    struct image_blob modules[IMAGE_MODULES_MAX]; /* multiboot modules or further PVH ones */
    size_t module_count;
    const char *cmdline;
    const char *kernel_name; /* multiboot kernels get it as the first word of their command line, as QEMU does it */
    struct gpa rsdp;         /* 0: no ACPI */
    struct image_range map[IMAGE_RANGES_MAX];
    size_t map_count;
};

enum image_kind {
    IMAGE_BZIMAGE,
    IMAGE_PVH,
    IMAGE_MULTIBOOT,
};

/* How the first vCPU starts: flat segments, interrupts off. */
struct image_entry {
    enum image_kind kind;
    bool long_mode; /* paging on with cr3; else 32-bit protected mode without paging */
    uint64_t cr3;
    uint64_t gdt_base;
    uint16_t gdt_limit;
    uint64_t rip;
    uint64_t rax, rbx, rsi;
};

/* Load everything into memory and say how to enter it. On an error `why` names what is wrong with the image, for a
 * diagnostic ("the kernel needs 66 MiB at 0x1000000; this guest has 32 MiB"). STATUS_BAD_FORMAT: not a kernel, or a
 * broken one; STATUS_NO_MEMORY: does not fit; STATUS_UNSUPPORTED: a kernel, but not one that can be started here. */
MUST_CHECK enum status image_load(const struct guest_memory *memory, const struct image_request *request,
                                  struct image_entry *entry, char *why, size_t why_size);

/* "bzImage", "PVH ELF", "multiboot". */
const char *image_kind_text(enum image_kind kind);

#endif
