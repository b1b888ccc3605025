/* SPDX-License-Identifier: GPL-2.0-only
 * Rules for files. 2 GiB: everything has to lie below 4 GiB, beside firmware and the other files. */
#include "boot/efi/file_rules.h"

#define FILE_BYTES_MAX (2 * GIB)

enum status file_rules_size(uint64_t size)
{
    if (size == 0) {
        return STATUS_BAD_FORMAT;
    }
    return size > FILE_BYTES_MAX ? STATUS_OUT_OF_RANGE : STATUS_OK;
}

struct file_refusal file_rules_refusal(enum status status)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        return (struct file_refusal){"there is no such file", "put it there, or correct its path in boot.cfg"};
    case STATUS_NO_MEMORY:
        return (struct file_refusal){"no memory below 4 GiB for it",
                                     "give the machine more memory, or load smaller files"};
    case STATUS_BAD_FORMAT:
        return (struct file_refusal){"it is empty", "put the right file there"};
    case STATUS_OUT_OF_RANGE:
        return (struct file_refusal){"it is larger than 2 GiB", "load smaller files"};
    case STATUS_CONFLICT:
        return (struct file_refusal){"it is a folder", "name a file in boot.cfg"};
    case STATUS_UNSUPPORTED:
        return (struct file_refusal){"this network software cannot tell a file's size",
                                     "boot by the firmware's own PXE, not by iPXE"};
    default:
        return (struct file_refusal){"cannot be read", "check the medium or the boot server"};
    }
}
