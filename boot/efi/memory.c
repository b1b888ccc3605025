/* SPDX-License-Identifier: GPL-2.0-only
 * A copy of UEFI's memory map. */
#include "boot/efi/memory.h"

#include "boot/efi/firmware.h"

#define SLACK 8192

size_t memory_list_room(void)
{
    UINTN bytes = 0, key = 0, entry_size = 0;
    UINT32 version = 0;
    firmware()->boot->GetMemoryMap(&bytes, NULL, &key, &entry_size, &version);
    return bytes + SLACK;
}

enum status memory_list_get(struct memory_list *out)
{
    UINTN bytes = memory_list_room(), key = 0, entry_size = 0;
    UINT32 version = 0;
    void *buffer = NULL;
    if (EFI_ERROR(firmware()->boot->AllocatePool(EfiLoaderData, bytes, &buffer))) {
        return STATUS_NO_MEMORY;
    }
    EFI_STATUS got = firmware()->boot->GetMemoryMap(&bytes, buffer, &key, &entry_size, &version);
    *out = (struct memory_list){buffer, bytes, entry_size};
    if (EFI_ERROR(got) || entry_size < sizeof(EFI_MEMORY_DESCRIPTOR)) {
        memory_list_free(out);
        return STATUS_HARDWARE;
    }
    return STATUS_OK;
}

void memory_list_free(struct memory_list *list)
{
    firmware()->boot->FreePool(list->entries);
}
