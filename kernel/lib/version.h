/* SPDX-License-Identifier: GPL-2.0-only
 * The version of everything here: hypervisor and host tool. */
#ifndef BULKHEAD_LIB_VERSION_H
#define BULKHEAD_LIB_VERSION_H

#define BULKHEAD_VERSION "0.1"

#endif
