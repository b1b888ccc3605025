/* SPDX-License-Identifier: GPL-2.0-only
 * Small services on top of UEFI's. */
#include "boot/efi/firmware.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define LINE_SIZE 400
#define WAIT_STEPS 200
#define WAIT_STEP_US 100000

static struct firmware root;

const struct firmware *firmware(void)
{
    return &root;
}

enum status firmware_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    static const EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    root = (struct firmware){.image = image, .system = system, .boot = system->BootServices};
    root.self = firmware_protocol(image, &loaded_image);
    root.boot->SetWatchdogTimer(0, 0, 0, NULL); /* reading big images may take longer than its five minutes */
    return root.self != NULL ? STATUS_OK : STATUS_HARDWARE;
}

static void print(const char *text)
{
    CHAR16 wide[LINE_SIZE + 3];
    size_t n = 0;
    while (text[n] != 0 && n < LINE_SIZE) {
        wide[n] = (CHAR16)text[n];
        n++;
    }
    wide[n++] = '\r';
    wide[n++] = '\n';
    wide[n] = 0;
    root.system->ConOut->OutputString(root.system->ConOut, wide);
}

void firmware_say(const char *fmt, ...)
{
    char line[LINE_SIZE];
    size_t used = format_text(line, sizeof(line), "loader: ");
    va_list args;
    va_start(args, fmt);
    format_text_v(line + used, sizeof(line) - used, fmt, args);
    va_end(args);
    print(line);
}

enum status firmware_refuse(enum status status, const char *fix, const char *fmt, ...)
{
    char line[LINE_SIZE];
    va_list args;
    va_start(args, fmt);
    format_text_v(line, sizeof(line), fmt, args);
    va_end(args);
    firmware_say("refused: %s; fix: %s", line, fix);
    return status;
}

void *firmware_pages(size_t bytes, EFI_MEMORY_TYPE type)
{
    EFI_PHYSICAL_ADDRESS at = UINT32_MAX;
    UINTN pages = align_up(bytes, PAGE_SIZE) / PAGE_SIZE;
    EFI_STATUS status = root.boot->AllocatePages(AllocateMaxAddress, type, pages, &at);
    return EFI_ERROR(status) ? NULL : (void *)at; // NOLINT(performance-no-int-to-ptr)
}

/* UEFI's functions do not write to GUIDs, though their prototypes do not say so. */
static EFI_GUID *guid_argument(const EFI_GUID *guid, EFI_GUID *copy)
{
    *copy = *guid;
    return copy;
}

void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid)
{
    void *protocol = NULL;
    EFI_GUID copy;
    EFI_STATUS status = root.boot->HandleProtocol(handle, guid_argument(guid, &copy), &protocol);
    return EFI_ERROR(status) ? NULL : protocol;
}

void *firmware_any_protocol(const EFI_GUID *guid)
{
    void *protocol = NULL;
    EFI_GUID copy;
    EFI_STATUS status = root.boot->LocateProtocol(guid_argument(guid, &copy), NULL, &protocol);
    return EFI_ERROR(status) ? NULL : protocol;
}

const void *firmware_table(const EFI_GUID *guid)
{
    for (UINTN i = 0; i < root.system->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *table = &root.system->ConfigurationTable[i];
        if (memcmp(&table->VendorGuid, guid, sizeof(*guid)) == 0) {
            return table->VendorTable;
        }
    }
    return NULL;
}

void firmware_wait_for_reader(void)
{
    SIMPLE_INPUT_INTERFACE *keys = root.system->ConIn;
    EFI_INPUT_KEY key;
    firmware_say("press a key, or wait 20 s: the firmware goes on");
    for (unsigned i = 0; i < WAIT_STEPS; i++) {
        if (keys != NULL && keys->ReadKeyStroke(keys, &key) == EFI_SUCCESS) {
            return;
        }
        root.boot->Stall(WAIT_STEP_US);
    }
}
