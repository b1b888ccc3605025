/* SPDX-License-Identifier: GPL-2.0-only
 * The order in which the EFI loader works: list, files, hashes, facts, out. */
#include "boot/efi/boot_cfg.h"
#include "boot/efi/facts.h"
#include "boot/efi/file_rules.h"
#include "boot/efi/files.h"
#include "boot/efi/firmware.h"
#include "boot/efi/info_block.h"
#include "boot/efi/kernel_image.h"
#include "boot/efi/leave.h"
#include "boot/efi/measure.h"
#include "boot/efi/memory.h"
#include "boot/efi/pe_section.h"
#include "boot/efi/place.h"
#include "boot/efi/serial.h"
#include "kernel/lib/sha256.h"
#include "kernel/lib/string.h"
#include "kernel/lib/version.h"

#define LIST_NAME "boot.cfg"
#define LIST_SECTION ".bhcfg" /* a list that was signed with the loader: tools/mkimage puts it there */
#define EVENT_LOG_MODULE "tpm-event-log"
#define TEXT_ROOM 16384 /* of the information block: everything but modules and memory map */

#define FIX_MKIMAGE "make the image anew with tools/mkimage"
#define FIX_SIGN "make the image with tools/mkimage --loader efi --sign KEY CERT"
#define FIX_PUT_BACK "put the file back that was pinned, or " FIX_MKIMAGE

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static struct {
    bool secure; /* Secure Boot is on */
    struct boot_cfg cfg;
    struct kernel_image image;
    struct file_blob kernel;
    struct file_blob modules[BOOT_MODULES_MAX];
    struct file_blob event_log;
    bool has_event_log;
} loader;

static enum status refuse_file(enum status status, const char *path)
{
    struct file_refusal words = file_rules_refusal(status);
    return firmware_refuse(status, words.fix, "%s: %s", path, words.what);
}

static enum status parse_list(const char *text, size_t length, const char *name)
{
    struct boot_cfg_error error;
    enum status status = boot_cfg_parse(text, length, &loader.cfg, &error);
    if (status != STATUS_OK) {
        return firmware_refuse(status, error.fix, "%s:%u: %s", name, error.line, error.what);
    }
    const struct boot_cfg_file *open = loader.secure ? boot_cfg_unpinned(&loader.cfg) : NULL;
    if (open != NULL) {
        return firmware_refuse(STATUS_CONFLICT, FIX_SIGN, "Secure Boot is on, and nothing pins %s", open->path);
    }
    return STATUS_OK;
}

/* What is inside the loader was signed with it, so it goes before any file. */
static enum status read_list(void)
{
    const EFI_LOADED_IMAGE *self = firmware()->self;
    struct pe_section inside = pe_section_find(self->ImageBase, self->ImageSize, LIST_SECTION);
    if (inside.bytes != NULL) {
        firmware_say("the list of files is the one inside the loader");
        return parse_list((const char *)inside.bytes, inside.length, LIST_SECTION);
    }
    if (loader.secure) {
        return firmware_refuse(STATUS_NOT_FOUND, FIX_SIGN,
                               "Secure Boot is on, and this loader has no list of hashes inside it");
    }
    struct file_blob file;
    enum status status = files_read(LIST_NAME, &file);
    if (status != STATUS_OK) {
        return refuse_file(status, LIST_NAME);
    }
    if (file.size > BOOT_CFG_BYTES_MAX) {
        return firmware_refuse(STATUS_BAD_FORMAT, FIX_MKIMAGE, LIST_NAME ": longer than 256 KiB");
    }
    return parse_list((const char *)file.bytes, file.size, LIST_NAME);
}

static enum status check_hash(const struct boot_cfg_file *file, const struct file_blob *blob)
{
    uint8_t digest[SHA256_BYTES];
    char text[SHA256_TEXT_SIZE], wanted[SHA256_TEXT_SIZE];
    sha256_of(blob->bytes, blob->size, digest);
    bool same = !file->pinned || memcmp(digest, file->sha256, SHA256_BYTES) == 0;
    firmware_say("%s bytes=%zu sha256=%s%s", file->path, blob->size, sha256_text(digest, text),
                 file->pinned && same ? " as pinned" : "");
    if (!same) {
        firmware_say("%s is pinned to sha256=%s", file->path, sha256_text(file->sha256, wanted));
        return firmware_refuse(STATUS_CONFLICT, FIX_PUT_BACK, "%s is not the file that line %u pins", file->path,
                               file->line);
    }
    return STATUS_OK;
}

static enum status load(const struct boot_cfg_file *file, struct file_blob *blob)
{
    enum status status = files_read(file->path, blob);
    if (status != STATUS_OK) {
        return refuse_file(status, file->path);
    }
    status = check_hash(file, blob);
    if (status == STATUS_OK) {
        measure_file(file->path, blob);
    }
    return status;
}

static enum status move_away(struct file_blob *blob)
{
    uint64_t start = (uint64_t)(uintptr_t)blob->bytes;
    if (start >= loader.image.end || start + blob->size <= loader.image.start) {
        return STATUS_OK;
    }
    uint8_t *other = firmware_pages(blob->size, EfiLoaderData);
    if (other == NULL) {
        return refuse_file(STATUS_NO_MEMORY, loader.cfg.kernel.path);
    }
    memcpy(other, blob->bytes, blob->size);
    blob->bytes = other;
    return STATUS_OK;
}

/* Its place is taken at once, so that nothing else is loaded there; the file itself may already lie in it. */
static enum status load_kernel(void)
{
    enum status status = load(&loader.cfg.kernel, &loader.kernel);
    if (status != STATUS_OK) {
        return status;
    }
    status = kernel_image_parse(loader.kernel.bytes, loader.kernel.size, &loader.image);
    if (status != STATUS_OK) {
        return firmware_refuse(status, "name Bulkhead's own bulkhead.elf as the kernel; guests' kernels are modules",
                               "%s is no Bulkhead image", loader.cfg.kernel.path);
    }
    status = place_reserve(&loader.image);
    return status == STATUS_OK ? move_away(&loader.kernel) : status;
}

static enum status load_modules(void)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < loader.cfg.module_count && status == STATUS_OK; i++) {
        status = load(&loader.cfg.modules[i], &loader.modules[i]);
    }
    return status;
}

static void add_module(struct info_block *block, const struct file_blob *file, const char *text)
{
    info_block_module(block, (uint32_t)(uintptr_t)file->bytes, (uint32_t)file->size, text);
}

static enum status make_block(struct info_block *block)
{
    size_t texts = TEXT_ROOM + sizeof(loader.cfg.modules) + memory_list_room();
    void *buffer = firmware_pages(texts, EfiLoaderData);
    if (buffer == NULL) {
        return firmware_refuse(STATUS_NO_MEMORY, "give the machine more memory",
                               "no memory below 4 GiB for the boot information");
    }
    *block = info_block_begin(buffer, texts);
    info_block_loader_name(block, "Bulkhead's EFI loader " BULKHEAD_VERSION);
    info_block_cmdline(block, loader.cfg.cmdline);
    for (size_t i = 0; i < loader.cfg.module_count; i++) {
        add_module(block, &loader.modules[i], loader.cfg.modules[i].text);
    }
    if (loader.has_event_log && loader.cfg.module_count < BOOT_MODULES_MAX) {
        add_module(block, &loader.event_log, EVENT_LOG_MODULE);
    }
    facts_add(block);
    return STATUS_OK;
}

static enum status boot(void)
{
    struct info_block block;
    loader.secure = facts_secure_boot();
    firmware_say("Bulkhead " BULKHEAD_VERSION ", Secure Boot is %s", loader.secure ? "on" : "off");
    enum status status = files_open();
    status = status == STATUS_OK ? read_list() : status;
    if (status != STATUS_OK) {
        return status;
    }
    serial_choose(loader.secure ? NULL : loader.cfg.cmdline, sizeof(loader.cfg.cmdline));
    measure_start();
    measure_text("command line", loader.cfg.cmdline);
    status = load_kernel();
    status = status == STATUS_OK ? load_modules() : status;
    if (status == STATUS_OK) {
        loader.has_event_log = measure_log(&loader.event_log);
        status = make_block(&block);
    }
    return status == STATUS_OK ? leave_and_enter(&block, &loader.image, &loader.kernel) : status;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    if (firmware_start(image, system) == STATUS_OK && boot() != STATUS_OK) {
        firmware_wait_for_reader();
    }
    return EFI_LOAD_ERROR;
}
