/* SPDX-License-Identifier: GPL-2.0-only
 * Graphviz's program dot. */
#ifndef BULKHEAD_TOOLS_GRAPHVIZ_H
#define BULKHEAD_TOOLS_GRAPHVIZ_H

#include <stdbool.h>
#include <stddef.h>

/* Draw that text as SVG on standard output. False: said why on stderr. */
bool graphviz_svg(const char *text, size_t length);

#endif
