/* SPDX-License-Identifier: GPL-2.0-only
 * What a DHCP answer says of the boot server and the boot file (RFC 2131 figure 1, RFC 2132). Bytes from the network
 * that nobody has checked. */
#ifndef BULKHEAD_BOOT_EFI_DHCP_H
#define BULKHEAD_BOOT_EFI_DHCP_H

#include "kernel/lib/cursor.h"
#include "kernel/lib/types.h"

#define DHCP_ADDRESS_BYTES 4
#define DHCP_FOLDER_MAX 256

/* The option's bytes; an empty cursor when the packet has none, or one that goes past its end. */
struct cursor dhcp_option(const void *packet, size_t length, uint8_t wanted);

/* The IPv4 address of the server with the boot file; 0.0.0.0 when the packet names none. */
void dhcp_server(const void *packet, size_t length, uint8_t out[DHCP_ADDRESS_BYTES]);

/* The boot file's folder with the slash (or backslash) at its end; empty when there is none. What is not plain ASCII
 * becomes '?', as it goes to a console and into a path. */
void dhcp_boot_folder(const void *packet, size_t length, char out[DHCP_FOLDER_MAX]);

#endif
