/* SPDX-License-Identifier: GPL-2.0-only
 * Requester ids of a guest's devices. */
#include "guest/sources.h"

#include "guest/device_ats.h"
#include "guest/pci.h"

/* Every device of a guest may keep translations: the plan counts no further. */
_Static_assert(VTD_DEVICE_TLBS_MAX >= GUEST_PCI_ASSIGNED_MAX, "a domain has room for all of a guest's devices");

void guest_sources_init(struct guest_sources *s, struct vtd_domain *domain)
{
    s->domain = domain;
    s->count = 0;
}

static struct guest_source *find(struct guest_sources *s, const struct vtd_unit *unit, uint16_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->of[i].unit == unit && s->of[i].id == id) {
            return &s->of[i];
        }
    }
    return NULL;
}

static enum status add(struct guest_sources *s, const struct vm_device *device, uint16_t id)
{
    struct vtd_unit *unit = device->unit;
    struct guest_source *known = find(s, unit, id);
    if (known != NULL) {
        known->users++;
        return STATUS_OK;
    }
    if (s->count == GUEST_SOURCES_MAX) {
        return STATUS_NO_MEMORY;
    }
    enum status status = device_ats_attach(device, id, s->domain);
    if (status == STATUS_OK) {
        s->of[s->count++] = (struct guest_source){.unit = unit, .id = id, .users = 1};
    }
    return status;
}

/* Whether or not the unit confirms it, the id is blocked and forgotten here: the domain is quarantined if not. */
static enum status drop(struct guest_sources *s, struct vtd_unit *unit, uint16_t id)
{
    struct guest_source *known = find(s, unit, id);
    if (known == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (--known->users != 0) {
        return STATUS_OK;
    }
    *known = s->of[--s->count];
    return vtd_detach(unit, id, s->domain);
}

static enum status drop_first(struct guest_sources *s, const struct vm_device *device, size_t count)
{
    enum status result = STATUS_OK;
    while (count-- > 0) {
        enum status status = drop(s, device->unit, sbdf_rid(device->plan->sources[count]));
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

/* A device that was given once before is not there any more. */
static enum status leave_firmware(const struct vm_device *device)
{
    if (device->firmware == NULL) {
        return STATUS_OK;
    }
    enum status status = vtd_detach(device->unit, sbdf_rid(device->function->at), device->firmware);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status guest_sources_attach(struct guest_sources *s, const struct vm_device *device)
{
    enum status status = leave_firmware(device);
    for (size_t i = 0; status == STATUS_OK && i < device->plan->source_count; i++) {
        status = add(s, device, sbdf_rid(device->plan->sources[i]));
        if (status != STATUS_OK) {
            enum status undone = drop_first(s, device, i);
            status = undone == STATUS_OK ? status : undone;
        }
    }
    return status;
}

enum status guest_sources_detach(struct guest_sources *s, const struct vm_device *device)
{
    return drop_first(s, device, device->plan->source_count);
}
