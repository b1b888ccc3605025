/* SPDX-License-Identifier: GPL-2.0-only
 * 16550 UART, polled (PC16550D data sheet, register summary). */
#include "kernel/core/serial.h"

#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"

enum {
    UART_DATA = 0,       /* receive, transmit; divisor low while DLAB */
    UART_INTERRUPTS = 1, /* divisor high while DLAB */
    UART_FIFO = 2,       /* write only */
    UART_LINE = 3,       /* line control */
    UART_MODEM = 4,      /* modem control */
    UART_STATUS = 5,     /* line status */
    UART_SCRATCH = 7,    /* no function; tells whether a UART is there */
    UART_FIFO_ON = 0x07, /* enable and clear both FIFOs */
    UART_LINE_8N1 = 0x03,
    UART_LINE_DLAB = 0x80,
    UART_MODEM_DTR_RTS = 0x03,
    UART_MODEM_OUT2 = 0x08, /* on PCs: lets the interrupt out */
    UART_INTERRUPT_RECEIVE = 0x01,
    UART_STATUS_DATA = 1 << 0,
    UART_STATUS_EMPTY = 1 << 5, /* transmit holding register (FIFO) empty */
    UART_STATUS_IDLE = 1 << 6,  /* and the last bit is on the wire */
    UART_CLOCK = 115200,
    UART_FIFO_BYTES = 16,
};

static struct {
    uint16_t port;     /* 0: none */
    uint64_t patience; /* microseconds for a full FIFO to drain, twice over */
    unsigned room;     /* bytes the transmit FIFO surely takes without a look */
    bool stuck;        /* the last wait was in vain: do not wait again until it moves */
} serial;

static bool is_present(uint16_t port)
{
    port_write8(port + UART_SCRATCH, 0x5a);
    bool first = port_read8(port + UART_SCRATCH) == 0x5a;
    port_write8(port + UART_SCRATCH, 0xa5);
    return first && port_read8(port + UART_SCRATCH) == 0xa5;
}

void serial_init(struct console_option option)
{
    serial.port = 0;
    serial.room = 0;
    serial.stuck = false;
    if (option.port == 0 || !is_present(option.port)) {
        return;
    }
    uint16_t divisor = (uint16_t)(UART_CLOCK / option.baud);
    port_write8(option.port + UART_INTERRUPTS, 0);
    port_write8(option.port + UART_LINE, UART_LINE_DLAB);
    port_write8(option.port + UART_DATA, (uint8_t)divisor);
    port_write8(option.port + UART_INTERRUPTS, (uint8_t)(divisor >> 8));
    port_write8(option.port + UART_LINE, UART_LINE_8N1);
    port_write8(option.port + UART_FIFO, UART_FIFO_ON);
    port_write8(option.port + UART_MODEM, UART_MODEM_DTR_RTS);
    /* 10 bits a character; 5 ms more for a host that empties an emulated UART late. */
    serial.patience = UINT64_C(2000000) * 10 * UART_FIFO_BYTES / option.baud + 5000;
    serial.port = option.port;
}

uint16_t serial_port(void)
{
    return serial.port;
}

static bool is_empty(void)
{
    return (port_read8(serial.port + UART_STATUS) & UART_STATUS_EMPTY) != 0;
}

/* Is there room for one byte, if need be after a wait? */
static bool make_room(void)
{
    if (serial.room == 0) {
        struct deadline end = deadline_in_us(serial.patience);
        while (!is_empty()) {
            if (serial.stuck || deadline_passed(end)) {
                serial.stuck = true;
                return false;
            }
            cpu_pause();
        }
        serial.stuck = false;
        serial.room = UART_FIFO_BYTES;
    }
    serial.room--;
    return true;
}

void serial_drain(void)
{
    struct deadline end = deadline_in_us(serial.patience);
    while (serial.port != 0 && (port_read8(serial.port + UART_STATUS) & UART_STATUS_IDLE) == 0 &&
           !deadline_passed(end)) {
        cpu_pause();
    }
}

static void put(char c)
{
    if (make_room()) {
        port_write8(serial.port + UART_DATA, (uint8_t)c);
    }
}

void serial_write(const char *bytes, size_t length)
{
    for (size_t i = 0; serial.port != 0 && i < length; i++) {
        if (bytes[i] == '\n') {
            put('\r');
        }
        put(bytes[i]);
    }
}

int serial_read(void)
{
    if (serial.port == 0 || (port_read8(serial.port + UART_STATUS) & UART_STATUS_DATA) == 0) {
        return -1;
    }
    return port_read8(serial.port + UART_DATA);
}

void serial_interrupt_on_receive(void)
{
    if (serial.port != 0) {
        port_write8(serial.port + UART_MODEM, UART_MODEM_DTR_RTS | UART_MODEM_OUT2);
        port_write8(serial.port + UART_INTERRUPTS, UART_INTERRUPT_RECEIVE);
    }
}
