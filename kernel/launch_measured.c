/* SPDX-License-Identifier: GPL-2.0-only
 * Where the TPM's event log is, and a copy of it. */
#include "kernel/launch_measured.h"

#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/launch_modules.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "service/measured.h"

struct area {
    struct hpa at;
    uint64_t bytes;
};

/* NULL, or why there is none. */
static const char *locate(const struct boot_info *boot, const struct machine *machine, struct area *out)
{
    const struct boot_module *module = launch_modules_find(boot, LAUNCH_MEASURED_MODULE);
    struct acpi_view table;
    if (module != NULL) {
        *out = (struct area){module->start, module->size};
        return NULL;
    }
    if (acpi_find(&machine->acpi, "TPM2", 0, &table) == STATUS_OK) {
        enum status status = tpm_log_of_tpm2(table.bytes, table.length, &out->at, &out->bytes);
        return status == STATUS_OK ? NULL : "the table TPM2 names no log";
    }
    if (acpi_find(&machine->acpi, "TCPA", 0, &table) == STATUS_OK) {
        enum status status = tpm_log_of_tcpa(table.bytes, table.length, &out->at, &out->bytes);
        return status == STATUS_OK ? NULL : "the table TCPA names no log";
    }
    return "there is neither a table TPM2 nor TCPA";
}

/* Firmware's memory is not looked at again. */
static const char *copy(const struct area *area, const uint8_t **bytes)
{
    struct hpa at;
    const void *from = phys_view(area->at, area->bytes);
    if (from == NULL) {
        return "the log is not in memory that the memory map knows";
    }
    if (pages_alloc_block(align_up(area->bytes, PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &at) != STATUS_OK) {
        return "out of memory";
    }
    memcpy(phys_to_virt(at), from, area->bytes);
    *bytes = phys_to_virt(at);
    return NULL;
}

void launch_measured_find(const struct boot_info *boot, const struct machine *machine)
{
    struct area area = {0};
    const uint8_t *bytes = NULL;
    const char *why = locate(boot, machine, &area);
    area.bytes = area.bytes < TPM_LOG_BYTES_MAX ? area.bytes : TPM_LOG_BYTES_MAX;
    why = why == NULL ? copy(&area, &bytes) : why;
    if (why != NULL) {
        measured_absent(why);
        log_info("measured: log=no text=\"%s\"", why);
        return;
    }
    size_t count = measured_use(bytes, area.bytes);
    log_info("measured: log=yes at=0x%llx bytes=%llu events=%zu unsound=%s", (unsigned long long)area.at.v,
             (unsigned long long)area.bytes, count, measured_is_cut() ? "yes" : "no");
    measured_tell();
}
