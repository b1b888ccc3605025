/* SPDX-License-Identifier: GPL-2.0-only
 * guest/uart.c: what Linux's 8250 driver does when it probes, sends and receives. */
#include "guest/uart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct line {
    char text[64];
    unsigned count;
};

static void on_output(void *context, uint8_t byte)
{
    struct line *l = context;
    l->text[l->count++ % sizeof(l->text)] = (char)byte;
}

static void test_probe(void **state)
{
    (void)state;
    struct uart u;
    uart_init(&u, NULL, NULL);
    uart_write(&u, UART_IER, 0x0f); /* autoconfig(): only four bits exist */
    assert_int_equal(uart_read(&u, UART_IER), 0x0f);
    uart_write(&u, UART_IER, 0xff);
    assert_int_equal(uart_read(&u, UART_IER), 0x0f);
    uart_write(&u, UART_IER, 0);
    uart_write(&u, UART_MCR, 0x1a); /* loop, RTS, OUT2: MSR must show CTS and DCD */
    assert_int_equal(uart_read(&u, UART_MSR) & 0xf0, 0x90);
    uart_write(&u, UART_MCR, 0x08);
    uart_write(&u, UART_IIR, 1);
    assert_int_equal(uart_read(&u, UART_IIR) >> 6, 3); /* 16550A */
    uart_write(&u, UART_LCR, 0xbf);                    /* no EFR here: IIR answers */
    assert_int_not_equal(uart_read(&u, UART_IIR), 0);
    uart_write(&u, UART_IIR, 0x21);
    assert_int_equal(uart_read(&u, UART_IIR) & 0x20, 0); /* no 64-byte FIFO */
    uart_write(&u, UART_LCR, 0x83);
    uart_write(&u, UART_DATA, 0x0c);
    uart_write(&u, UART_IER, 0x01);
    assert_int_equal(uart_read(&u, UART_DATA), 0x0c);
    assert_int_equal(uart_read(&u, UART_IER), 0x01);
    uart_write(&u, UART_LCR, 0x03);
    assert_int_equal(uart_read(&u, UART_IER), 0);
    uart_write(&u, UART_SCRATCH, 0xa5);
    assert_int_equal(uart_read(&u, UART_SCRATCH), 0xa5);
    assert_int_equal(uart_read(&u, 8), 0xff);
    uart_write(&u, 8, 1);
    uart_write(&u, UART_LSR, 0);
    assert_int_equal(uart_read(&u, UART_LSR), 0x60);
    assert_int_equal(uart_read(&u, UART_MSR) & 0xf0, 0xb0);
}

static void test_transmit(void **state)
{
    (void)state;
    struct uart u;
    struct line l = {0};
    uart_init(&u, &l, on_output);
    uart_write(&u, UART_IIR, 0x01);
    uart_write(&u, UART_IER, 2);
    assert_false(uart_irq(&u)); /* OUT2 is off */
    uart_write(&u, UART_MCR, 0x0b);
    assert_true(uart_irq(&u)); /* enabling it with an empty transmitter fires */
    assert_int_equal(uart_read(&u, UART_IIR), 0xc2);
    assert_false(uart_irq(&u));
    assert_int_equal(uart_read(&u, UART_IIR), 0xc1);
    uart_write(&u, UART_IER, 0);
    uart_write(&u, UART_IER, 2); /* Linux's THRE test does this twice */
    assert_int_equal(uart_read(&u, UART_IIR), 0xc2);
    for (const char *c = "hello"; *c != '\0'; c++) {
        assert_int_equal(uart_read(&u, UART_LSR) & 0x20, 0x20);
        uart_write(&u, UART_DATA, (uint8_t)*c);
    }
    assert_true(uart_irq(&u));
    assert_string_equal(l.text, "hello");
    uart_write(&u, UART_IER, 0);
    assert_false(uart_irq(&u));
}

static void test_receive(void **state)
{
    (void)state;
    struct uart u;
    uart_init(&u, NULL, NULL);
    uart_write(&u, UART_MCR, 0x0b);
    (void)uart_read(&u, UART_MSR);
    uart_write(&u, UART_IER, 5);
    assert_true(uart_input(&u, 'a'));
    assert_false(uart_input(&u, 'b')); /* no FIFO yet: one character */
    assert_int_equal(uart_read(&u, UART_IIR), 0x04);
    assert_int_equal(uart_read(&u, UART_LSR), 0x61);
    assert_int_equal(uart_read(&u, UART_DATA), 'a');
    assert_false(uart_irq(&u));
    uart_write(&u, UART_IIR, 0x81); /* FIFO, trigger at 8 */
    for (unsigned i = 0; i < UART_FIFO_SIZE; i++) {
        assert_int_equal(uart_room(&u), UART_FIFO_SIZE - i);
        assert_true(uart_input(&u, (uint8_t)('A' + i)));
        assert_true(uart_irq(&u));
        assert_int_equal(uart_read(&u, UART_IIR), i + 1 >= 8 ? 0xc4 : 0xcc);
    }
    assert_false(uart_input(&u, '!')); /* back-pressure, and no overrun */
    assert_int_equal(uart_read(&u, UART_LSR), 0x61);
    for (unsigned i = 0; i < UART_FIFO_SIZE; i++) {
        assert_int_equal(uart_read(&u, UART_DATA), 'A' + i);
    }
    assert_false(uart_irq(&u));
    assert_int_equal(uart_read(&u, UART_LSR), 0x60);
    assert_int_equal(uart_read(&u, UART_DATA), 0);
    assert_true(uart_input(&u, 'x'));
    uart_write(&u, UART_IIR, 0x83); /* clear the receiver */
    assert_int_equal(uart_read(&u, UART_LSR), 0x60);
}

static void test_priorities_and_loop(void **state)
{
    (void)state;
    struct uart u;
    struct line l = {0};
    uart_init(&u, &l, on_output);
    uart_write(&u, UART_MCR, 0x10);
    (void)uart_read(&u, UART_MSR);
    uart_write(&u, UART_IER, 0x0f);
    uart_write(&u, UART_DATA, 'p'); /* comes back; nothing goes out */
    uart_write(&u, UART_DATA, 'q'); /* overruns */
    uart_write(&u, UART_MCR, 0x12);
    assert_int_equal(l.count, 0);
    assert_false(uart_input(&u, 'z'));
    assert_false(uart_irq(&u)); /* looped back: the line is off */
    assert_int_equal(uart_read(&u, UART_IIR), 0x06);
    assert_int_equal(uart_read(&u, UART_LSR), 0x63);
    assert_int_equal(uart_read(&u, UART_IIR), 0x04);
    assert_int_equal(uart_read(&u, UART_DATA), 'q');
    assert_int_equal(uart_read(&u, UART_IIR), 0x02);
    assert_int_equal(uart_read(&u, UART_IIR), 0x00);
    assert_int_equal(uart_read(&u, UART_MSR), 0x11); /* CTS, and that it changed */
    assert_int_equal(uart_read(&u, UART_IIR), 0x01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_transmit),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_priorities_and_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
