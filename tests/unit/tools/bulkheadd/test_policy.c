/* SPDX-License-Identifier: GPL-2.0-only
 * Rules against events at moments of the test's own choice. */
#include "tools/bulkheadd/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/types.h"

#define DIAGS 8

static struct policy *policy_of(const char *rule)
{
    struct diag items[DIAGS];
    struct diag_list diags = diag_list_make(items, DIAGS);
    struct policy *p = malloc(sizeof(*p));
    char text[1024];
    assert_non_null(p);
    snprintf(text, sizeof(text), "version = 1\n[on.fault]\n%s\n", rule);
    assert_true(policy_parse(p, text, strlen(text), "t", &diags));
    assert_int_equal(p->count, 1);
    return p;
}

static void end(struct policy *p)
{
    policy_free(p);
    free(p);
}

enum outcome {
    NOTHING,
    ACT,
    HELD_BACK,
};

static enum outcome at(struct policy *p, uint64_t ms, const char *event)
{
    struct jtree tree;
    const char *why = NULL;
    bool too_often = false;
    assert_true(jtree_parse(&tree, event, strlen(event), &why));
    bool act = policy_rule_event(&p->rules[0], tree.root, ms, &too_often);
    assert_false(act && too_often);
    jtree_free(&tree);
    return act ? ACT : too_often ? HELD_BACK : NOTHING;
}

#define A "{\"type\":\"fault\",\"severity\":\"error\",\"guest\":\"a\",\"device\":\"disk\",\"source\":\"0000:03:00.0\"}"
#define B "{\"type\":\"fault\",\"severity\":\"info\",\"guest\":\"b\"}"
#define A_MANY "{\"type\":\"fault\",\"guest\":\"a\",\"count\":1000000}"
#define OTHER "{\"type\":\"log\",\"severity\":\"error\",\"guest\":\"a\"}"

static void test_every_event_without_a_limit(void **state)
{
    (void)state;
    struct policy *p = policy_of("action = \"restart\"");
    assert_int_equal(at(p, 0, A), ACT);
    assert_int_equal(at(p, 0, A), ACT);
    assert_int_equal(at(p, 0, B), ACT);
    assert_int_equal(at(p, 0, OTHER), NOTHING);
    assert_int_equal(p->rules[0].acted, 3);
    end(p);
}

static void test_the_limits_edge(void **state)
{
    (void)state;
    struct policy *p = policy_of("action = \"restart\"\nlimit = \"3/10s\"");
    assert_int_equal(at(p, 0, A), NOTHING);
    assert_int_equal(at(p, 1, A), NOTHING);
    assert_int_equal(at(p, 10001, A), NOTHING); /* the first is 10.001 s ago */
    assert_int_equal(at(p, 10001, A), ACT);     /* the second is 10 s ago */
    assert_int_equal(at(p, 10001, A), NOTHING); /* counted from the begin again */
    assert_int_equal(at(p, 10001, A), NOTHING);
    assert_int_equal(at(p, 10001, A), ACT);
    end(p);
}

static void test_targets_count_alone_and_many_count_as_many(void **state)
{
    (void)state;
    struct policy *p = policy_of("action = \"restart\"\nlimit = \"2/10s\"");
    assert_int_equal(at(p, 0, A), NOTHING);
    assert_int_equal(at(p, 0, B), NOTHING);
    assert_int_equal(at(p, 0, B), ACT);
    assert_int_equal(at(p, 0, A_MANY), ACT);
    assert_int_equal(at(p, 0, A), NOTHING);
    end(p);
}

static void test_at_most(void **state)
{
    (void)state;
    struct policy *p = policy_of("action = \"restart\"\nat-most = \"2/1min\"");
    assert_int_equal(at(p, 0, A), ACT);
    assert_int_equal(at(p, 30000, A), ACT);
    assert_int_equal(at(p, 30000, A), HELD_BACK);
    assert_int_equal(at(p, 30000, B), ACT); /* another guest */
    assert_int_equal(at(p, 60000, A), HELD_BACK);
    assert_int_equal(at(p, 60001, A), ACT);
    assert_int_equal(at(p, 60001, A), HELD_BACK);
    end(p);
}

static void test_filters(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        enum outcome a, b;
    } cases[] = {
        {"action = \"log\"\nguest = \"a\"", ACT, NOTHING},
        {"action = \"log\"\ndevice = \"0000:03:00.0\"", ACT, NOTHING},
        {"action = \"log\"\nnetwork = \"lan\"", NOTHING, NOTHING},
        {"action = \"log\"\nseverity = \"info\"", ACT, ACT},
        {"action = \"log\"\nseverity = \"error\"", ACT, NOTHING},
        {"action = \"log\"\nseverity = \"critical\"", NOTHING, NOTHING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct policy *p = policy_of(cases[i].rule);
        assert_int_equal(at(p, 0, A), cases[i].a);
        assert_int_equal(at(p, 0, B), cases[i].b);
        end(p);
    }
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *target;
    } cases[] = {
        {"action = \"restart\"", "a"},   {"action = \"restart\"\ntarget = \"x\"", "x"},
        {"action = \"cut\"", "none"},    {"action = \"stop-device\"", "0000:03:00.0"},
        {"action = \"reboot\"", "none"}, {"action = \"cut\"\ntarget = \"lan\"", "lan"},
    };
    struct jtree tree;
    const char *why = NULL;
    assert_true(jtree_parse(&tree, A, strlen(A), &why));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct policy *p = policy_of(cases[i].rule);
        const char *target = policy_target(&p->rules[0], tree.root);
        assert_string_equal(target != NULL ? target : "none", cases[i].target);
        end(p);
    }
    jtree_free(&tree);
}

/* More targets than are watched: the one unseen for longest is forgotten, the others are not. */
static void test_many_targets(void **state)
{
    (void)state;
    struct policy *p = policy_of("action = \"restart\"\nlimit = \"2/1h\"");
    char event[128];
    for (unsigned i = 0; i < POLICY_KEYS_MAX + 1; i++) {
        snprintf(event, sizeof(event), "{\"type\":\"fault\",\"guest\":\"g%u\"}", i);
        assert_int_equal(at(p, i, event), NOTHING);
    }
    assert_int_equal(at(p, 100, "{\"type\":\"fault\",\"guest\":\"g1\"}"), ACT);
    assert_int_equal(at(p, 100, "{\"type\":\"fault\",\"guest\":\"g0\"}"), NOTHING);
    assert_int_equal(at(p, 100, "{\"type\":\"fault\",\"guest\":\"g32\"}"), ACT);
    end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_without_a_limit),
        cmocka_unit_test(test_the_limits_edge),
        cmocka_unit_test(test_targets_count_alone_and_many_count_as_many),
        cmocka_unit_test(test_at_most),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_many_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
