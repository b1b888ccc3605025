/* SPDX-License-Identifier: GPL-2.0-only
 * 8259A pair (Intel 8259A data sheet: initialisation command words). */
#include "kernel/core/pic.h"

#include "kernel/core/vectors.h"
#include "kernel/hw/port.h"

enum {
    PIC_MASTER = 0x20,
    PIC_MASTER_DATA = 0x21,
    PIC_SLAVE = 0xa0,
    PIC_SLAVE_DATA = 0xa1,
    ICW1_INIT_WITH_ICW4 = 0x11,
    ICW3_MASTER_SLAVE_ON_2 = 0x04,
    ICW3_SLAVE_ID_2 = 0x02,
    ICW4_8086 = 0x01,
    MASK_ALL = 0xff,
};

void pic_disable(void)
{
    port_write8(PIC_MASTER, ICW1_INIT_WITH_ICW4);
    port_write8(PIC_SLAVE, ICW1_INIT_WITH_ICW4);
    port_write8(PIC_MASTER_DATA, VECTOR_PIC);
    port_write8(PIC_SLAVE_DATA, VECTOR_PIC + 8);
    port_write8(PIC_MASTER_DATA, ICW3_MASTER_SLAVE_ON_2);
    port_write8(PIC_SLAVE_DATA, ICW3_SLAVE_ID_2);
    port_write8(PIC_MASTER_DATA, ICW4_8086);
    port_write8(PIC_SLAVE_DATA, ICW4_8086);
    port_write8(PIC_MASTER_DATA, MASK_ALL);
    port_write8(PIC_SLAVE_DATA, MASK_ALL);
}
