/* SPDX-License-Identifier: GPL-2.0-only
 * Devices' memory requests, page by page. */
#include "tests/bochs/plugin/dma.hh"

#include <string.h>

#include "tests/bochs/plugin/interrupts.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/memory.hh"
#include "tests/bochs/plugin/model.hh"
#include "tests/bochs/plugin/units.hh"

#define PAGE_BYTES UINT64_C(4096)
#define INTERRUPT_FIRST UINT64_C(0xfee00000)
#define INTERRUPT_LAST UINT64_C(0xfeefffff)
#define REQUESTERS 32
#define TLBS 8
#define BLOCKED_SHOWN 8 /* of each requester */

struct requester {
    uint16_t sid;
    uint64_t reads, writes, bytes, moved, messages, blocked;
};

static struct {
    unsigned count;
    struct requester requester[REQUESTERS];
    unsigned tlbs;
    struct ats_model *tlb[TLBS];
} dma;

void dma_keeps(uint16_t sid, struct ats_model *tlb)
{
    if (dma.tlbs < TLBS) {
        tlb->sid = sid;
        dma.tlb[dma.tlbs++] = tlb;
    }
}

static struct ats_model *tlb_of(uint16_t sid)
{
    for (unsigned i = 0; i < dma.tlbs; i++) {
        if (dma.tlb[i]->sid == sid) {
            return dma.tlb[i];
        }
    }
    return NULL;
}

/* The last entry is shared by all that find no room. */
static struct requester *requester_of(uint16_t sid)
{
    for (unsigned i = 0; i < dma.count; i++) {
        if (dma.requester[i].sid == sid) {
            return &dma.requester[i];
        }
    }
    if (dma.count < REQUESTERS) {
        dma.requester[dma.count].sid = sid;
        return &dma.requester[dma.count++];
    }
    return &dma.requester[REQUESTERS - 1];
}

static void note_blocked(struct requester *r, uint64_t address, size_t bytes, const char *what)
{
    if (r->blocked++ < BLOCKED_SHOWN) {
        log_line("sid=0x%04x %s of %zu bytes at 0x%llx blocked", r->sid, what, bytes,
                 static_cast<unsigned long long>(address));
    }
}

static enum vtd_model_outcome translate(uint16_t sid, uint64_t address, bool write, uint64_t *host)
{
    struct vtd_model *unit = units_of(sid);
    bool interrupt = address >= INTERRUPT_FIRST && address <= INTERRUPT_LAST;
    struct ats_model *tlb = tlb_of(sid);
    *host = address;
    if (tlb != NULL && unit != NULL && !interrupt) {
        bool passed = ats_model_access(tlb, address, write, host);
        units_check();
        return passed ? VTD_MODEL_PASSED : VTD_MODEL_BLOCKED;
    }
    if (unit != NULL) {
        enum vtd_model_outcome outcome = vtd_model_translate(unit, sid, address, write, host);
        units_check();
        return outcome;
    }
    return !interrupt ? VTD_MODEL_PASSED : write ? VTD_MODEL_INTERRUPT : VTD_MODEL_BLOCKED;
}

static size_t in_page(uint64_t address, size_t bytes)
{
    size_t left = static_cast<size_t>(PAGE_BYTES - address % PAGE_BYTES);
    return bytes < left ? bytes : left;
}

static bool read_piece(struct requester *r, uint16_t sid, uint64_t address, uint8_t *data, size_t bytes)
{
    uint64_t host = 0;
    r->reads++;
    if (translate(sid, address, false, &host) != VTD_MODEL_PASSED || !memory_device_read(host, data, bytes)) {
        memset(data, 0xff, bytes);
        note_blocked(r, address, bytes, "read");
        return false;
    }
    r->bytes += bytes;
    r->moved += host != address;
    return true;
}

bool dma_read(uint16_t sid, uint64_t address, void *data, size_t bytes)
{
    uint8_t *to = static_cast<uint8_t *>(data);
    struct requester *r = requester_of(sid);
    bool passed = true;
    for (size_t part = 0; bytes > 0; address += part, to += part, bytes -= part) {
        part = in_page(address, bytes);
        passed = read_piece(r, sid, address, to, part) && passed;
    }
    return passed;
}

/* Only a whole, aligned dword is an interrupt request (SDM 3A 11.11; PCI 3.0 6.8.1). */
static bool send_message(struct requester *r, uint16_t sid, uint64_t address, const uint8_t *data, size_t bytes)
{
    struct vtd_model_message message;
    uint32_t value = 0;
    if (bytes != sizeof(value) || address % sizeof(value) != 0) {
        return false;
    }
    memcpy(&value, data, sizeof(value));
    r->messages++;
    return interrupts_request(sid, static_cast<uint32_t>(address), value, &message);
}

static bool write_memory(struct requester *r, uint64_t address, uint64_t host, const uint8_t *data, size_t bytes)
{
    r->writes++;
    if (!memory_device_write(host, data, bytes)) {
        note_blocked(r, address, bytes, "write");
        return false;
    }
    r->bytes += bytes;
    r->moved += host != address;
    return true;
}

static bool write_piece(struct requester *r, uint16_t sid, uint64_t address, const uint8_t *data, size_t bytes)
{
    uint64_t host = 0;
    switch (translate(sid, address, true, &host)) {
    case VTD_MODEL_PASSED:
        return write_memory(r, address, host, data, bytes);
    case VTD_MODEL_INTERRUPT:
        if (!send_message(r, sid, address, data, bytes)) {
            note_blocked(r, address, bytes, "message");
            return false;
        }
        return true;
    case VTD_MODEL_BLOCKED:
        r->writes++;
        note_blocked(r, address, bytes, "write");
        break;
    }
    return false;
}

bool dma_write(uint16_t sid, uint64_t address, const void *data, size_t bytes)
{
    const uint8_t *from = static_cast<const uint8_t *>(data);
    struct requester *r = requester_of(sid);
    bool passed = true;
    for (size_t part = 0; bytes > 0; address += part, from += part, bytes -= part) {
        part = in_page(address, bytes);
        passed = write_piece(r, sid, address, from, part) && passed;
    }
    return passed;
}

void dma_summary()
{
    for (unsigned i = 0; i < dma.count; i++) {
        const struct requester *r = &dma.requester[i];
        log_line("sid=0x%04x reads=%llu writes=%llu bytes=%llu translated=%llu messages=%llu blocked=%llu", r->sid,
                 static_cast<unsigned long long>(r->reads), static_cast<unsigned long long>(r->writes),
                 static_cast<unsigned long long>(r->bytes), static_cast<unsigned long long>(r->moved),
                 static_cast<unsigned long long>(r->messages), static_cast<unsigned long long>(r->blocked));
    }
    for (unsigned i = 0; i < dma.tlbs; i++) {
        const struct ats_model *t = dma.tlb[i];
        log_line("ats sid=0x%04x requests=%llu translated=%llu invalidations=%u forgotten=%llu stale=%llu crowded=%u",
                 t->sid, static_cast<unsigned long long>(t->requests), static_cast<unsigned long long>(t->translated),
                 t->invalidations, static_cast<unsigned long long>(t->forgotten),
                 static_cast<unsigned long long>(t->stale), t->crowded);
    }
}
