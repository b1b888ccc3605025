/* SPDX-License-Identifier: GPL-2.0-only
 * What the loader has of UEFI: the two handles it was given, memory, and a console (UEFI Specification 2.10). */
#ifndef BULKHEAD_BOOT_EFI_FIRMWARE_H
#define BULKHEAD_BOOT_EFI_FIRMWARE_H

#include <efi.h>

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct firmware {
    EFI_HANDLE image;
    EFI_SYSTEM_TABLE *system;
    EFI_BOOT_SERVICES *boot;
    EFI_LOADED_IMAGE *self; /* what firmware knows of this loader: where it came from, where it lies */
};

/* First of all. STATUS_HARDWARE: firmware does not know its own image. */
MUST_CHECK enum status firmware_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

const struct firmware *firmware(void);

/* One line on the firmware's console, cut at 400 characters. */
void firmware_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Say what is wrong and how to mend it; returns status, for `return firmware_refuse(...)`. */
enum status firmware_refuse(enum status status, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Whole pages below 4 GiB, of which multiboot2 can speak; NULL: there are none left. */
void *firmware_pages(size_t bytes, EFI_MEMORY_TYPE type);

/* The protocol on handle, NULL: it has none. */
void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid);

/* The first handle's that has it. */
void *firmware_any_protocol(const EFI_GUID *guid);

/* The configuration table of that GUID, NULL: none. */
const void *firmware_table(const EFI_GUID *guid);

/* Leave the message on the screen until a key is pressed or 20 s are over. */
void firmware_wait_for_reader(void);

#endif
