/* SPDX-License-Identifier: GPL-2.0-only
 * Checks of a network's guests and addresses. */
#include "plan/config_network.h"

#include "kernel/lib/string.h"
#include "plan/config_check.h"
#include "plan/network.h"

static void check_twice(struct config_lexer *lx, const struct config_network *network, size_t index)
{
    const struct config_value *item = &network->guests.items[index];
    for (size_t i = 0; i < index; i++) {
        const struct config_value *other = &network->guests.items[i];
        if (strcmp(item->text, other->text) == 0) {
            config_lexer_error(lx, item->at, CONFIG_DUPLICATE_ITEM,
                               "write it once; for two links between the same guests write two networks",
                               "guest '%s' is on network '%s' already, at line %u", item->text, network->name.text,
                               other->at.line);
            return;
        }
    }
}

static void check_room(struct config_lexer *lx, const struct config *config, const struct config_network *network,
                       const struct config_value *guest)
{
    if (network_number(config, network, guest->text) == CONFIG_NETWORKS_OF_GUEST_MAX) {
        config_lexer_error(lx, guest->at, CONFIG_TOO_MANY, "take the guest out of a network",
                           "guest '%s' is on more than %u networks", guest->text, CONFIG_NETWORKS_OF_GUEST_MAX);
    }
}

static void check_macs(struct config_lexer *lx, const struct config_network *network)
{
    if (network->macs.at.line != 0 && network->guests.count != 0 && network->macs.count != 0 &&
        network->macs.count != network->guests.count) {
        config_lexer_error(lx, network->macs.at, CONFIG_MAC_COUNT,
                           "write one address for each guest, in the order of `guests`, or leave `macs` out",
                           "%zu guests are on network '%s', and it has %zu addresses", network->guests.count,
                           network->name.text, network->macs.count);
    }
}

void config_network_check(struct config_lexer *lx, const struct config *config, size_t index)
{
    const struct config_network *network = &config->networks[index];
    for (size_t i = 0; i < network->guests.count; i++) {
        config_check_names_guest(lx, config, &network->guests.items[i]);
        check_twice(lx, network, i);
        check_room(lx, config, network, &network->guests.items[i]);
    }
    if (lx->diags->errors == 0) { /* else an address may be missing because it was refused */
        check_macs(lx, network);
    }
}
