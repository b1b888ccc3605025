/* SPDX-License-Identifier: GPL-2.0-only
 * The other plugins of the running Bochs: calls that they make are redirected, symbols that they have are found.
 * A library is named as in plugin_ctrl: "e1000" is libbx_e1000.so. */
#ifndef BULKHEAD_PLUGIN_LIBRARIES_H
#define BULKHEAD_PLUGIN_LIBRARIES_H

/* Let every call of `symbol` (mangled) from the library go to `function`. Returns the number of call slots, 0 when the
 * library is not loaded or has no such call. Doing it again changes nothing. */
unsigned libraries_replace(const char *library, const char *symbol, void *function);

bool libraries_loaded(const char *library);

/* A symbol of a loaded library; NULL when there is none. */
void *libraries_symbol(const char *library, const char *symbol);

/* Bytes of one of Bochs' own objects. */
unsigned libraries_size_of(const char *object);

#endif
