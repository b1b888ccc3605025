/* SPDX-License-Identifier: GPL-2.0-only
 * Files by EFI_PXE_BASE_CODE_PROTOCOL (UEFI 2.10 24.3), with what DHCP said (RFC 2131, RFC 2132). */
#include "boot/efi/pxe.h"

#include <efipxebc.h>

#include "boot/efi/firmware.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

#define PATH_MAX 512
#define FILE_BYTES_MAX (2 * GIB)
#define BLOCK_SIZE 1432 /* fills an Ethernet frame (RFC 2348); a server that knows no such option sends 512 */
#define OPTIONS_AT 240  /* RFC 2131 figure 1: the options begin behind the fixed fields and the magic cookie */

enum { OPTION_PAD = 0, OPTION_SERVER = 54, OPTION_BOOT_FILE = 67, OPTION_END = 255 };

static struct {
    EFI_PXE_BASE_CODE_PROTOCOL *protocol;
    EFI_IP_ADDRESS server;
    char folder[PATH_MAX]; /* of the boot file, with its slash */
} pxe;

/* The option's bytes in a DHCP packet; an empty cursor when it has none. */
static struct cursor find_option(const EFI_PXE_BASE_CODE_PACKET *packet, uint8_t wanted)
{
    struct cursor c = cursor_make(packet->Raw, sizeof(packet->Raw));
    cursor_take(&c, OPTIONS_AT);
    while (cursor_left(&c) > 1) {
        uint8_t code = cursor_u8(&c);
        if (code == OPTION_END) {
            break;
        }
        if (code == OPTION_PAD) {
            continue;
        }
        struct cursor value = cursor_slice(&c, cursor_u8(&c));
        if (code == wanted && !value.failed) {
            return value;
        }
    }
    return cursor_make(NULL, 0);
}

/* The answer that named the boot file: the PXE server's, a proxy's, or the DHCP server's own. */
static const EFI_PXE_BASE_CODE_PACKET *answer_of(const EFI_PXE_BASE_CODE_MODE *mode)
{
    if (mode->PxeReplyReceived) {
        return &mode->PxeReply;
    }
    return mode->ProxyOfferReceived ? &mode->ProxyOffer : &mode->DhcpAck;
}

static void find_server(const EFI_PXE_BASE_CODE_PACKET *answer)
{
    static const uint8_t none[4] = {0};
    const uint8_t *at = answer->Dhcpv4.BootpSiAddr;
    struct cursor option = find_option(answer, OPTION_SERVER);
    const uint8_t *named = cursor_take(&option, sizeof(none));
    if (memcmp(at, none, sizeof(none)) == 0 && named != NULL) {
        at = named;
    }
    memcpy(pxe.server.v4.Addr, at, sizeof(none));
}

static void find_folder(const EFI_PXE_BASE_CODE_PACKET *answer)
{
    const char *name = (const char *)answer->Dhcpv4.BootpBootFile;
    size_t length = strnlen(name, sizeof(answer->Dhcpv4.BootpBootFile));
    struct cursor option = find_option(answer, OPTION_BOOT_FILE);
    if (length == 0 && cursor_left(&option) != 0) {
        length = cursor_left(&option);
        name = (const char *)cursor_take(&option, length);
    }
    while (length != 0 && name[length - 1] != '/' && name[length - 1] != '\\') {
        length--;
    }
    memcpy(pxe.folder, name, length);
    pxe.folder[length] = 0;
}

enum status pxe_open(EFI_HANDLE device)
{
    static const EFI_GUID guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
    pxe.protocol = firmware_protocol(device, &guid);
    if (pxe.protocol == NULL || pxe.protocol->Mode == NULL || !pxe.protocol->Mode->Started ||
        pxe.protocol->Mode->UsingIpv6 || !pxe.protocol->Mode->DhcpAckReceived) {
        return STATUS_NOT_FOUND;
    }
    const EFI_PXE_BASE_CODE_PACKET *answer = answer_of(pxe.protocol->Mode);
    find_server(answer);
    find_folder(answer);
    const uint8_t *at = pxe.server.v4.Addr;
    firmware_say("files are read by TFTP from %u.%u.%u.%u, folder \"%s\"", at[0], at[1], at[2], at[3], pxe.folder);
    return STATUS_OK;
}

static EFI_STATUS transfer(EFI_PXE_BASE_CODE_TFTP_OPCODE what, void *buffer, uint64_t *bytes, char *path)
{
    UINTN block = BLOCK_SIZE;
    return pxe.protocol->Mtftp(pxe.protocol, what, buffer, FALSE, bytes, &block, &pxe.server, (UINT8 *)path, NULL,
                               FALSE);
}

static bool make_path(const char *path, char out[PATH_MAX])
{
    size_t before = path[0] == '/' ? 0 : strlen(pxe.folder), length = strlen(path);
    if (before + length >= PATH_MAX) {
        return false;
    }
    memcpy(out, pxe.folder, before);
    memcpy(out + before, path, length + 1);
    return true;
}

enum status pxe_read(const char *path, struct file_blob *out)
{
    char whole[PATH_MAX];
    uint64_t size = 0;
    if (!make_path(path, whole)) {
        return STATUS_BAD_FORMAT;
    }
    EFI_STATUS found = transfer(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size, whole);
    if (found == EFI_UNSUPPORTED) {
        return STATUS_UNSUPPORTED;
    }
    if (EFI_ERROR(found)) {
        return found == EFI_TFTP_ERROR || found == EFI_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_HARDWARE;
    }
    if (size == 0 || size > FILE_BYTES_MAX) {
        return STATUS_BAD_FORMAT;
    }
    uint64_t pages = align_up(size, PAGE_SIZE);
    out->bytes = firmware_pages(pages, EfiLoaderData);
    if (out->bytes == NULL) {
        return STATUS_NO_MEMORY;
    }
    out->size = size;
    uint64_t bytes = size;
    bool read = !EFI_ERROR(transfer(EFI_PXE_BASE_CODE_TFTP_READ_FILE, out->bytes, &bytes, whole)) && bytes == size;
    memset(out->bytes + size, 0, pages - size);
    return read ? STATUS_OK : STATUS_HARDWARE;
}
