/* SPDX-License-Identifier: GPL-2.0-only
 * Networks between guests, as the configuration wants them. */
#include "kernel/launch_network.h"

#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "plan/network.h"

enum status launch_network_make(struct launch_network *network, const struct config *config, struct arena *arena)
{
    *network = (struct launch_network){.config = config, .count = config->network_count};
    network->links = arena_array(arena, config->network_count, sizeof(*network->links));
    if (network->links == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < network->count; i++) {
        const struct config_network *n = &config->networks[i];
        net_link_init(&network->links[i], n->name.text, network_mtu(n), n->filter.number != 0);
    }
    return STATUS_OK;
}

static enum status add(const struct launch_network *network, size_t index, size_t place, struct vm_network_request *out)
{
    struct hpa at;
    uint64_t bytes = align_up(sizeof(struct virtio_net), PAGE_SIZE);
    enum status status = pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at);
    if (status == STATUS_OK) {
        *out = (struct vm_network_request){.link = &network->links[index],
                                           .mac = network_mac(&network->config->networks[index], place),
                                           .device = phys_to_virt(at)};
    }
    return status;
}

enum status launch_network_fill(const struct launch_network *network, const char *guest, struct arena *arena,
                                struct vm_request *request)
{
    struct vm_network_request *all = arena_array(arena, VM_NETWORKS_MAX, sizeof(*all));
    enum status status = all == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    request->networks = all;
    for (size_t i = 0; i < network->count && status == STATUS_OK; i++) {
        const struct config_list *guests = &network->config->networks[i].guests;
        for (size_t k = 0; k < guests->count && status == STATUS_OK; k++) {
            if (strcmp(guests->items[k].text, guest) == 0) {
                status = add(network, i, k, &all[request->network_count++]);
            }
        }
    }
    return status;
}
