/* SPDX-License-Identifier: GPL-2.0-only
 * The two legacy interrupt controllers: moved away from the exceptions and masked for good. */
#ifndef BULKHEAD_CORE_PIC_H
#define BULKHEAD_CORE_PIC_H

void pic_disable(void);

#endif
