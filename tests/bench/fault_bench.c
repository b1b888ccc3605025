/* SPDX-License-Identifier: GPL-2.0-only
 * What a fault record costs once it is read: fault_bench DEVICES RECORDS tells so many records of devices in turn, each
 * looked up among all, and prints how many became lines and events. Ten microseconds pass between two. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/event.h"
#include "plan/plan_source.h"
#include "service/fault_events.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"

#define DEVICES_MAX 4096
#define BETWEEN_NS UINT64_C(10000)

static struct plan_device devices[DEVICES_MAX];
static size_t device_count;
static struct fault_events events;
static struct policy_device policy = {.rules = {.on_fault = CONFIG_FAULT_LOG, .severity = CONFIG_ERROR}};

static void subject(void *context, struct sbdf source, struct fault_subject *out)
{
    (void)context;
    const struct plan_device *d = plan_source_owner(devices, device_count, source);
    *out = (struct fault_subject){.owner = {"8086:10d3", "guest"}, .policy = d != NULL ? &policy : NULL};
}

static void facts(void *context, const struct vtd_fault *fault, struct forensics_facts *out)
{
    (void)context;
    *out = (struct forensics_facts){.fault = *fault, .is_function = true, .device = "0000:00:04.0", .guest = "guest"};
}

static enum status act(void *context, struct sbdf source, enum config_on_fault action)
{
    (void)context;
    (void)source;
    (void)action;
    return STATUS_OK;
}

/* The part that is counted. */
__attribute__((noinline)) static void tell(const struct vtd_fault_listener *ears, uint64_t records)
{
    for (uint64_t i = 0; i < records; i++) {
        const struct vtd_fault fault = {.source = devices[i % device_count].sources[0],
                                        .access = VTD_FAULT_WRITE,
                                        .address = 0x40000000,
                                        .reason = 5};
        fake_time_advance_ns(BETWEEN_NS);
        ears->fault(ears->context, &fault);
    }
}

int main(int argc, char **argv)
{
    device_count = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t records = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
    if (device_count == 0 || device_count > DEVICES_MAX || records == 0) {
        fprintf(stderr, "usage: fault_bench DEVICES RECORDS (at most %d devices)\n", DEVICES_MAX);
        return 2;
    }
    for (size_t i = 0; i < device_count; i++) {
        devices[i].sources[0] = sbdf_from_rid(0, (uint16_t)(0x100 + i));
        devices[i].source_count = 1;
    }
    const struct fault_events_ops ops = {subject, facts, act, NULL};
    fault_events_init(&events, &ops);
    event_reset();
    fake_time_reset();
    fake_log_reset();
    const struct vtd_fault_listener ears = fault_events_listener(&events);
    tell(&ears, records);
    printf("records=%" PRIu64 " lines=%zu\n", records, fake_log_printed("fault: "));
    return 0;
}
