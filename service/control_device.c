/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about assigned devices: who has them, what they were blocked for, taking them away and giving them back. */
#include "guest/device_stop.h"
#include "guest/vm_order.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "service/control_command.h"

#define FIX_LIST "{\"command\":\"devices\"} lists them"

/* The index-th device of all guests; false behind the last. */
static bool device_at(const struct control *control, size_t index, struct vm_owned **owned, size_t *which)
{
    for (size_t i = 0; i < control->parts.guest_count; i++) {
        size_t count = control->parts.guests[i]->request.device_count;
        if (index < count) {
            *owned = control->parts.guests[i];
            *which = index;
            return true;
        }
        index -= count;
    }
    return false;
}

static size_t device_total(const struct control *control)
{
    size_t total = 0;
    for (size_t i = 0; i < control->parts.guest_count; i++) {
        total += control->parts.guests[i]->request.device_count;
    }
    return total;
}

/* No lock of another guest is taken here, so its bus, which comes and goes with its starts, is not looked at. */
static bool is_stopped(const struct vm_owned *owned, size_t which)
{
    return device_is_stopped(owned, owned->request.devices[which].function->at);
}

static void put_faults(struct control *control, struct sbdf at)
{
    if (control->parts.faults != NULL) {
        bool lower_bound = false;
        json_number(&control->json, "faults", control->parts.faults->count(at, &lower_bound));
        json_bool(&control->json, "lower-bound", lower_bound);
    }
}

static void put_device(struct control *control, const struct vm_owned *owned, size_t which)
{
    const struct pci_function *f = owned->request.devices[which].function;
    struct json *json = &control->json;
    char text[SBDF_TEXT_SIZE], id[16];
    format_text(id, sizeof(id), "%04x:%04x", f->vendor, f->device);
    json_object(json, NULL);
    json_text(json, "device", sbdf_text(f->at, text));
    json_text(json, "id", id);
    json_text(json, "guest", owned->vm.name);
    json_bool(json, "stopped", is_stopped(owned, which));
    put_faults(control, f->at);
    json_close(json);
}

static void run_devices(struct control *control, const struct control_command *command)
{
    (void)command;
    size_t i = control_list_begin(control, "devices");
    struct vm_owned *owned;
    size_t which;
    if (i == SIZE_MAX) {
        return;
    }
    for (; control_list_next(control) && device_at(control, i, &owned, &which); i++) {
        put_device(control, owned, which);
    }
    control_list_end(control, i, device_total(control));
}

/* Records of all units, those of nobody's devices among them, and then as above. */
static void run_faults(struct control *control, const struct control_command *command)
{
    if (control->parts.fault_total != NULL) {
        json_number(&control->json, "faults", control->parts.fault_total());
    }
    run_devices(control, command);
}

/* The device that member "device" names; false: refused. */
static bool find_device(struct control *control, struct vm_owned **owned, size_t *which)
{
    const char *text = control_text(control, "device");
    struct sbdf at;
    if (!sbdf_parse(text, strlen(text), &at)) {
        control_refuse(control, "bad-value", "write \"device\":\"0000:3b:00.0\"; " FIX_LIST,
                       "'%.40s' is no device: segment:bus:device.function is one", text);
        return false;
    }
    for (size_t i = 0; device_at(control, i, owned, which); i++) {
        if (sbdf_equal((*owned)->request.devices[*which].function->at, at)) {
            return true;
        }
    }
    control_refuse(control, "not-found", FIX_LIST, "no guest has a device '%.40s'", text);
    return false;
}

static void run_device(struct control *control, const struct control_command *command)
{
    struct vm_owned *owned;
    size_t which;
    if (!find_device(control, &owned, &which)) {
        return;
    }
    bool stop = strcmp(command->name, "stop-device") == 0;
    struct sbdf at = owned->request.devices[which].function->at;
    char text[SBDF_TEXT_SIZE];
    sbdf_text(at, text);
    if (is_stopped(owned, which) == stop) {
        control_refuse(control, "not-possible", FIX_LIST, "device %s is %s", text,
                       stop ? "stopped already" : "not stopped");
        return;
    }
    enum status status = vm_order_device(owned, at, stop);
    if (status != STATUS_OK) {
        control_refuse(control, "not-possible", "start or resume the guest first",
                       "device %s: guest '%s' does not run (%s)", text, owned->vm.name, status_text(status));
        return;
    }
    json_text(&control->json, "device", text);
    json_text(&control->json, "guest", owned->vm.name);
}

#define DEVICE_ARGUMENT                                                                                                \
    {                                                                                                                  \
        {                                                                                                              \
            .name = "device", .kind = JSON_STRING, .example = "\"0000:3b:00.0\""                                       \
        }                                                                                                              \
    }
#define FROM_ARGUMENT                                                                                                  \
    {                                                                                                                  \
        {                                                                                                              \
            .name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"                                      \
        }                                                                                                              \
    }

const struct control_command control_device_commands[] = {
    {.name = "devices",
     .arguments = FROM_ARGUMENT,
     .run = run_devices,
     .description = "All assigned devices, who has them, and whether they are stopped."},
    {.name = "faults",
     .arguments = FROM_ARGUMENT,
     .run = run_faults,
     .description = "How many requests the remapping units blocked, in all and of each assigned device."},
    {.name = "stop-device",
     .arguments = DEVICE_ARGUMENT,
     .run = run_device,
     .description = "Take a device away from its guest; an event device-stopped says when it is done."},
    {.name = "return-device",
     .arguments = DEVICE_ARGUMENT,
     .run = run_device,
     .description = "Reset a stopped device and give it back; an event device-returned says when it is done."},
    {.name = NULL},
};
