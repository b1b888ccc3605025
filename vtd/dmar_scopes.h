/* SPDX-License-Identifier: GPL-2.0-only
 * The device scopes at the end of a DMAR structure into facts (VT-d 4.1 8.3.1); for vtd/dmar_decode.c only. */
#ifndef BULKHEAD_VTD_DMAR_SCOPES_H
#define BULKHEAD_VTD_DMAR_SCOPES_H

#include "kernel/lib/cursor.h"
#include "vtd/dmar.h"

/* Read scopes until body ends. place: the structure they are in; body: its unread rest. A scope whose length cannot be
 * ends the reading, with an error in diags. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status dmar_scopes_read(struct dmar_scopes *scopes, const struct dmar_place *place, struct cursor body,
                                        struct arena *arena, struct diag_list *diags);

#endif
