/* SPDX-License-Identifier: GPL-2.0-only
 * Taking the hypervisor's place. The image is copied there last of all, when firmware has been left: until then only
 * what is free is taken, and what firmware uses itself stays as it is. */
#include "boot/efi/place.h"

#include "boot/efi/firmware.h"
#include "boot/efi/memory.h"

#define FIX "update the firmware, turn off what it keeps there (option ROMs, legacy support), or boot by GRUB"

struct reserve {
    uint64_t start, end;
    uint64_t known; /* bytes of it that the map knows and that can be had */
    enum status status;
};

static void take(struct reserve *r, uint64_t start, uint64_t end)
{
    EFI_PHYSICAL_ADDRESS at = start;
    if (EFI_ERROR(firmware()->boot->AllocatePages(AllocateAddress, EfiLoaderData, (end - start) / PAGE_SIZE, &at))) {
        r->status = firmware_refuse(STATUS_CONFLICT, FIX, "firmware does not give 0x%llx..0x%llx for the hypervisor",
                                    (unsigned long long)start, (unsigned long long)end);
    }
}

static void look(struct reserve *r, const EFI_MEMORY_DESCRIPTOR *d)
{
    uint64_t start = d->PhysicalStart > r->start ? d->PhysicalStart : r->start;
    uint64_t d_end = d->PhysicalStart + d->NumberOfPages * PAGE_SIZE;
    uint64_t end = d_end < r->end ? d_end : r->end;
    if (start >= end || r->status != STATUS_OK) {
        return;
    }
    enum place_use use = place_use_of(d->Type);
    if (use == PLACE_TAKEN) {
        r->status = firmware_refuse(STATUS_CONFLICT, FIX, "firmware keeps 0x%llx..0x%llx, where the hypervisor goes",
                                    (unsigned long long)start, (unsigned long long)end);
    } else if (use == PLACE_FREE) {
        take(r, start, end);
    }
    r->known += end - start;
}

enum status place_reserve(const struct kernel_image *image)
{
    struct reserve r = {.start = image->start, .end = image->end};
    struct memory_list list;
    enum status status = memory_list_get(&list);
    if (status != STATUS_OK) {
        return firmware_refuse(status, "give the machine more memory", "firmware gives no memory map");
    }
    for (size_t at = 0; at + list.entry_size <= list.bytes; at += list.entry_size) {
        look(&r, (const EFI_MEMORY_DESCRIPTOR *)(list.entries + at));
    }
    memory_list_free(&list);
    if (r.status == STATUS_OK && r.known != r.end - r.start) {
        return firmware_refuse(STATUS_CONFLICT, FIX, "there is no memory all over 0x%llx..0x%llx for the hypervisor",
                               (unsigned long long)r.start, (unsigned long long)r.end);
    }
    return r.status;
}
