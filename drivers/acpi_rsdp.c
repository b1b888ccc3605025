/* SPDX-License-Identifier: GPL-2.0-only
 * Root system description pointer (ACPI 6.5 5.2.5). */
#include "drivers/acpi_rsdp.h"

#include "drivers/acpi.h"
#include "drivers/acpi_diag.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

#define SIGNATURE "RSD PTR "
#define SIGNATURE_BYTES 8
#define EBDA_POINTER 0x40e /* BIOS data area: real-mode segment of the EBDA */
#define EBDA_BYTES 1024
#define BIOS_START 0xe0000
#define BIOS_END 0x100000
#define SEARCH_STEP 16

static bool basic_part_sound(const uint8_t *bytes, size_t length)
{
    return length >= ACPI_RSDP_V1_BYTES && memcmp(bytes, SIGNATURE, SIGNATURE_BYTES) == 0 &&
           acpi_sum(bytes, ACPI_RSDP_V1_BYTES) == 0;
}

/* The extended part counts only as a whole: its checksum covers all the bytes that its length names. */
static bool extended_part_sound(const uint8_t *bytes, size_t length)
{
    if (length < ACPI_RSDP_V2_BYTES) {
        return false;
    }
    struct cursor c = cursor_make(bytes + ACPI_RSDP_V1_BYTES, sizeof(uint32_t));
    uint32_t stated = cursor_u32(&c);
    return stated >= ACPI_RSDP_V2_BYTES && stated <= length && acpi_sum(bytes, stated) == 0;
}

enum status acpi_rsdp_parse(struct acpi_rsdp *rsdp, const uint8_t *bytes, size_t length, struct diag_list *diags)
{
    *rsdp = (struct acpi_rsdp){0};
    if (!basic_part_sound(bytes, length)) {
        diag_add(diags, ACPI_DIAG_RSDP_BAD, DIAG_WARNING, "ACPI RSDP", "use a loader that passes the firmware's RSDP",
                 "the RSDP of %zu bytes is too short or its signature or checksum is wrong", length);
        return STATUS_BAD_FORMAT;
    }
    struct cursor c = cursor_make(bytes, length);
    cursor_take(&c, 15); /* signature, checksum, OEM id */
    rsdp->revision = cursor_u8(&c);
    rsdp->rsdt = hpa(cursor_u32(&c));
    if (rsdp->revision < 2) {
        return STATUS_OK;
    }
    if (!extended_part_sound(bytes, length)) {
        diag_add(diags, ACPI_DIAG_RSDP_EXTENDED_BAD, DIAG_WARNING, "ACPI RSDP", "",
                 "the ACPI 2 part of the RSDP is short or its checksum is wrong; the RSDT is used, not the XSDT");
        return STATUS_OK;
    }
    cursor_u32(&c); /* length */
    rsdp->xsdt = hpa(cursor_u64(&c));
    return STATUS_OK;
}

/* The bytes at a possible RSDP: with the extended part where memory goes that far. */
static const uint8_t *candidate(uint64_t at, size_t *length)
{
    const uint8_t *bytes = phys_view(hpa(at), ACPI_RSDP_V2_BYTES);
    *length = ACPI_RSDP_V2_BYTES;
    if (bytes == NULL) {
        bytes = phys_view(hpa(at), ACPI_RSDP_V1_BYTES);
        *length = ACPI_RSDP_V1_BYTES;
    }
    return bytes;
}

static enum status search(struct acpi_rsdp *rsdp, uint64_t start, uint64_t end, struct diag_list *diags)
{
    for (uint64_t at = start; at < end; at += SEARCH_STEP) {
        size_t length = 0;
        const uint8_t *bytes = candidate(at, &length);
        if (bytes != NULL && basic_part_sound(bytes, length)) {
            return acpi_rsdp_parse(rsdp, bytes, length, diags);
        }
    }
    return STATUS_NOT_FOUND;
}

static uint64_t ebda_start(void)
{
    const uint8_t *pointer = phys_view(hpa(EBDA_POINTER), sizeof(uint16_t));
    if (pointer == NULL) {
        return 0;
    }
    struct cursor c = cursor_make(pointer, sizeof(uint16_t));
    return (uint64_t)cursor_u16(&c) << 4;
}

enum status acpi_rsdp_search(struct acpi_rsdp *rsdp, struct diag_list *diags)
{
    *rsdp = (struct acpi_rsdp){0};
    uint64_t ebda = ebda_start();
    if (ebda != 0 && search(rsdp, ebda, ebda + EBDA_BYTES, diags) == STATUS_OK) {
        return STATUS_OK;
    }
    enum status status = search(rsdp, BIOS_START, BIOS_END, diags);
    if (status != STATUS_OK) {
        diag_add(diags, ACPI_DIAG_NO_RSDP, DIAG_ERROR, "ACPI",
                 "boot with a loader that passes the RSDP (GRUB 2 with multiboot2, or the EFI loader)",
                 "no RSDP: the loader passed none, and the EBDA and 0xE0000..0xFFFFF hold none");
    }
    return status;
}
