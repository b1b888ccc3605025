/* SPDX-License-Identifier: GPL-2.0-only
 * 16550A registers, receive FIFO and interrupt priorities. */
#include "guest/uart.h"

#include "kernel/lib/bits.h"

enum {
    IER_RECEIVE = 1,
    IER_TRANSMIT = 2,
    IER_LINE = 4,
    IER_MODEM = 8,
    IIR_NONE = 1, /* else the cause, highest priority first: */
    IIR_LINE = 6,
    IIR_RECEIVE = 4,
    IIR_TIMEOUT = 12,
    IIR_TRANSMIT = 2,
    IIR_MODEM = 0,
    IIR_FIFOS = 0xc0,
    FCR_ENABLE = 1,
    FCR_CLEAR_RECEIVE = 2,
    LCR_DLAB = 0x80,
    MCR_DTR = 1,
    MCR_RTS = 2,
    MCR_OUT1 = 4,
    MCR_OUT2 = 8,
    MCR_LOOP = 16,
    LSR_READY = 1,
    LSR_OVERRUN = 2,
    LSR_TRANSMIT_EMPTY = 0x60, /* holding register and shifter */
    MSR_CTS = 0x10,
    MSR_DSR = 0x20,
    MSR_RI = 0x40,
    MSR_DCD = 0x80,
};

void uart_init(struct uart *u, void *context, void (*output)(void *context, uint8_t byte))
{
    *u = (struct uart){.divisor = 1, .context = context, .output = output};
}

static bool has_fifo(const struct uart *u)
{
    return (u->fcr & FCR_ENABLE) != 0;
}

static unsigned capacity(const struct uart *u)
{
    return has_fifo(u) ? UART_FIFO_SIZE : 1;
}

static void push(struct uart *u, uint8_t byte)
{
    if (u->count >= capacity(u)) {
        u->overrun = true;
        if (!has_fifo(u)) { /* the newer character wins without FIFO, is lost with it */
            u->fifo[u->head] = byte;
        }
        return;
    }
    u->fifo[(u->head + u->count) % UART_FIFO_SIZE] = byte;
    u->count++;
}

static uint8_t pop(struct uart *u)
{
    if (u->count == 0) {
        return 0;
    }
    uint8_t byte = u->fifo[u->head];
    u->head = (u->head + 1) % UART_FIFO_SIZE;
    u->count--;
    return byte;
}

unsigned uart_room(const struct uart *u)
{
    if ((u->mcr & MCR_LOOP) != 0 || u->count >= capacity(u)) {
        return 0;
    }
    return capacity(u) - u->count;
}

bool uart_input(struct uart *u, uint8_t byte)
{
    if (uart_room(u) == 0) {
        return false;
    }
    push(u, byte);
    return true;
}

static unsigned trigger(const struct uart *u)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};
    return has_fifo(u) ? levels[u->fcr >> 6] : 1;
}

/* Modem lines: the far end is always there; looped back they follow MCR. */
static uint8_t modem_lines(const struct uart *u)
{
    if ((u->mcr & MCR_LOOP) == 0) {
        return MSR_CTS | MSR_DSR | MSR_DCD;
    }
    return (uint8_t)(((u->mcr & MCR_RTS) != 0 ? MSR_CTS : 0) | ((u->mcr & MCR_DTR) != 0 ? MSR_DSR : 0) |
                     ((u->mcr & MCR_OUT1) != 0 ? MSR_RI : 0) | ((u->mcr & MCR_OUT2) != 0 ? MSR_DCD : 0));
}

/* Bytes below the trigger level raise the time-out interrupt at once: there is no line time to wait for. */
static uint8_t cause(const struct uart *u)
{
    if ((u->ier & IER_LINE) != 0 && u->overrun) {
        return IIR_LINE;
    }
    if ((u->ier & IER_RECEIVE) != 0 && u->count > 0) {
        return u->count >= trigger(u) ? IIR_RECEIVE : IIR_TIMEOUT;
    }
    if ((u->ier & IER_TRANSMIT) != 0 && u->transmit_pending) {
        return IIR_TRANSMIT;
    }
    if ((u->ier & IER_MODEM) != 0 && u->msr_delta != 0) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

bool uart_irq(const struct uart *u)
{
    bool gated = (u->mcr & MCR_OUT2) != 0 && (u->mcr & MCR_LOOP) == 0;
    return gated && cause(u) != IIR_NONE;
}

/* Reading IIR takes back the transmit interrupt when it is the one reported. */
static uint8_t read_iir(struct uart *u)
{
    uint8_t c = cause(u);
    if (c == IIR_TRANSMIT) {
        u->transmit_pending = false;
    }
    return c | (has_fifo(u) ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct uart *u)
{
    uint8_t v = (uint8_t)(LSR_TRANSMIT_EMPTY | (u->count > 0 ? LSR_READY : 0) | (u->overrun ? LSR_OVERRUN : 0));
    u->overrun = false;
    return v;
}

static uint8_t read_msr(struct uart *u)
{
    uint8_t v = modem_lines(u) | u->msr_delta;
    u->msr_delta = 0;
    return v;
}

uint8_t uart_read(struct uart *u, unsigned offset)
{
    bool dlab = (u->lcr & LCR_DLAB) != 0;
    switch (offset) {
    case UART_DATA:
        return dlab ? (uint8_t)u->divisor : pop(u);
    case UART_IER:
        return dlab ? (uint8_t)(u->divisor >> 8) : u->ier;
    case UART_IIR:
        return read_iir(u);
    case UART_LCR:
        return u->lcr;
    case UART_MCR:
        return u->mcr;
    case UART_LSR:
        return read_lsr(u);
    case UART_MSR:
        return read_msr(u);
    case UART_SCRATCH:
        return u->scratch;
    default:
        return 0xff;
    }
}

/* What is sent is gone at once, so the transmitter is empty again, which is news. */
static void transmit(struct uart *u, uint8_t byte)
{
    if ((u->mcr & MCR_LOOP) != 0) {
        push(u, byte);
    } else if (u->output != NULL) {
        u->output(u->context, byte);
    }
    u->transmit_pending = true;
}

/* Enabling the transmit interrupt while the transmitter is empty raises it; drivers start sending that way. */
static void write_ier(struct uart *u, uint8_t value)
{
    value &= 0x0f;
    if ((value & IER_TRANSMIT) != 0 && (u->ier & IER_TRANSMIT) == 0) {
        u->transmit_pending = true;
    }
    u->ier = value;
}

static void write_fcr(struct uart *u, uint8_t value)
{
    bool toggles = ((value ^ u->fcr) & FCR_ENABLE) != 0;
    if (toggles || (value & FCR_CLEAR_RECEIVE) != 0) {
        u->head = u->count = 0;
    }
    u->fcr = (value & FCR_ENABLE) != 0 ? value & 0xc1 : 0;
}

/* The low four bits of MSR say which lines changed; RI counts only when it ends. */
static void write_mcr(struct uart *u, uint8_t value)
{
    uint8_t before = modem_lines(u);
    u->mcr = value & 0x1f;
    uint8_t after = modem_lines(u);
    uint8_t changed = (uint8_t)((before ^ after) & (MSR_CTS | MSR_DSR | MSR_DCD));
    changed |= before & (uint8_t)~after & MSR_RI;
    u->msr_delta |= changed >> 4;
}

void uart_write(struct uart *u, unsigned offset, uint8_t value)
{
    bool dlab = (u->lcr & LCR_DLAB) != 0;
    switch (offset) {
    case UART_DATA:
        if (dlab) {
            u->divisor = (uint16_t)bits_set(u->divisor, 7, 0, value);
        } else {
            transmit(u, value);
        }
        break;
    case UART_IER:
        if (dlab) {
            u->divisor = (uint16_t)bits_set(u->divisor, 15, 8, value);
        } else {
            write_ier(u, value);
        }
        break;
    case UART_IIR:
        write_fcr(u, value);
        break;
    case UART_LCR:
        u->lcr = value;
        break;
    case UART_MCR:
        write_mcr(u, value);
        break;
    case UART_SCRATCH:
        u->scratch = value;
        break;
    default: /* LSR and MSR are read-only */
        break;
    }
}
