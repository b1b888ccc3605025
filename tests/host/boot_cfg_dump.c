/* SPDX-License-Identifier: GPL-2.0-only
 * The EFI loader's reader of boot.cfg as a filter: what it understands of its input, or LINE: WHAT and exit status 1.
 */
#include <stdio.h>

#include "boot/efi/boot_cfg.h"

int main(void)
{
    static char text[BOOT_CFG_BYTES_MAX];
    static struct boot_cfg cfg;
    struct boot_cfg_error error;
    if (boot_cfg_parse(text, fread(text, 1, sizeof(text), stdin), &cfg, &error) != STATUS_OK) {
        printf("%u: %s; fix: %s\n", error.line, error.what, error.fix);
        return 1;
    }
    printf("kernel %s\ncmdline %s\n", cfg.kernel.path, cfg.cmdline);
    for (size_t i = 0; i < cfg.module_count; i++) {
        printf("module %s %s\n", cfg.modules[i].path, cfg.modules[i].text);
    }
    return 0;
}
