/* SPDX-License-Identifier: GPL-2.0-only
 * Columns of each list. */
#include "tools/bulkheadd/lists.h"

#include <string.h>

static const struct list lists[] = {
    {"guests",
     "no guests",
     8,
     {{"name", "NAME", TABLE_TEXT},
      {"state", "STATE", TABLE_STATE},
      {"cpus", "CPUS", TABLE_TEXT},
      {"memory", "MEMORY", TABLE_SIZE},
      {"exits", "EXITS", TABLE_NUMBER},
      {"faults", "FAULTS", TABLE_NUMBER},
      {"restarts", "RESTARTS", TABLE_NUMBER},
      {"why", "WHY", TABLE_TEXT}}},
    {"devices",
     "no devices",
     6,
     {{"device", "DEVICE", TABLE_TEXT},
      {"guest", "GUEST", TABLE_TEXT},
      {"state", "STATE", TABLE_STATE},
      {"stopped", "STOPPED", TABLE_TEXT},
      {"faults", "FAULTS", TABLE_NUMBER},
      {"name", "NAME", TABLE_TEXT}}},
    {"faults",
     "no faults",
     9,
     {{"time-ns", "TIME", TABLE_SECONDS},
      {"unit", "UNIT", TABLE_TEXT},
      {"guest", "GUEST", TABLE_TEXT},
      {"device", "DEVICE", TABLE_TEXT},
      {"access", "ACCESS", TABLE_TEXT},
      {"address", "ADDRESS", TABLE_TEXT},
      {"count", "COUNT", TABLE_NUMBER},
      {"reason", "REASON", TABLE_TEXT},
      {"cause", "CAUSE", TABLE_TEXT}}},
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
