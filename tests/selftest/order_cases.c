/* SPDX-License-Identifier: GPL-2.0-only
 * Orders for guests (guest/vm_order.h), given by the last CPU of the machine, which no guest has: "orders=GUEST" names
 * whom, "list=stop,start" the orders of a round, "rounds=N" how many rounds, "gap-ms=N" the time between orders. Each
 * order has to bring its state; a paused guest does nothing. At the end the guest is stopped, unless "leave" is there.
 */
#include "guest/vm_order.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/selftest/cases.h"

#define NAME_SIZE 32
#define LIST_SIZE 64
#define PATIENCE_NS UINT64_C(60000000000)
#define LOOK_NS UINT64_C(5000000)
#define MS_NS UINT64_C(1000000)

static struct {
    struct vm_owned *guest;
    char list[LIST_SIZE];
    uint64_t rounds, gap_ms;
    bool leave;
} orders;

static void wait_ns(uint64_t ns)
{
    uint64_t end = time_now_ns() + ns;
    while (time_now_ns() < end) {
        uint64_t flags = cpu_irq_save();
        timer_set_deadline(time_now_ns() + (ns < LOOK_NS ? ns : LOOK_NS));
        cpu_irq_wait();
        cpu_irq_restore(flags);
    }
}

static bool wait_for(enum vm_order_state state)
{
    uint64_t end = time_now_ns() + PATIENCE_NS;
    while (vm_order_state(orders.guest) != state && time_now_ns() < end) {
        wait_ns(LOOK_NS);
    }
    return vm_order_state(orders.guest) == state;
}

static uint64_t exits(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < orders.guest->vm.cpu_count; i++) {
        for (unsigned k = 0; k < VM_COUNTS; k++) {
            sum += orders.guest->vm.cpus[i].counts[k];
        }
    }
    return sum;
}

static enum vm_order_state after(enum vm_order order)
{
    switch (order) {
    case VM_ORDER_STOP:
        return VM_ORDER_STOPPED;
    case VM_ORDER_PAUSE:
        return VM_ORDER_PAUSED;
    case VM_ORDER_SHUTDOWN:
        return VM_ORDER_POWERED_OFF;
    default:
        return VM_ORDER_RUNNING;
    }
}

static bool stands_still(void)
{
    wait_ns(50 * MS_NS);
    uint64_t before = exits();
    wait_ns(200 * MS_NS);
    return exits() == before;
}

/* A guest's system listens to its power button a while after its start. */
static enum status order_guest(enum vm_order order)
{
    uint64_t end = time_now_ns() + PATIENCE_NS;
    enum status status = vm_order_guest(orders.guest, order, "selftest");
    while (status == STATUS_UNSUPPORTED && time_now_ns() < end) {
        wait_ns(LOOK_NS);
        status = vm_order_guest(orders.guest, order, "selftest");
    }
    return status;
}

static bool give(enum vm_order order)
{
    unsigned starts = orders.guest->starts + (order == VM_ORDER_START || order == VM_ORDER_RESTART);
    enum status status = order_guest(order);
    wait_ns(order == VM_ORDER_RESTART ? LOOK_NS : 0);
    bool done = status == STATUS_OK && wait_for(after(order));
    done = done && (order != VM_ORDER_PAUSE || stands_still()) && orders.guest->starts == starts;
    log_info("orders: %s order=%s state=%s starts=%u memory-kib=%llu", done ? "done" : "FAIL", vm_order_text(order),
             vm_order_state_text(vm_order_state(orders.guest)), orders.guest->starts,
             (unsigned long long)(pages_taken().now / KIB));
    wait_ns(orders.gap_ms * MS_NS);
    return done;
}

/* The order whose word `text` starts with, and the text behind it. */
static const char *next_order(const char *text, enum vm_order *order)
{
    for (unsigned i = VM_ORDER_STOP; i <= VM_ORDER_SHUTDOWN; i++) {
        size_t n = strlen(vm_order_text((enum vm_order)i));
        if (strncmp(text, vm_order_text((enum vm_order)i), n) == 0 && (text[n] == ',' || text[n] == 0)) {
            *order = (enum vm_order)i;
            return text + n + (text[n] == ',');
        }
    }
    return NULL;
}

static bool one_round(void)
{
    const char *text = orders.list;
    while (text != NULL && *text != 0) {
        enum vm_order order = VM_ORDER_STOP;
        text = next_order(text, &order);
        if (text == NULL || !give(order)) {
            return false;
        }
    }
    return text != NULL;
}

static void give_all(void *argument)
{
    (void)argument;
    wait_ns(orders.gap_ms * MS_NS);
    bool good = orders.guest->request.stays_off ? wait_for(VM_ORDER_STOPPED) : wait_for(VM_ORDER_RUNNING);
    for (uint64_t i = 0; good && i < orders.rounds; i++) {
        good = one_round();
    }
    log_info("orders: %s", good ? "all done" : "FAILED");
    if (!orders.leave && vm_order_state(orders.guest) != VM_ORDER_STOPPED && /* the machine may end with it */
        vm_order_guest(orders.guest, VM_ORDER_STOP, "selftest") != STATUS_OK) {
        log_error("orders: FAILED at the end");
    }
}

void selftest_orders(const struct selftest_guests *made)
{
    char name[NAME_SIZE];
    if (!cmdline_value(made->cmdline, "orders", name, sizeof(name))) {
        return;
    }
    orders.rounds = 1;
    orders.gap_ms = 100;
    orders.leave = cmdline_has(made->cmdline, "leave");
    (void)cmdline_number(made->cmdline, "rounds", &orders.rounds);
    (void)cmdline_number(made->cmdline, "gap-ms", &orders.gap_ms);
    for (size_t i = 0; i < made->count; i++) {
        orders.guest = strcmp(made->guests[i]->vm.name, name) == 0 ? made->guests[i] : orders.guest;
    }
    if (orders.guest == NULL || !cmdline_value(made->cmdline, "list", orders.list, sizeof(orders.list))) {
        log_error("selftest: orders=%s: no such guest, or no list", name);
        return;
    }
    smp_start_work(cpu_count() - 1, give_all, NULL);
}
