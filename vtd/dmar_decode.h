/* SPDX-License-Identifier: GPL-2.0-only
 * One DMAR structure at a time into facts (VT-d 4.1 8.3 to 8.9); for vtd/dmar.c only. */
#ifndef BULKHEAD_VTD_DMAR_DECODE_H
#define BULKHEAD_VTD_DMAR_DECODE_H

#include "kernel/lib/cursor.h"
#include "vtd/dmar.h"
#include "vtd/dmar_diag.h"

#define DMAR_FIX_FIRMWARE "update the firmware; if it stays, report the table to the machine's maker"

/* Bytes that a structure of that type has at least, its type and length fields included. */
size_t dmar_decode_smallest(uint16_t type);

/* Append the structure to its array in dmar, which has room for it. body: what follows type and length.
 * Its faults go to diags. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status dmar_decode(struct dmar *dmar, const struct dmar_place *place, struct cursor body,
                                   struct arena *arena, struct diag_list *diags);

/* A fault at "DMAR offset 0x30". */
void dmar_report(struct diag_list *diags, enum dmar_diag code, enum diag_severity severity, uint32_t offset,
                 const char *fix, const char *what, ...) __attribute__((format(printf, 6, 7)));

/* Copy text up to its first NUL (at most `bytes`), and end it; what is not printable ASCII becomes a space.
 * out has room for bytes + 1. */
void dmar_copy_text(char *out, const uint8_t *text, size_t bytes);

#endif
