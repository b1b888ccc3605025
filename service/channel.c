/* SPDX-License-Identifier: GPL-2.0-only
 * Ports between the service guest and what the hypervisor has for it. All functions of ports are called with its lock
 * held; notifications come from anywhere, and only wake it. */
#include "service/channel.h"

#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "service/measured.h"

#define GRACE_NS UINT64_C(20000000) /* for the guest to read an answer before the machine goes */

size_t channel_bytes(size_t guests)
{
    return sizeof(struct channel) + guests * sizeof(struct channel_console);
}

static void wake(void *context)
{
    struct channel *channel = context;
    if (channel->vm != NULL) {
        vm_platform_device_wake(channel->vm);
    }
}

void channel_poll(struct channel *channel)
{
    uint64_t promised = __atomic_load_n(&channel->promised_ns, __ATOMIC_ACQUIRE);
    if (promised == 0 || time_now_ns() - promised < GRACE_NS) {
        return;
    }
    if (__atomic_exchange_n(&channel->promised_ns, 0, __ATOMIC_ACQ_REL) != 0) {
        enum control_machine what = channel->control.machine;
        channel->control.machine = CONTROL_MACHINE_ON; /* a further command does not try it again */
        channel->parts.machine(what);
    }
}

/* --- events */

/* In a flood of events the guest is woken once, until it was given some. */
static void wake_for_event(void *context)
{
    struct channel *channel = context;
    if (!__atomic_exchange_n(&channel->event_woke, true, __ATOMIC_SEQ_CST)) {
        wake(channel);
    }
}

static void make_hello(struct channel *channel)
{
    struct json json = json_make(channel->hello_text, sizeof(channel->hello_text) - 1);
    json_object(&json, NULL);
    json_number(&json, "seq", channel->told);
    json_number(&json, "time-ns", time_now_ns());
    json_text(&json, "severity", event_severity_text(EVENT_INFO));
    json_text(&json, "type", "hello");
    json_text(&json, "version", channel->parts.control.version);
    json_text(&json, "config-sha256", channel->parts.control.config_sha256);
    json_bool(&json, "measured-log", measured_why_not() == NULL);
    json_array(&json, "guests");
    for (size_t i = 0; i < channel->parts.control.guest_count; i++) {
        json_text(&json, NULL, channel->parts.guest_names[i]);
    }
    json_close(&json);
    json_close(&json);
    channel->hello_text[json.length] = '\n';
    channel->hello = (struct channel_line){channel->hello_text, json.length + 1, 0};
    channel->greets = false;
}

static size_t send(struct channel_line *line, uint8_t *to, size_t most)
{
    size_t left = line->length - line->sent;
    size_t count = left < most ? left : most;
    memcpy(to, line->text + line->sent, count);
    line->sent += count;
    return count;
}

static bool is_sent(const struct channel_line *line)
{
    return line->sent == line->length;
}

static size_t send_event(struct channel *channel, uint8_t *to, size_t most)
{
    if (is_sent(&channel->event)) {
        size_t length = event_take(channel->event_text, sizeof(channel->event_text));
        channel->event = (struct channel_line){channel->event_text, length, 0};
    }
    size_t count = send(&channel->event, to, most);
    channel->told = is_sent(&channel->event) ? event_told() : channel->told;
    return count;
}

static size_t take_events(void *context, uint8_t *to, size_t most)
{
    struct channel *channel = context;
    size_t count = 0, more = 1;
    channel_poll(channel);
    __atomic_store_n(&channel->event_woke, false, __ATOMIC_SEQ_CST); /* before the ring is looked at */
    if (channel->greets) {
        make_hello(channel);
    }
    for (; count < most && more != 0; count += more) {
        more = is_sent(&channel->hello) ? send_event(channel, to + count, most - count)
                                        : send(&channel->hello, to + count, most - count);
    }
    return count;
}

/* A line of which the last reader got a part only comes whole again, behind the next hello. */
static void open_events(void *context, bool open)
{
    struct channel *channel = context;
    channel->greets = open;
    channel->hello.sent = channel->hello.length;
    if (!is_sent(&channel->event)) {
        channel->event.sent = 0;
    }
}

/* --- commands */

static void answer(struct channel *channel)
{
    if (channel->line_too_long) {
        control_line_too_long(&channel->control);
    } else {
        control_line(&channel->control, channel->line, channel->line_length);
    }
    channel->answer = (struct channel_line){channel->control.answer, channel->control.answer_length, 0};
    channel->line_length = 0;
    channel->line_too_long = false;
    wake(channel);
}

static void keep(struct channel *channel, char byte)
{
    if (channel->line_length == sizeof(channel->line)) {
        channel->line_too_long = true;
    } else if (!channel->line_too_long) {
        channel->line[channel->line_length++] = byte;
    }
}

/* A blank line is no command. */
static size_t give_commands(void *context, const uint8_t *from, size_t count)
{
    struct channel *channel = context;
    size_t used = 0;
    channel_poll(channel);
    while (used < count && is_sent(&channel->answer)) {
        char byte = (char)from[used++];
        if (byte != '\n') {
            keep(channel, byte);
        } else if (channel->line_length != 0) {
            answer(channel);
        }
    }
    channel->waiting = used < count;
    return used;
}

/* The answer was read, or its reader is gone. */
static void promise(struct channel *channel)
{
    bool promised = channel->control.machine != CONTROL_MACHINE_ON;
    __atomic_store_n(&channel->promised_ns, promised ? time_now_ns() : 0, __ATOMIC_RELEASE);
}

static size_t take_answer(void *context, uint8_t *to, size_t most)
{
    struct channel *channel = context;
    channel_poll(channel);
    if (is_sent(&channel->answer)) {
        return 0;
    }
    size_t count = send(&channel->answer, to, most);
    if (is_sent(&channel->answer)) {
        promise(channel);
        if (channel->waiting) {
            wake(channel);
        }
    }
    return count;
}

/* What one reader left is not for the next one. */
static void open_control(void *context, bool open)
{
    struct channel *channel = context;
    (void)open;
    channel->line_length = 0;
    channel->line_too_long = false;
    if (!is_sent(&channel->answer)) {
        channel->answer.sent = channel->answer.length;
        promise(channel);
    }
    channel_poll(channel);
}

/* --- consoles of others */

static size_t take_text(void *context, uint8_t *to, size_t most)
{
    struct channel_console *console = context;
    channel_poll(console->channel);
    return text_ring_take(&console->text, to, most);
}

static size_t give_text(void *context, const uint8_t *from, size_t count)
{
    struct channel_console *console = context;
    size_t used = 0;
    while (used < count && vm_platform_input(console->vm, from[used])) {
        used++;
    }
    return used;
}

/* --- all of it */

void channel_init(struct channel *channel, const struct channel_parts *parts)
{
    channel->parts = *parts;
    control_init(&channel->control, &parts->control);
    for (size_t i = 0; i < parts->control.guest_count && channel->console_count < CHANNEL_CONSOLES_MAX; i++) {
        if (i != parts->self) {
            struct channel_console *console = &channel->consoles[channel->console_count++];
            console->channel = channel;
            console->guest = i;
            format_text(console->name, sizeof(console->name), "org.bulkhead.console.%s", parts->guest_names[i]);
            text_ring_init(&console->text, wake, channel);
        }
    }
    if (channel->console_count + 1 < parts->control.guest_count) {
        log_warn(
            "service: the service guest has the consoles of the first %zu other guests; there are no ports for more",
            channel->console_count);
    }
}

unsigned channel_ports(struct channel *channel, struct virtio_console_port *ports)
{
    unsigned count = 0;
    ports[count++] = (struct virtio_console_port){
        .name = "org.bulkhead.events", .take = take_events, .opened = open_events, .context = channel};
    ports[count++] = (struct virtio_console_port){.name = "org.bulkhead.control",
                                                  .take = take_answer,
                                                  .give = give_commands,
                                                  .opened = open_control,
                                                  .context = channel};
    for (size_t i = 0; i < channel->console_count; i++) {
        struct channel_console *console = &channel->consoles[i];
        ports[count++] = (struct virtio_console_port){
            .name = console->name, .take = take_text, .give = give_text, .context = console};
    }
    return count;
}

static struct channel_console *console_of(struct channel *channel, size_t guest)
{
    for (size_t i = 0; i < channel->console_count; i++) {
        if (channel->consoles[i].guest == guest) {
            return &channel->consoles[i];
        }
    }
    return NULL;
}

struct text_ring *channel_text(struct channel *channel, size_t guest)
{
    struct channel_console *console = console_of(channel, guest);
    return console == NULL ? NULL : &console->text;
}

void channel_guest_made(struct channel *channel, size_t index, struct vm_owned *owned)
{
    struct channel_console *console = console_of(channel, index);
    if (index == channel->parts.self) {
        channel->vm = &owned->vm;
        channel->control.parts.self = owned;
        event_on_put(wake_for_event, channel);
    } else if (console != NULL) {
        console->vm = &owned->vm;
        owned->vm.platform.input_room = wake;
        owned->vm.platform.input_room_context = channel;
    }
}
