/* SPDX-License-Identifier: GPL-2.0-only
 * The one result type: what went wrong in hardware, firmware, configuration or guest input. */
#ifndef BULKHEAD_LIB_STATUS_H
#define BULKHEAD_LIB_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,
    STATUS_NO_MEMORY,    /* no page or arena space left */
    STATUS_TIMEOUT,      /* hardware did not answer before the deadline */
    STATUS_BAD_FORMAT,   /* a length, checksum or field contradicts itself */
    STATUS_OUT_OF_RANGE, /* an address or index outside what it may name */
    STATUS_NOT_FOUND,    /* the thing asked for is not there */
    STATUS_UNSUPPORTED,  /* this machine or this software cannot do it */
    STATUS_CONFLICT,     /* it clashes with something already there */
    STATUS_HARDWARE,     /* the device reported an error of its own */
};

/* A short lower-case word for a status ("timeout"); never NULL. */
const char *status_text(enum status status);

#endif
