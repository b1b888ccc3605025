/* SPDX-License-Identifier: GPL-2.0-only
 * Facts from UEFI's tables, protocols and variables. */
#include "boot/efi/facts.h"

#include "boot/efi/firmware.h"

enum { RSDP_BYTES = 36, NAME_MAX = 16 };

/* The byte of a variable that has one byte; 0: there is none. UEFI 2.10 3.3. */
static uint8_t flag_variable(const char *name)
{
    EFI_GUID global = EFI_GLOBAL_VARIABLE;
    CHAR16 wide[NAME_MAX];
    size_t n = 0;
    while (name[n] != 0 && n + 1 < NAME_MAX) {
        wide[n] = (CHAR16)name[n];
        n++;
    }
    wide[n] = 0;
    uint8_t value = 0;
    UINTN bytes = sizeof(value);
    EFI_STATUS got = firmware()->system->RuntimeServices->GetVariable(wide, &global, NULL, &bytes, &value);
    return !EFI_ERROR(got) && bytes == sizeof(value) ? value : 0;
}

bool facts_secure_boot(void)
{
    return flag_variable("SecureBoot") == 1 && flag_variable("SetupMode") == 0;
}

static void add_rsdp(struct info_block *block)
{
    static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID;
    const void *rsdp = firmware_table(&acpi_2);
    if (rsdp == NULL) {
        firmware_say("firmware has no ACPI 2.0 tables");
        return;
    }
    info_block_rsdp(block, rsdp, RSDP_BYTES);
}

/* Lowest bit and number of bits of a colour's mask. */
static void mask_to_field(uint32_t mask, uint8_t *at, uint8_t *bits)
{
    *at = mask != 0 ? (uint8_t)__builtin_ctz(mask) : 0;
    *bits = mask != 0 ? (uint8_t)(32 - __builtin_clz(mask) - *at) : 0;
}

static bool describe(const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode, struct info_framebuffer *out)
{
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = mode->Info;
    EFI_PIXEL_BITMASK masks = {0xff, 0xff00, 0xff0000, 0xff000000};
    if (info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor) {
        masks.RedMask = 0xff0000;
        masks.BlueMask = 0xff;
    } else if (info->PixelFormat == PixelBitMask) {
        masks = info->PixelInformation;
    } else if (info->PixelFormat != PixelRedGreenBlueReserved8BitPerColor) {
        return false;
    }
    uint32_t all = masks.RedMask | masks.GreenMask | masks.BlueMask | masks.ReservedMask;
    out->bits = all != 0 ? (uint8_t)((32 - __builtin_clz(all) + 7) / 8 * 8) : 0;
    out->at = mode->FrameBufferBase;
    out->pitch = info->PixelsPerScanLine * (out->bits / 8);
    out->width = info->HorizontalResolution;
    out->height = info->VerticalResolution;
    mask_to_field(masks.RedMask, &out->red_at, &out->red_bits);
    mask_to_field(masks.GreenMask, &out->green_at, &out->green_bits);
    mask_to_field(masks.BlueMask, &out->blue_at, &out->blue_bits);
    return true;
}

static void add_screen(struct info_block *block)
{
    static const EFI_GUID graphics = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    const EFI_GRAPHICS_OUTPUT_PROTOCOL *screen = firmware_any_protocol(&graphics);
    struct info_framebuffer facts = {0};
    if (screen == NULL || screen->Mode == NULL || screen->Mode->Info == NULL || !describe(screen->Mode, &facts)) {
        firmware_say("no screen with a frame buffer");
        return;
    }
    firmware_say("screen of %ux%u, frame buffer at 0x%llx", facts.width, facts.height, (unsigned long long)facts.at);
    info_block_framebuffer(block, &facts);
}

void facts_add(struct info_block *block)
{
    add_rsdp(block);
    add_screen(block);
    info_block_efi_system_table(block, (uint64_t)(uintptr_t)firmware()->system);
}
