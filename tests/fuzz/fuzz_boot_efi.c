/* SPDX-License-Identifier: GPL-2.0-only
 * What the EFI loader reads: boot.cfg, the hypervisor's ELF file, sections of a PE image, events of a TPM's log, the
 * answer of a DHCP server, the ACPI table SPCR. The first byte chooses; no read outside, and what is accepted keeps its
 * promises. */
#include <stdlib.h>
#include <string.h>

#include "boot/efi/boot_cfg.h"
#include "boot/efi/dhcp.h"
#include "boot/efi/kernel_image.h"
#include "boot/efi/pe_section.h"
#include "boot/efi/spcr.h"
#include "boot/efi/tcg_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_text(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

static void check_list(const uint8_t *data, size_t size)
{
    static struct boot_cfg cfg;
    struct boot_cfg_error error = {0};
    if (boot_cfg_parse((const char *)data, size, &cfg, &error) != STATUS_OK) {
        require(error.what != NULL && error.fix != NULL && error.line <= size + 1);
        return;
    }
    require(cfg.kernel.line != 0 && cfg.kernel.path[0] != 0 && is_text(cfg.kernel.path, sizeof(cfg.kernel.path)));
    require(cfg.module_count <= BOOT_MODULES_MAX && is_text(cfg.cmdline, sizeof(cfg.cmdline)));
    for (size_t i = 0; i < cfg.module_count; i++) {
        const struct boot_cfg_file *m = &cfg.modules[i];
        require(m->path[0] != 0 && m->text[0] != 0 && is_text(m->path, sizeof(m->path)) &&
                is_text(m->text, sizeof(m->text)));
    }
    const struct boot_cfg_file *open = boot_cfg_unpinned(&cfg);
    require(open == NULL || !open->pinned);
}

static void check_image(const uint8_t *data, size_t size)
{
    struct kernel_image image;
    if (kernel_image_parse(data, size, &image) != STATUS_OK) {
        return;
    }
    require(image.segment_count <= KERNEL_IMAGE_SEGMENTS_MAX && image.entry >= image.start && image.entry < image.end);
    for (size_t i = 0; i < image.segment_count; i++) {
        const struct kernel_segment *s = &image.segments[i];
        require((uint64_t)s->from + s->bytes <= size && s->to >= image.start &&
                (uint64_t)s->to + s->bytes + s->zeros <= image.end);
    }
}

static void check_answer(const uint8_t *data, size_t size)
{
    uint8_t address[DHCP_ADDRESS_BYTES];
    char folder[DHCP_FOLDER_MAX];
    for (size_t i = 0; i < 2; i++) {
        static const uint8_t codes[] = {54, 67};
        struct cursor value = dhcp_option(data, size, codes[i]);
        require(value.length == 0 || (value.bytes >= data && value.length <= size - (size_t)(value.bytes - data)));
    }
    dhcp_server(data, size, address);
    dhcp_boot_folder(data, size, folder);
    require(is_text(folder, sizeof(folder)));
    size_t length = strlen(folder);
    require(length == 0 || folder[length - 1] == '/' || folder[length - 1] == '\\');
    for (size_t i = 0; i < length; i++) {
        require(folder[i] >= ' ' && folder[i] <= '~');
    }
}

/* As it is, and with a right checksum over the length that it tells. */
static void check_console(const uint8_t *data, size_t size)
{
    struct spcr_console console = {0};
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    uint32_t told =
        size >= 10 ? copy[4] | (uint32_t)copy[5] << 8 | (uint32_t)copy[6] << 16 | (uint32_t)copy[7] << 24 : 0;
    if (told >= 10 && told <= size) {
        uint8_t sum = 0;
        copy[9] = 0;
        for (uint32_t i = 0; i < told; i++) {
            sum = (uint8_t)(sum + copy[i]);
        }
        copy[9] = (uint8_t)-sum;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (spcr_read(i == 0 ? data : copy, size, &console) == STATUS_OK) {
            require(console.port >= 0x100 && console.port <= 0xfff8 && console.baud != 0 && 115200 % console.baud == 0);
        }
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const uint8_t *rest = data + 1;
    size--;
    switch (data[0]) {
    case 'c':
        check_list(rest, size);
        break;
    case 'd':
        check_answer(rest, size);
        break;
    case 'k':
        check_image(rest, size);
        break;
    case 's':
        check_console(rest, size);
        break;
    case 'p': {
        struct pe_section section = pe_section_find(rest, size, ".bhcfg");
        require(section.bytes == NULL ||
                (section.bytes >= rest && section.length <= size - (size_t)(section.bytes - rest)));
        break;
    }
    default:
        require(tcg_event_bytes(rest, size, (data[0] & 1) != 0) <= size);
        break;
    }
    return 0;
}
