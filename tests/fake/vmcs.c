/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended VMCSs: a list of fields each (SDM 3C 25.11.2 for the encoding). */
#include "tests/fake/vmcs.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"
#include "vmx/instructions.h"

enum {
    FIELDS = 256,
    REGIONS = 4,
    TYPE_READ_ONLY = 1,
};

struct field {
    enum vmcs_field name;
    uint64_t value;
    bool written; /* by vmx_write */
};

struct region {
    uint64_t at; /* 0: free */
    unsigned count;
    struct field fields[FIELDS];
};

static struct {
    struct region regions[REGIONS];
    struct region *current;
    unsigned writes, loads;
} fake;

const char vmx_entry_exit[1];

static struct region *region_at(uint64_t at)
{
    for (unsigned i = 0; i < REGIONS; i++) {
        struct region *r = &fake.regions[i];
        if (r->at == at || r->at == 0) {
            r->at = at;
            return r;
        }
    }
    panic("test: more VMCSs than the fake has room for");
}

void fake_vmcs_reset(void)
{
    for (unsigned i = 0; i < REGIONS; i++) {
        fake.regions[i].at = 0;
        fake.regions[i].count = 0;
    }
    fake.writes = fake.loads = 0;
    fake.current = region_at(0x1000);
}

static struct field *find(enum vmcs_field name)
{
    if (fake.current == NULL) {
        panic("test: there is no current VMCS");
    }
    for (unsigned i = 0; i < fake.current->count; i++) {
        if (fake.current->fields[i].name == name) {
            return &fake.current->fields[i];
        }
    }
    return NULL;
}

/* Bits of the field's width. */
static uint64_t width_of(enum vmcs_field name)
{
    static const uint64_t masks[] = {UINT16_MAX, UINT64_MAX, UINT32_MAX, UINT64_MAX};
    return masks[bits_get(name, 14, 13)];
}

static struct field *put(enum vmcs_field name, uint64_t value)
{
    struct field *f = find(name);
    if ((value & ~width_of(name)) != 0) {
        panic("test: 0x%llx does not fit field 0x%x", (unsigned long long)value, (unsigned)name);
    }
    if (f == NULL) {
        bulkhead_assert(fake.current->count < FIELDS);
        f = &fake.current->fields[fake.current->count++];
        *f = (struct field){.name = name};
    }
    f->value = value;
    return f;
}

void fake_vmcs_set(enum vmcs_field field, uint64_t value)
{
    (void)put(field, value);
}

uint64_t fake_vmcs_get(enum vmcs_field field)
{
    const struct field *f = find(field);
    if (f == NULL) {
        panic("test: nobody wrote field 0x%x", (unsigned)field);
    }
    return f->value;
}

unsigned fake_vmcs_writes(void)
{
    return fake.writes;
}

bool fake_vmcs_is_written(enum vmcs_field field)
{
    const struct field *f = find(field);
    return f != NULL && f->written;
}

unsigned fake_vmcs_loads(void)
{
    return fake.loads;
}

uint64_t fake_vmcs_current(void)
{
    return fake.current == NULL ? 0 : fake.current->at;
}

enum vmx_result vmx_clear(struct hpa vmcs)
{
    struct region *r = region_at(vmcs.v);
    if (fake.current == r) {
        fake.current = NULL;
    }
    return VMX_SUCCEED;
}

enum vmx_result vmx_load(struct hpa vmcs)
{
    fake.current = region_at(vmcs.v);
    fake.loads++;
    return VMX_SUCCEED;
}

uint64_t vmx_read(enum vmcs_field field)
{
    return fake_vmcs_get(field);
}

void vmx_write(enum vmcs_field field, uint64_t value)
{
    if (bits_get(field, 11, 10) == TYPE_READ_ONLY) {
        panic("test: VMWRITE to the read-only field 0x%x", (unsigned)field);
    }
    put(field, value)->written = true;
    fake.writes++;
}
