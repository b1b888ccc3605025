/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended physical memory. */
#include "tests/fake/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"

static struct {
    uint8_t *bytes;
    uint64_t base, size;
    fake_flush_hook *hook;
    void *context;
} memory;

static _Noreturn void fail(const char *what, uint64_t at)
{
    fprintf(stderr, "fake memory: %s 0x%llx outside 0x%llx..0x%llx\n", what, (unsigned long long)at,
            (unsigned long long)memory.base, (unsigned long long)(memory.base + memory.size));
    abort();
}

void fake_memory_reset(uint64_t base, uint64_t size)
{
    if (memory.bytes != NULL) {
        munmap(memory.bytes, memory.size);
    }
    memory.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory.bytes == MAP_FAILED) {
        abort();
    }
    memory.base = base;
    memory.size = size;
    memory.hook = NULL;
}

uint64_t fake_memory_base(void)
{
    return memory.base;
}

uint64_t fake_memory_size(void)
{
    return memory.size;
}

void *fake_memory_at(uint64_t at, size_t bytes)
{
    if (at < memory.base || bytes > memory.size || at - memory.base > memory.size - bytes) {
        return NULL;
    }
    return memory.bytes + (at - memory.base);
}

void fake_memory_on_flush(fake_flush_hook *hook, void *context)
{
    memory.hook = hook;
    memory.context = context;
}

void *phys_to_virt(struct hpa at)
{
    void *p = fake_memory_at(at.v, 1);
    if (p == NULL) {
        fail("phys_to_virt", at.v);
    }
    return p;
}

struct hpa virt_to_phys(const void *at)
{
    uintptr_t p = (uintptr_t)at;
    uintptr_t start = (uintptr_t)memory.bytes;
    if (p < start || p - start >= memory.size) {
        fail("virt_to_phys of pointer", p);
    }
    return hpa(memory.base + (p - start));
}

const void *phys_view(struct hpa start, size_t bytes)
{
    return fake_memory_at(start.v, bytes);
}

void cpu_flush(const void *at, size_t bytes)
{
    uintptr_t p = (uintptr_t)at;
    uintptr_t start = (uintptr_t)memory.bytes;
    if (memory.hook != NULL && p >= start && p - start < memory.size) {
        memory.hook(memory.context, memory.base + (p - start), bytes);
    }
}
