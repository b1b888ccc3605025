/* SPDX-License-Identifier: GPL-2.0-only
 * What firmware and boot loader measured (drivers/tpm_log.h), passed on to the service guest: as events `measured` at
 * the start, and by the command measured-log. It proves nothing by itself: who compares it with the TPM's registers
 * needs a quote. One log, of this machine. */
#ifndef BULKHEAD_SERVICE_MEASURED_H
#define BULKHEAD_SERVICE_MEASURED_H

#include "drivers/tpm_log.h"

#define MEASURED_EVENTS_MAX 512u /* sent at the start; further ones by the command alone */

/* The log's bytes, which stay: read once to see how many events are sound. Returns how many. */
size_t measured_use(const uint8_t *bytes, size_t length);

/* There is none: in words, which live on. */
void measured_absent(const char *why);

size_t measured_count(void);

/* Why there is none, or NULL; and: is the log unsound behind its last event? */
const char *measured_why_not(void);
bool measured_is_cut(void);

/* The index-th event. STATUS_NOT_FOUND: there are fewer. Costs as many steps as the index says. */
MUST_CHECK enum status measured_at(size_t index, struct tpm_event *out);

/* Its digest in hex; returns text. */
#define MEASURED_DIGEST_TEXT_SIZE (2 * TPM_LOG_DIGEST_MAX + 1)
char *measured_digest_text(const struct tpm_event *event, char text[MEASURED_DIGEST_TEXT_SIZE]);

/* Put an event for each. */
void measured_tell(void);

/* Another log may come. */
void measured_reset(void);

#endif
