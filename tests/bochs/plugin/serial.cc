/* SPDX-License-Identifier: GPL-2.0-only
 * Stands between the bus and Bochs' own 16550: bytes to send never reach it, so that its transmitter is always empty
 * and no time passes; everything else does. */
#include "tests/bochs/plugin/serial.hh"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/libraries.hh"

enum {
    PORT = 0x3f8,
    PORTS = 8,
    UART_DATA = 0,
    UART_INTERRUPTS = 1,
    INTERRUPT_EMPTY = 2,
    UART_FIFO = 2,
    UART_LINE = 3,
    UART_MODEM = 4,
    LINE_DIVISOR = 0x80,
    MODEM_LOOPBACK = 0x10,
    WIDTHS = 3,      /* as Bochs registers its handlers: one or two bytes, */
    WIDTHS_LAST = 1, /* at the last port one */
};
#define POLL_US 500

static struct {
    int out, in;
    uint8_t interrupts, line, modem;
    bool unread; /* a byte that was typed waits in the receiver */
    void *stock;
    bx_read_handler_t read;
    bx_write_handler_t write;
    void (*receive)(uint8_t port, uint8_t byte);
} serial = {-1, -1, 0, 0, 0, false, NULL, NULL, NULL, NULL};

static int open_end(const char *name, int flags)
{
    const char *text = getenv(name);
    if (text == NULL) {
        return -1;
    }
    int fd = strncmp(text, "fd:", 3) == 0 ? fcntl(atoi(text + 3), F_DUPFD_CLOEXEC, 0) : open(text, flags, 0666);
    if (fd < 0) {
        ending_refuse("%s=%s cannot be opened", name, text);
    }
    return fd;
}

static void emit(uint8_t byte)
{
    while (write(serial.out, &byte, 1) == 0) {
    }
}

static bool is_data(uint32_t address)
{
    return address == PORT + UART_DATA && (serial.line & LINE_DIVISOR) == 0 && (serial.modem & MODEM_LOOPBACK) == 0;
}

/* The byte is gone at once: the interrupt for it comes when the stock device sees its enable bit rise. */
static void transmitter_is_empty()
{
    if ((serial.interrupts & INTERRUPT_EMPTY) != 0) {
        serial.write(serial.stock, PORT + UART_INTERRUPTS, serial.interrupts & ~INTERRUPT_EMPTY, 1);
        serial.write(serial.stock, PORT + UART_INTERRUPTS, serial.interrupts, 1);
    }
}

static void remember(uint32_t address, uint32_t value)
{
    if (address == PORT + UART_LINE) {
        serial.line = static_cast<uint8_t>(value);
    } else if (address == PORT + UART_MODEM) {
        serial.modem = static_cast<uint8_t>(value);
    } else if (address == PORT + UART_FIFO) {
        serial.unread = false; /* the stock device drops it, or has room for more */
    } else if (address == PORT + UART_INTERRUPTS && (serial.line & LINE_DIVISOR) == 0) {
        serial.interrupts = static_cast<uint8_t>(value);
    }
}

static void on_write(void *, uint32_t address, uint32_t value, unsigned bytes)
{
    if (bytes == 2) {
        on_write(NULL, address, value & 0xff, 1);
        on_write(NULL, address + 1, value >> 8 & 0xff, 1);
        return;
    }
    if (is_data(address)) {
        emit(static_cast<uint8_t>(value));
        transmitter_is_empty();
        return;
    }
    remember(address, value);
    serial.write(serial.stock, address, value, bytes);
}

/* The next byte only when the last one has been read: nothing overruns. */
static void receive_next(void *)
{
    struct pollfd wait = {serial.in, POLLIN, 0};
    uint8_t byte = 0;
    if (serial.in < 0 || serial.unread || (serial.modem & MODEM_LOOPBACK) != 0) {
        return;
    }
    if (poll(&wait, 1, 0) > 0 && read(serial.in, &byte, 1) == 1) {
        serial.unread = true;
        serial.receive(0, byte);
    }
}

static uint32_t on_read(void *, uint32_t address, unsigned bytes)
{
    uint32_t value = serial.read(serial.stock, address, bytes);
    if (is_data(address)) {
        serial.unread = false;
        receive_next(NULL);
    }
    return value;
}

static bool take_port(uint32_t port, uint8_t widths)
{
    return bx_devices.unregister_io_read_handler(serial.stock, serial.read, port, widths) &&
           bx_devices.unregister_io_write_handler(serial.stock, serial.write, port, widths) &&
           bx_devices.register_io_read_handler(&serial, on_read, port, "bulkhead serial", widths) &&
           bx_devices.register_io_write_handler(&serial, on_write, port, "bulkhead serial", widths);
}

static bool find_stock()
{
    void **stock = static_cast<void **>(libraries_symbol("serial", "theSerialDevice"));
    serial.read =
        reinterpret_cast<bx_read_handler_t>(libraries_symbol("serial", "_ZN11bx_serial_c12read_handlerEPvjj"));
    serial.write =
        reinterpret_cast<bx_write_handler_t>(libraries_symbol("serial", "_ZN11bx_serial_c13write_handlerEPvjjj"));
    serial.receive =
        reinterpret_cast<void (*)(uint8_t, uint8_t)>(libraries_symbol("serial", "_ZN11bx_serial_c11rx_fifo_enqEhh"));
    serial.stock = stock == NULL ? NULL : *stock;
    return serial.stock != NULL && serial.read != NULL && serial.write != NULL && serial.receive != NULL;
}

void serial_init()
{
    if (serial.stock != NULL || getenv("BULKHEAD_SERIAL") == NULL) {
        return;
    }
    serial.out = open_end("BULKHEAD_SERIAL", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    serial.in = open_end("BULKHEAD_SERIAL_IN", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    bool taken = find_stock();
    for (uint32_t i = 0; taken && i < PORTS; i++) {
        taken = take_port(PORT + i, i + 1 < PORTS ? WIDTHS : WIDTHS_LAST);
    }
    if (!taken) {
        ending_refuse("com1 is not what it was expected to be (is com1: enabled=1 there?)");
    }
    bx_pc_system.register_timer(&serial, receive_next, POLL_US, true, serial.in >= 0, "bulkhead serial");
}
