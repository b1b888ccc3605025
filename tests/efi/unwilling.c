/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware that gives a loader less than it needs: an EFI program that starts \EFI\BOOT\NEXT.EFI of its medium twice,
 * first with memory at 3 MiB kept for good, then with a memory map for the first who asks alone
 * (UEFI 2.10 7.2.1, 7.2.3).
 */
#include <efi.h>
#include <efilib.h>

#include "tests/efi/next.h"

#define KEPT 0x300000

static struct {
    EFI_GET_MEMORY_MAP get_map; /* firmware's own */
    unsigned maps_given;
} unwilling;

/* The question for the size, which comes without a buffer, is always answered. */
static EFI_STATUS EFIAPI get_one_map(UINTN *bytes, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *entry_size,
                                     UINT32 *version)
{
    if (map != NULL && unwilling.maps_given != 0) {
        return EFI_INVALID_PARAMETER;
    }
    EFI_STATUS status = unwilling.get_map(bytes, map, key, entry_size, version);
    unwilling.maps_given += map != NULL && !EFI_ERROR(status);
    return status;
}

static EFI_STATUS keep_its_place(EFI_HANDLE image)
{
    EFI_PHYSICAL_ADDRESS at = KEPT;
    if (EFI_ERROR(BS->AllocatePages(AllocateAddress, EfiReservedMemoryType, 1, &at))) {
        return EFI_SUCCESS;
    }
    EFI_STATUS status = next_start(image);
    BS->FreePages(at, 1);
    return status;
}

static EFI_STATUS give_one_map(EFI_HANDLE image)
{
    unwilling.get_map = BS->GetMemoryMap;
    BS->GetMemoryMap = get_one_map;
    EFI_STATUS status = next_start(image);
    BS->GetMemoryMap = unwilling.get_map;
    return status;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    InitializeLib(image, system);
    Print(keep_its_place(image) != EFI_SUCCESS ? L"unwilling: came back\r\n" : L"unwilling: FAILED\r\n");
    Print(give_one_map(image) != EFI_SUCCESS ? L"unwilling: came back again\r\n" : L"unwilling: FAILED\r\n");
    return EFI_LOAD_ERROR;
}
