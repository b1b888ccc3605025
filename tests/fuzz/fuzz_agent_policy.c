/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as bulkheadd's policy file; rules that were accepted are put to events. */
#include <stdlib.h>
#include <string.h>

#include "kernel/core/panic.h"
#include "tools/bulkheadd/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_events(struct policy *p)
{
    static const char event[] = "{\"type\":\"fault\",\"severity\":\"critical\",\"guest\":\"user\",\"count\":3}";
    struct jtree tree;
    const char *why = NULL;
    bool too_often = false;
    bulkhead_assert(jtree_parse(&tree, event, strlen(event), &why));
    for (size_t i = 0; i < p->count; i++) {
        bulkhead_assert(p->rules[i].has_action && p->rules[i].limit.count >= 1);
        for (uint64_t now = 0; now < 5; now++) {
            bool wanted = policy_rule_event(&p->rules[i], tree.root, now * 1000, &too_often);
            bulkhead_assert(!wanted || strcmp(p->rules[i].type, "fault") == 0);
            policy_target(&p->rules[i], tree.root);
        }
    }
    jtree_free(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag items[16];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    struct policy *policy = malloc(sizeof(*policy));
    bulkhead_assert(policy != NULL);
    bool good = policy_parse(policy, (const char *)data, size, "p.toml", &diags);
    bulkhead_assert(good == (diags.errors == 0) && policy->count <= POLICY_RULES_MAX);
    if (good) {
        put_events(policy);
    }
    policy_free(policy);
    free(policy);
    return 0;
}
