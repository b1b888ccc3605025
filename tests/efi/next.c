/* SPDX-License-Identifier: GPL-2.0-only
 * Starting the next program (UEFI 2.10 7.4.1, 7.4.2). */
#include "tests/efi/next.h"

#include <efilib.h>

EFI_STATUS next_start(EFI_HANDLE image)
{
    EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *self = NULL;
    EFI_HANDLE next = NULL;
    EFI_STATUS status = BS->HandleProtocol(image, &loaded_image, (void **)&self);
    if (!EFI_ERROR(status)) {
        EFI_DEVICE_PATH *path = FileDevicePath(self->DeviceHandle, L"\\EFI\\BOOT\\NEXT.EFI");
        status = BS->LoadImage(FALSE, image, path, NULL, 0, &next);
    }
    return EFI_ERROR(status) ? status : BS->StartImage(next, NULL, NULL);
}
