/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware that protects memory from DMA and leaves that on, and that has data of its own where the hypervisor goes: an
 * EFI program that switches the first remapping unit of QEMU's q35 on, all devices passed through, takes memory at 3
 * MiB, and then starts \EFI\BOOT\NEXT.EFI of the same medium (VT-d 4.1 9.1 root entry, 9.3 context entry, 11.4
 * registers). */
#include <efi.h>
#include <efilib.h>

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

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    InitializeLib(image, system);
    EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *self = NULL;
    EFI_HANDLE next = NULL;
    Print(switch_on() ? L"left_on: translation is on\r\n" : L"left_on: FAILED\r\n");
    Print(sit_in_the_way() ? L"left_on: 3 MiB are in use\r\n" : L"left_on: FAILED\r\n");
    EFI_STATUS status = BS->HandleProtocol(image, &loaded_image, (void **)&self);
    if (!EFI_ERROR(status)) {
        EFI_DEVICE_PATH *path = FileDevicePath(self->DeviceHandle, L"\\EFI\\BOOT\\NEXT.EFI");
        status = BS->LoadImage(FALSE, image, path, NULL, 0, &next);
    }
    return EFI_ERROR(status) ? status : BS->StartImage(next, NULL, NULL);
}
