/* SPDX-License-Identifier: GPL-2.0-only
 * The way out of firmware (UEFI 2.10 7.4.6). */
#include "boot/efi/leave.h"

#include "boot/efi/firmware.h"
#include "boot/efi/trampoline.h"
#include "kernel/lib/string.h"

#define TRIES 8 /* a timer of firmware's may change the map in between; more than twice was never seen */
#define FIX_MEMORY "give the machine more memory"
#define FIX_FIRMWARE "update the firmware, or boot by GRUB"

static uint32_t address_of(const void *p)
{
    return (uint32_t)(uintptr_t)p; /* from firmware_pages: below 4 GiB */
}

static struct trampoline_order order_of(const struct info_block *block, const struct kernel_image *image,
                                        const struct file_blob *file)
{
    struct trampoline_order order = {image->entry, address_of(block->bytes), (uint32_t)image->segment_count, 0, {{0}}};
    for (size_t i = 0; i < image->segment_count; i++) {
        order.segments[i] = image->segments[i];
        order.segments[i].from += address_of(file->bytes);
    }
    return order;
}

/* The code, and the order behind it. NULL: no memory. */
static uint8_t *place_trampoline(const struct trampoline_order *order, size_t code_bytes)
{
    uint8_t *page = firmware_pages(code_bytes + sizeof(*order), EfiLoaderCode);
    if (page != NULL) {
        memcpy(page, trampoline_start, code_bytes);
        memcpy(page + code_bytes, order, sizeof(*order));
    }
    return page;
}

struct map {
    void *entries;
    size_t room;
    UINTN bytes, key, entry_size;
    UINT32 version;
};

static bool get_map(struct map *map)
{
    map->bytes = map->room;
    return !EFI_ERROR(
        firmware()->boot->GetMemoryMap(&map->bytes, map->entries, &map->key, &map->entry_size, &map->version));
}

/* Between a map and leaving nothing may be allocated, nor anything printed; after a try that failed nothing may be
 * asked for but maps (UEFI 2.10 7.4.6). */
static bool leave(struct map *map)
{
    EFI_BOOT_SERVICES *boot = firmware()->boot;
    for (unsigned i = 0; i < TRIES; i++) {
        if (!EFI_ERROR(boot->ExitBootServices(firmware()->image, map->key))) {
            return true;
        }
        if (!get_map(map)) {
            break;
        }
    }
    return false;
}

enum status leave_and_enter(struct info_block *block, const struct kernel_image *image, const struct file_blob *file)
{
    const struct trampoline_order order = order_of(block, image, file);
    size_t code_bytes = (size_t)(trampoline_end - trampoline_start);
    uint8_t *page = place_trampoline(&order, code_bytes);
    struct map map = {0};
    map.entries = info_block_map_room(block, &map.room);
    if (page == NULL || map.entries == NULL) {
        return firmware_refuse(STATUS_NO_MEMORY, FIX_MEMORY, "no memory below 4 GiB for the last step");
    }
    firmware_say("leaving firmware; the hypervisor is entered at 0x%x", image->entry);
    if (!get_map(&map)) {
        return firmware_refuse(STATUS_HARDWARE, FIX_FIRMWARE, "firmware gives no memory map to leave it with");
    }
    if (!leave(&map) || info_block_finish(block, map.bytes, (uint32_t)map.entry_size, map.version) != STATUS_OK) {
        firmware()->system->RuntimeServices->ResetSystem(EfiResetCold, EFI_LOAD_ERROR, 0, NULL);
    }
    void (*run)(void *) = (void (*)(void *))(uintptr_t)page;
    run(page + code_bytes);
    return STATUS_HARDWARE;
}
