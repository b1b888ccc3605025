/* SPDX-License-Identifier: GPL-2.0-only
 * Files by EFI_PXE_BASE_CODE_PROTOCOL (UEFI 2.10 24.3), from where DHCP said. */
#include "boot/efi/pxe.h"

#include <efipxebc.h>

#include "boot/efi/boot_cfg.h"
#include "boot/efi/dhcp.h"
#include "boot/efi/file_rules.h"
#include "boot/efi/firmware.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define PATH_MAX (DHCP_FOLDER_MAX + BOOT_CFG_PATH_MAX)
#define BLOCK_SIZE 1432 /* fills an Ethernet frame (RFC 2348); a server that knows no such option sends 512 */

static struct {
    EFI_PXE_BASE_CODE_PROTOCOL *protocol;
    EFI_IP_ADDRESS server;
    char folder[DHCP_FOLDER_MAX]; /* of the boot file, with its slash */
} pxe;

/* The answer that named the boot file: the PXE server's, a proxy's, or the DHCP server's own. */
static const EFI_PXE_BASE_CODE_PACKET *answer_of(const EFI_PXE_BASE_CODE_MODE *mode)
{
    if (mode->PxeReplyReceived) {
        return &mode->PxeReply;
    }
    return mode->ProxyOfferReceived ? &mode->ProxyOffer : &mode->DhcpAck;
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
    dhcp_server(answer->Raw, sizeof(answer->Raw), pxe.server.v4.Addr);
    dhcp_boot_folder(answer->Raw, sizeof(answer->Raw), pxe.folder);
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

static void make_path(const char *path, char out[PATH_MAX])
{
    size_t before = path[0] == '/' ? 0 : strlen(pxe.folder), length = strnlen(path, BOOT_CFG_PATH_MAX - 1);
    memcpy(out, pxe.folder, before);
    memcpy(out + before, path, length);
    out[before + length] = 0;
}

enum status pxe_read(const char *path, struct file_blob *out)
{
    char whole[PATH_MAX];
    uint64_t size = 0;
    make_path(path, whole);
    EFI_STATUS found = transfer(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size, whole);
    if (found == EFI_UNSUPPORTED) {
        return STATUS_UNSUPPORTED;
    }
    if (EFI_ERROR(found)) {
        return found == EFI_TFTP_ERROR || found == EFI_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_HARDWARE;
    }
    enum status fits = file_rules_size(size);
    if (fits != STATUS_OK) {
        return fits;
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
