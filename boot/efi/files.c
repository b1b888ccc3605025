/* SPDX-License-Identifier: GPL-2.0-only
 * Reading files through EFI_SIMPLE_FILE_SYSTEM_PROTOCOL (UEFI 2.10 13.4), or through boot/efi/pxe.c. */
#include "boot/efi/files.h"

#include "boot/efi/boot_cfg.h"
#include "boot/efi/file_rules.h"
#include "boot/efi/firmware.h"
#include "boot/efi/pxe.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define FOLDER_MAX 512
#define PATH_MAX (FOLDER_MAX + BOOT_CFG_PATH_MAX)
#define INFO_SIZE (sizeof(EFI_FILE_INFO) + PATH_MAX * sizeof(CHAR16))

enum { NODE_MEDIA = 4, NODE_FILE_PATH = 4, NODE_END = 0x7f, NODE_HEADER = 4 };

static struct {
    EFI_FILE_HANDLE volume;  /* NULL: PXE */
    char folder[FOLDER_MAX]; /* the loader's own, with the backslash at its end */
} files;

/* Firmware's text behind what is there; other than ASCII becomes '?', which opens nothing. */
static void append_wide(char *path, const uint8_t *text, size_t bytes)
{
    size_t used = strlen(path);
    for (size_t i = 0; i + 1 < bytes && used + 1 < FOLDER_MAX; i += 2) {
        unsigned c = text[i] | (unsigned)text[i + 1] << 8;
        if (c == 0) {
            break;
        }
        path[used++] = c < 0x80 ? (char)c : '?';
    }
    path[used] = 0;
}

static void cut_to_folder(char *path)
{
    size_t n = strlen(path);
    while (n != 0 && path[n - 1] != '\\' && path[n - 1] != '/') {
        n--;
    }
    path[n] = 0;
}

/* The path nodes of the image's own device path (UEFI 2.10 10.3.5.4) say which file it is. */
static void find_folder(void)
{
    const uint8_t *node = (const uint8_t *)firmware()->self->FilePath;
    size_t length = 0;
    for (; node != NULL && node[0] != NODE_END; node += length) {
        length = node[2] | (size_t)node[3] << 8;
        if (length < NODE_HEADER) {
            break;
        }
        if (node[0] == NODE_MEDIA && node[1] == NODE_FILE_PATH) {
            append_wide(files.folder, node + NODE_HEADER, length - NODE_HEADER);
        }
    }
    cut_to_folder(files.folder);
    if (files.folder[0] == 0) {
        memcpy(files.folder, "\\", 2);
    }
}

/* PXE first: iPXE puts a file system beside it, which has nothing but what iPXE itself loaded. */
enum status files_open(void)
{
    static const EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_HANDLE device = firmware()->self->DeviceHandle;
    if (pxe_open(device) == STATUS_OK) {
        return STATUS_OK;
    }
    EFI_FILE_IO_INTERFACE *system = firmware_protocol(device, &file_system);
    if (system != NULL && !EFI_ERROR(system->OpenVolume(system, &files.volume))) {
        find_folder();
        firmware_say("files are read from %s on the medium that the loader came from", files.folder);
        return STATUS_OK;
    }
    return firmware_refuse(STATUS_UNSUPPORTED, "start it from an EFI system partition, a CD, or by PXE over IPv4",
                           "the loader came from a device that has neither files nor PXE");
}

static void make_path(const char *path, CHAR16 wide[PATH_MAX])
{
    bool absolute = path[0] == '/' || path[0] == '\\';
    size_t before = absolute ? 0 : strlen(files.folder), length = strnlen(path, BOOT_CFG_PATH_MAX - 1);
    for (size_t i = 0; i < before + length; i++) {
        char c = i < before ? files.folder[i] : path[i - before];
        wide[i] = (CHAR16)(c == '/' ? '\\' : c);
    }
    wide[before + length] = 0;
}

static enum status size_of(EFI_FILE_HANDLE file, uint64_t *size)
{
    static const EFI_GUID file_info = EFI_FILE_INFO_ID;
    uint64_t buffer[INFO_SIZE / sizeof(uint64_t) + 1];
    UINTN bytes = sizeof(buffer);
    EFI_GUID guid = file_info;
    if (EFI_ERROR(file->GetInfo(file, &guid, &bytes, buffer))) {
        return STATUS_HARDWARE;
    }
    const EFI_FILE_INFO *info = (const EFI_FILE_INFO *)buffer;
    *size = info->FileSize;
    return (info->Attribute & EFI_FILE_DIRECTORY) != 0 ? STATUS_CONFLICT : file_rules_size(info->FileSize);
}

static enum status read_open(EFI_FILE_HANDLE file, struct file_blob *out)
{
    uint64_t size = 0;
    enum status fits = size_of(file, &size);
    if (fits != STATUS_OK) {
        return fits;
    }
    uint64_t whole = align_up(size, PAGE_SIZE);
    out->bytes = firmware_pages(whole, EfiLoaderData);
    if (out->bytes == NULL) {
        return STATUS_NO_MEMORY;
    }
    out->size = size;
    UINTN bytes = size;
    bool read = !EFI_ERROR(file->Read(file, &bytes, out->bytes)) && bytes == size;
    memset(out->bytes + size, 0, whole - size);
    return read ? STATUS_OK : STATUS_HARDWARE;
}

enum status files_read(const char *path, struct file_blob *out)
{
    if (files.volume == NULL) {
        return pxe_read(path, out);
    }
    CHAR16 wide[PATH_MAX];
    make_path(path, wide);
    EFI_FILE_HANDLE file = NULL;
    EFI_STATUS opened = files.volume->Open(files.volume, &file, wide, EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(opened)) {
        return opened == EFI_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_HARDWARE;
    }
    enum status status = read_open(file, out);
    file->Close(file);
    return status;
}
