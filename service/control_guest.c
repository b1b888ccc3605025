/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about guests: what they do, and orders to them. */
#include "guest/vm_order.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config_keys.h"
#include "service/control_command.h"

#define WHO "service"

static struct vm_owned *find(const struct control *control, const char *name, bool near)
{
    for (size_t i = 0; i < control->parts.guest_count; i++) {
        struct vm_owned *owned = control->parts.guests[i];
        if (near ? config_keys_near(owned->vm.name, name) : strcmp(owned->vm.name, name) == 0) {
            return owned;
        }
    }
    return NULL;
}

struct vm_owned *control_guest_named(struct control *control)
{
    const char *name = control_text(control, "guest");
    struct vm_owned *owned = find(control, name, false);
    if (owned == NULL) {
        char fix[CONTROL_FIX_SIZE] = "{\"command\":\"guests\"} lists them";
        const struct vm_owned *meant = find(control, name, true);
        if (meant != NULL) {
            format_text(fix, sizeof(fix), "write \"guest\":\"%s\"", meant->vm.name);
        }
        control_refuse(control, "not-found", fix, "no guest '%.40s'", name);
    }
    return owned;
}

static uint64_t exits_of(const struct vm *vm)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        for (unsigned k = 0; k < VM_COUNTS; k++) {
            sum += vm->cpus[i].counts[k];
        }
    }
    return sum;
}

static void put_guest(struct control *control, const struct vm_owned *owned)
{
    struct json *json = &control->json;
    enum vm_order_state state = vm_order_state(owned);
    json_object(json, NULL);
    json_text(json, "name", owned->vm.name);
    json_text(json, "state", vm_order_state_text(state));
    json_bool(json, "service", owned == control->parts.self);
    json_number(json, "cpus", owned->request.cpu_count);
    json_number(json, "memory-mib", guest_memory_bytes(&owned->vm.memory) / MIB);
    json_number(json, "devices", owned->request.device_count);
    json_number(json, "exits", exits_of(&owned->vm));
    json_number(json, "device-interrupts", __atomic_load_n(&owned->vm.device_interrupts, __ATOMIC_RELAXED));
    json_number(json, "starts", owned->starts);
    if (state == VM_ORDER_CRASHED || owned->vm.end == VM_REFUSED) {
        json_text(json, "why", owned->vm.why); /* nothing writes it any more while it rests */
    }
    json_close(json);
}

static void run_guests(struct control *control, const struct control_command *command)
{
    (void)command;
    size_t i = control_list_begin(control, "guests");
    if (i == SIZE_MAX) {
        return;
    }
    for (; i < control->parts.guest_count && control_list_next(control); i++) {
        put_guest(control, control->parts.guests[i]);
    }
    control_list_end(control, i, control->parts.guest_count);
}

static enum vm_order order_of(const struct control_command *command)
{
    static const enum vm_order orders[] = {VM_ORDER_STOP,  VM_ORDER_START,  VM_ORDER_RESTART,
                                           VM_ORDER_PAUSE, VM_ORDER_RESUME, VM_ORDER_SHUTDOWN};
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(orders) && strcmp(vm_order_text(orders[i]), command->name) != 0) {
        i++;
    }
    return orders[i];
}

static void refuse_state(struct control *control, const struct control_command *command, const struct vm_owned *owned)
{
    const char *fix = owned->lost ? "restart the machine: {\"command\":\"reboot\"}"
                                  : "{\"command\":\"guests\"} shows the states; wait, or order something else";
    control_refuse(control, "not-possible", fix, "guest '%s' is %s%s: '%s' is not possible", owned->vm.name,
                   vm_order_state_text(vm_order_state(owned)),
                   owned->lost ? ", and a device of it could not be withdrawn" : "", command->name);
}

static void refuse_deaf(struct control *control, const struct vm_owned *owned)
{
    control_refuse(control, "not-possible",
                   "have its system handle the ACPI power button (Linux: module button, with systemd-logind or acpid), "
                   "or use stop",
                   "guest '%s' does not listen to its power button", owned->vm.name);
}

/* Nobody could start or resume the service guest again. */
static void run_order(struct control *control, const struct control_command *command)
{
    struct vm_owned *owned = control_guest_named(control);
    if (owned == NULL) {
        return;
    }
    enum vm_order order = order_of(command);
    bool ends = order == VM_ORDER_STOP || order == VM_ORDER_PAUSE || order == VM_ORDER_SHUTDOWN;
    if (owned == control->parts.self && ends) {
        control_refuse(control, "not-possible", "use restart, or shut it down from inside",
                       "guest '%s' is the service guest: nobody could undo '%s'", owned->vm.name, command->name);
        return;
    }
    enum status status = vm_order_guest(owned, order, WHO);
    if (status == STATUS_UNSUPPORTED) {
        refuse_deaf(control, owned);
        return;
    }
    if (status != STATUS_OK) {
        refuse_state(control, command, owned);
        return;
    }
    json_text(&control->json, "guest", owned->vm.name);
    json_text(&control->json, "state", vm_order_state_text(vm_order_state(owned)));
}

#define GUEST_ARGUMENT                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            .name = "guest", .kind = JSON_STRING, .example = "\"user\""                                                \
        }                                                                                                              \
    }

const struct control_command control_guest_commands[] = {
    {.name = "guests",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_guests,
     .description = "All guests and their states."},
    {.name = "start",
     .arguments = GUEST_ARGUMENT,
     .run = run_order,
     .description = "Start a guest that is stopped, powered off, crashed or waiting."},
    {.name = "stop", .arguments = GUEST_ARGUMENT, .run = run_order, .description = "Stop a guest, as by its plug."},
    {.name = "shutdown",
     .arguments = GUEST_ARGUMENT,
     .run = run_order,
     .description = "Press a guest's power button: its system switches it off, and it stays off."},
    {.name = "restart", .arguments = GUEST_ARGUMENT, .run = run_order, .description = "Stop a guest and start it."},
    {.name = "pause",
     .arguments = GUEST_ARGUMENT,
     .run = run_order,
     .description = "Make a guest's CPUs stand still; its time and its devices go on."},
    {.name = "resume", .arguments = GUEST_ARGUMENT, .run = run_order, .description = "Let a paused guest go on."},
    {.name = NULL},
};
