/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware that protects memory from DMA and leaves that on, and that has data of its own where the hypervisor goes,
 * and a memory map that changes at the last moment: an EFI program that switches the first remapping unit of QEMU's q35
 * on, all devices passed through, takes memory at 3 MiB, lets the first ExitBootServices fail, and starts
 * \EFI\BOOT\NEXT.EFI of the same medium (VT-d 4.1 9.1 root entry, 9.3 context entry, 11.4 registers; UEFI 2.10 7.4.6).
 */
#include <efi.h>
#include <efilib.h>

#include "tests/efi/next.h"

#define IN_THE_WAY 0x300000
#define PAGES_IN_THE_WAY 16
#define UNIT 0xfed90000
#define GCMD 0x18
#define GSTS 0x1c
#define RTADDR 0x20
#define TE (UINT32_C(1) << 31)
#define SRTP (UINT32_C(1) << 30)
#define PRESENT 1
#define TYPE_PASS (2 << 2)
#define WIDTH_39 1
#define DOMAIN_AT 8
#define ENTRIES 256
#define WAIT_STEPS 1000
#define MORE 0x100000

static struct {
    EFI_EXIT_BOOT_SERVICES leave; /* firmware's own */
    BOOLEAN was_asked;
} late;

static volatile UINT32 *reg32(UINTN offset)
{
    return (volatile UINT32 *)(UNIT + offset);
}

static BOOLEAN order(UINT32 command, UINT32 status)
{
    *reg32(GCMD) = command;
    for (UINTN i = 0; i < WAIT_STEPS && (*reg32(GSTS) & status) == 0; i++) {
        BS->Stall(100);
    }
    return (*reg32(GSTS) & status) != 0;
}

/* Every bus has the one context table, in which every function passes. The tables stay firmware's for good. */
static BOOLEAN switch_on(void)
{
    EFI_PHYSICAL_ADDRESS at = UINT32_MAX;
    if (EFI_ERROR(BS->AllocatePages(AllocateMaxAddress, EfiReservedMemoryType, 2, &at))) {
        return FALSE;
    }
    UINT64 *root = (UINT64 *)at, *context = root + 2 * ENTRIES;
    for (UINTN i = 0; i < ENTRIES; i++) {
        root[2 * i] = (UINT64)context | PRESENT;
        root[2 * i + 1] = 0;
        context[2 * i] = PRESENT | TYPE_PASS;
        context[2 * i + 1] = WIDTH_39 | 1 << DOMAIN_AT;
    }
    *(volatile UINT64 *)reg32(RTADDR) = at;
    return order(SRTP, SRTP) && order(TE, TE);
}

/* Firmware's until it has been left. Filled, so that an image loaded around it would not run. */
static BOOLEAN sit_in_the_way(void)
{
    EFI_PHYSICAL_ADDRESS at = IN_THE_WAY;
    if (EFI_ERROR(BS->AllocatePages(AllocateAddress, EfiBootServicesData, PAGES_IN_THE_WAY, &at))) {
        return FALSE;
    }
    SetMem((void *)at, PAGES_IN_THE_WAY * EFI_PAGE_SIZE, 0xcc);
    return TRUE;
}

/* The first time the caller's key goes stale, as when a timer of firmware's allocates: firmware's own answer to that is
 * what the caller gets. */
static EFI_STATUS EFIAPI leave_late(EFI_HANDLE image, UINTN key)
{
    void *more = NULL;
    if (!late.was_asked && !EFI_ERROR(BS->AllocatePool(EfiBootServicesData, MORE, &more))) {
        late.was_asked = TRUE;
        Print(L"left_on: the memory map changes\r\n");
    }
    return late.leave(image, key);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    InitializeLib(image, system);
    Print(switch_on() ? L"left_on: translation is on\r\n" : L"left_on: FAILED\r\n");
    Print(sit_in_the_way() ? L"left_on: 3 MiB are in use\r\n" : L"left_on: FAILED\r\n");
    late.leave = BS->ExitBootServices;
    BS->ExitBootServices = leave_late;
    return next_start(image);
}
