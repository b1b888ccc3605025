/* SPDX-License-Identifier: GPL-2.0-only
 * The way out of firmware (UEFI 2.10 7.4.6). */
#include "boot/efi/leave.h"

#include "boot/efi/firmware.h"
#include "boot/efi/trampoline.h"
#include "kernel/lib/string.h"

#define TRIES 8 /* a timer of firmware's may change the map in between; more than twice was never seen */
#define FIX_MEMORY "give the machine more memory"

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

/* Between the map and leaving nothing may be allocated, nor anything printed. */
static enum status leave(struct info_block *block)
{
    EFI_BOOT_SERVICES *boot = firmware()->boot;
    size_t room = 0;
    void *entries = info_block_map_room(block, &room);
    for (unsigned i = 0; entries != NULL && i < TRIES; i++) {
        UINTN bytes = room, key = 0, entry_size = 0;
        UINT32 version = 0;
        if (EFI_ERROR(boot->GetMemoryMap(&bytes, entries, &key, &entry_size, &version))) {
            return STATUS_NO_MEMORY;
        }
        if (!EFI_ERROR(boot->ExitBootServices(firmware()->image, key))) {
            return info_block_finish(block, bytes, (uint32_t)entry_size, version);
        }
    }
    return STATUS_HARDWARE;
}

enum status leave_and_enter(struct info_block *block, const struct kernel_image *image, const struct file_blob *file)
{
    const struct trampoline_order order = order_of(block, image, file);
    size_t code_bytes = (size_t)(trampoline_end - trampoline_start);
    uint8_t *page = place_trampoline(&order, code_bytes);
    size_t room = 0;
    if (page == NULL || info_block_map_room(block, &room) == NULL) {
        return firmware_refuse(STATUS_NO_MEMORY, FIX_MEMORY, "no memory below 4 GiB for the last step");
    }
    firmware_say("firmware is left, the hypervisor entered at 0x%x", image->entry);
    if (leave(block) != STATUS_OK) {
        firmware()->system->RuntimeServices->ResetSystem(EfiResetCold, EFI_LOAD_ERROR, 0, NULL);
    }
    void (*run)(void *) = (void (*)(void *))(uintptr_t)page;
    run(page + code_bytes);
    return STATUS_HARDWARE;
}
