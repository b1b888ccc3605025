/* SPDX-License-Identifier: GPL-2.0-only
 * Columns of each list (service/control_guest.c, control_device.c, control_network.c). */
#include "tools/bulkheadd/lists.h"

#include <string.h>

static const struct list lists[] = {
    {"guests",
     "guests",
     "no guests",
     9,
     {{"name", "NAME", TABLE_TEXT},
      {"state", "STATE", TABLE_STATE},
      {"cpus", "CPUS", TABLE_NUMBER},
      {"memory-mib", "MEMORY", TABLE_MIB},
      {"devices", "DEVICES", TABLE_NUMBER},
      {"exits", "EXITS", TABLE_NUMBER},
      {"device-interrupts", "INTERRUPTS", TABLE_NUMBER},
      {"starts", "STARTS", TABLE_NUMBER},
      {"why", "WHY", TABLE_TEXT}}},
    {"devices",
     "devices",
     "no guest has a device",
     5,
     {{"device", "DEVICE", TABLE_TEXT},
      {"id", "ID", TABLE_TEXT},
      {"guest", "GUEST", TABLE_TEXT},
      {"stopped", "STOPPED", TABLE_TEXT},
      {"faults", "FAULTS", TABLE_AT_LEAST}}},
    {"networks", "networks", "no networks between guests", 2, {{"name", "NAME", TABLE_TEXT}, {"up", "UP", TABLE_TEXT}}},
    {"faults",
     "devices",
     "no guest has a device",
     4,
     {{"device", "DEVICE", TABLE_TEXT},
      {"guest", "GUEST", TABLE_TEXT},
      {"stopped", "STOPPED", TABLE_TEXT},
      {"faults", "FAULTS", TABLE_AT_LEAST}}},
};

const struct list *list_find(const char *command)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(lists[i].command, command) == 0) {
            return &lists[i];
        }
    }
    return NULL;
}
