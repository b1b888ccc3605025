/* SPDX-License-Identifier: GPL-2.0-only
 * Finding serial ports: ACPI 6.5 5.2.5 to 5.2.8 for the way to the SPCR; UEFI 2.10 14.4 for PCI. */
#include "boot/efi/serial.h"

#include <efi.h>

#include <efipciio.h>

#include "boot/efi/firmware.h"
#include "boot/efi/spcr.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define WORD_SIZE 40 /* " console=0xffff,115200" */

enum {
    RSDP_XSDT_AT = 24,
    HEADER_SIZE = 36,
    TABLE_BYTES_MAX = 65536,
    PCI_CLASS = 0x08, /* revision, then three bytes of class */
    PCI_BAR0 = 0x10,
    PCI_BAR_IO = 1,
    CLASS_SERIAL = 0x0700,
};

/* The whole length that a table's own header tells; 0: none that can be. */
static size_t length_of(const uint8_t *table)
{
    struct cursor c = cursor_make(table, HEADER_SIZE);
    cursor_take(&c, 4);
    uint32_t length = cursor_u32(&c);
    return length >= HEADER_SIZE && length <= TABLE_BYTES_MAX ? length : 0;
}

/* Firmware's tables are where its pointers say, as for everything else it hands to a loader. */
static const uint8_t *find_table(const char *signature)
{
    static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID;
    const uint8_t *rsdp = firmware_table(&acpi_2);
    if (rsdp == NULL) {
        return NULL;
    }
    struct cursor root = cursor_make(rsdp + RSDP_XSDT_AT, sizeof(uint64_t));
    const uint8_t *xsdt = (const uint8_t *)(uintptr_t)cursor_u64(&root);
    if (xsdt == NULL) {
        return NULL;
    }
    struct cursor entries = cursor_make(xsdt, length_of(xsdt));
    cursor_take(&entries, HEADER_SIZE);
    while (cursor_left(&entries) >= sizeof(uint64_t)) {
        const uint8_t *table = (const uint8_t *)(uintptr_t)cursor_u64(&entries);
        if (table != NULL && memcmp(table, signature, 4) == 0) {
            return table;
        }
    }
    return NULL;
}

static bool own_console(struct spcr_console *out)
{
    const uint8_t *table = find_table("SPCR");
    if (table == NULL) {
        return false;
    }
    if (spcr_read(table, length_of(table), out) != STATUS_OK) {
        firmware_say("serial: the firmware's console is no 16550 at an I/O port that the hypervisor could use");
        return false;
    }
    firmware_say("serial: the firmware's own console is console=0x%x,%u", out->port, out->baud);
    return true;
}

static void look_at(EFI_PCI_IO_PROTOCOL *card)
{
    UINT32 kind = 0, bar = 0;
    UINTN segment = 0, bus = 0, device = 0, function = 0;
    if (EFI_ERROR(card->Pci.Read(card, EfiPciIoWidthUint32, PCI_CLASS, 1, &kind)) ||
        bits_get(kind, 31, 16) != CLASS_SERIAL ||
        EFI_ERROR(card->Pci.Read(card, EfiPciIoWidthUint32, PCI_BAR0, 1, &bar)) ||
        EFI_ERROR(card->GetLocation(card, &segment, &bus, &device, &function))) {
        return;
    }
    if ((bar & PCI_BAR_IO) != 0 && bits_get(bar, 15, 3) != 0) {
        firmware_say("serial: PCI %04x:%02x:%02x.%x is console=0x%x,115200", (unsigned)segment, (unsigned)bus,
                     (unsigned)device, (unsigned)function, (unsigned)(bar & MASK32(15, 3)));
    }
}

static void list_cards(void)
{
    static const EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
    EFI_GUID guid = pci_io;
    UINTN count = 0;
    EFI_HANDLE *handles = NULL;
    if (EFI_ERROR(firmware()->boot->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles))) {
        return;
    }
    for (UINTN i = 0; i < count; i++) {
        EFI_PCI_IO_PROTOCOL *card = firmware_protocol(handles[i], &pci_io);
        if (card != NULL) {
            look_at(card);
        }
    }
    firmware()->boot->FreePool(handles);
}

static bool names_console(const char *cmdline)
{
    static const char word[] = "console=";
    for (size_t i = 0; cmdline[i] != 0; i++) {
        bool starts = i == 0 || cmdline[i - 1] == ' ';
        if (starts && strncmp(cmdline + i, word, sizeof(word) - 1) == 0) {
            return true;
        }
    }
    return false;
}

static void add_console(const struct spcr_console *own, char *cmdline, size_t size)
{
    char word[WORD_SIZE];
    size_t used = strlen(cmdline);
    size_t length = format_text(word, sizeof(word), "%sconsole=0x%x,%u", used != 0 ? " " : "", own->port, own->baud);
    if (!names_console(cmdline) && used + length < size) {
        memcpy(cmdline + used, word, length + 1);
        firmware_say("serial: the hypervisor's console is the firmware's");
    }
}

void serial_choose(char *cmdline, size_t size)
{
    struct spcr_console own;
    bool has_own = own_console(&own);
    list_cards();
    if (has_own && cmdline != NULL) {
        add_console(&own, cmdline, size);
    }
}
