/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_vfs.c: guests that have VFs of others' PFs. */
#include "plan/plan_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/plan_rig.h"

#define SERVICE "version = 1\n[system]\nservice = \"one\"\n"
#define GUEST(name, cpu, rest) "[guest." name "]\ncpus = [" cpu "]\nkernel = \"k\"\nmemory = \"64MiB\"\n" rest
#define ONE(devices) GUEST("one", "0", "devices = [" devices "]\n")
#define TWO(devices) GUEST("two", "1", "devices = [" devices "]\n")
#define TWO_LATER(devices) GUEST("two", "1", "autostart = false\ndevices = [" devices "]\n")
#define THREE(devices) GUEST("three", "2", "autostart = false\ndevices = [" devices "]\n")
#define FIX "; fix: give each PF to a guest that needs no VFs of the others', or to none\n"

/* PFs 01:00.0, 02:00.0 and 03:00.0, each behind a port of its own, and each with two VFs, .1 and .2. */
static int start(void **state)
{
    static const char *const ports[] = {"0000:00:03.0", "0000:00:04.0", "0000:00:05.0"};
    static const char *const functions[] = {"0000:01:00.0", "0000:01:00.1", "0000:01:00.2",
                                            "0000:02:00.0", "0000:02:00.1", "0000:02:00.2",
                                            "0000:03:00.0", "0000:03:00.1", "0000:03:00.2"};
    plan_rig_start(state);
    for (uint32_t i = 0; i < ARRAY_LENGTH(ports); i++) {
        plan_rig_port(ports[i], (uint8_t)(1 + i), true);
    }
    for (uint32_t i = 0; i < ARRAY_LENGTH(functions); i++) {
        struct pci_function *f = plan_rig_device(functions[i]);
        f->parent = i / 3;
        f->is_pf = i % 3 == 0;
        f->cap.sriov = f->is_pf ? 0x160 : 0;
        f->is_vf = !f->is_pf;
        f->pf = f->is_vf ? 3 + i / 3 * 3 : 0;
    }
    return 0;
}

static void says(const char *text, enum status status, const char *said)
{
    enum status is = plan_rig_plan(text);
    assert_string_equal(plan_rig_text(), said);
    assert_int_equal(is, status);
}

static void an_owner_and_others(void **state)
{
    (void)state;
    says(SERVICE ONE("\"0000:01:00.0\", \"0000:01:00.1\", \"0000:02:00.0\"") TWO_LATER("\"0000:01:00.2\"")
             THREE("\"0000:02:00.1\""),
         STATUS_OK, "");
    /* In a row, and PFs that nobody has. */
    says(SERVICE ONE("\"0000:01:00.0\"") TWO_LATER("\"0000:01:00.1\", \"0000:02:00.0\"")
             THREE("\"0000:02:00.1\", \"0000:01:00.2\""),
         STATUS_OK, "");
}

static void each_has_the_other_s(void **state)
{
    (void)state;
    says(SERVICE ONE("\"0000:01:00.0\", \"0000:02:00.1\", \"0000:02:00.2\"")
             TWO_LATER("\"0000:02:00.0\", \"0000:01:00.1\""),
         STATUS_UNSUPPORTED,
         "error[BH0668] g.toml:8:28: 0000:02:00.1 is a VF of 0000:02:00.0 of guest 'two', which needs VFs of guest "
         "'one' itself, or of one that does: a reset of either PF would have to wait for both" FIX);
}

/* Once, not three times; and not for the guest beside it. */
static void a_circle_of_three(void **state)
{
    (void)state;
    says(SERVICE ONE("\"0000:01:00.0\", \"0000:03:00.1\"") TWO_LATER("\"0000:02:00.0\", \"0000:01:00.1\"")
             THREE("\"0000:03:00.0\", \"0000:02:00.1\"")
                 GUEST("four", "3", "autostart = false\ndevices = [\"0000:01:00.2\"]\n"),
         STATUS_UNSUPPORTED,
         "error[BH0668] g.toml:8:28: 0000:03:00.1 is a VF of 0000:03:00.0 of guest 'three', which needs VFs of guest "
         "'one' itself, or of one that does: a reset of either PF would have to wait for both" FIX);
}

/* What nobody named stays out instead. */
static void nobody_gets_into_one_by_what_is_left_over(void **state)
{
    (void)state;
    assert_int_equal(plan_rig_plan("version = 1\n[system]\nservice = \"one\"\nunassigned = \"one\"\n" ONE(
                         "\"0000:01:00.0\"") TWO_LATER("\"0000:02:00.0\", \"0000:01:00.1\"")),
                     STATUS_OK);
    assert_non_null(strstr(plan_rig_text(), "the group of 0000:02:00.1 stays blocked: 0000:02:00.1 is a VF of"));
    assert_null(strstr(plan_rig_text(), "the group of 0000:03:00.1"));
}

static void one_that_starts_too_early(void **state)
{
    (void)state;
    const char *what = "warning[BH0669] g.toml:13:12: 0000:01:00.1 is a VF of 0000:01:00.0 of guest 'one', and guest "
                       "'two' starts together with that: before a driver can have made its VFs ready; fix: write "
                       "autostart = false into [guest.two]; the service guest starts it when its VFs are ready\n";
    says(SERVICE ONE("\"0000:01:00.0\"") TWO("\"0000:01:00.1\", \"0000:01:00.2\""), STATUS_OK, what);
    /* Nobody else could start the service guest, and nobody starts those that wait without one. */
    says(SERVICE ONE("\"0000:01:00.1\"") TWO("\"0000:01:00.0\""), STATUS_OK, "");
    assert_int_equal(plan_rig_plan("version = 1\n" ONE("\"0000:01:00.0\"") TWO("\"0000:01:00.1\"")), STATUS_OK);
    assert_non_null(strstr(plan_rig_text(), "fix: write autostart = false into [guest.two], and service = \"one\" into "
                                            "[system], which starts it when its VFs are ready\n"));
}

/* 01:00.0 and 02:00.0 as two PFs of one device: the first tells ARI, for the VFs of the second too. */
static void ids_that_hang_on_another_s_pf(void **state)
{
    (void)state;
    plan_rig.machine.sriov.count = 1;
    struct sriov *s = &plan_rig.machine.sriov.pfs[0];
    *s = (struct sriov){.pf = 6, .at = plan_rig.functions[6].at, .ari = true, .ari_at = plan_rig.functions[3].at};
    const char *apart =
        SERVICE ONE("\"0000:01:00.0\"") TWO_LATER("\"0000:02:00.0\"") THREE("\"0000:02:00.1\", \"0000:02:00.2\"");
    says(apart, STATUS_UNSUPPORTED,
         "error[BH0670] g.toml:20:12: 0000:02:00.1 is a VF of 0000:02:00.0, and its id hangs on 0000:01:00.0 of guest "
         "'one' (ARI): while that is reset, it would send with another id; fix: give 0000:01:00.0 and 0000:02:00.0 to "
         "the same guest, or 0000:01:00.0 to none\n");
    assert_int_equal(plan_rig_plan(SERVICE ONE("\"0000:01:00.0\"") THREE("\"0000:02:00.1\"")), STATUS_UNSUPPORTED);
    assert_non_null(strstr(plan_rig_text(), "error[BH0670] g.toml:14:12: 0000:02:00.1 is a VF of 0000:02:00.0, and"));
    says(SERVICE ONE("\"0000:01:00.0\", \"0000:02:00.0\"") THREE("\"0000:02:00.1\""), STATUS_OK, "");
    says(SERVICE ONE("") TWO_LATER("\"0000:02:00.0\"") THREE("\"0000:02:00.1\""), STATUS_OK, "");
    s->ari = false;
    says(apart, STATUS_OK, "");
}

/* Who gets what nobody named does not get the PF that others' ids hang on. */
static void what_is_left_over_decides_over_no_ids(void **state)
{
    (void)state;
    plan_rig.machine.sriov.count = 1;
    plan_rig.machine.sriov.pfs[0] =
        (struct sriov){.pf = 6, .at = plan_rig.functions[6].at, .ari = true, .ari_at = plan_rig.functions[3].at};
    assert_int_equal(plan_rig_plan("version = 1\n[system]\nservice = \"one\"\nunassigned = \"one\"\n" ONE("")
                                       TWO_LATER("\"0000:02:00.0\", \"0000:02:00.1\"")),
                     STATUS_OK);
    assert_non_null(strstr(plan_rig_text(), "the group of 0000:01:00.0 stays blocked: 0000:01:00.0 decides over the "
                                            "ids of the VFs of 0000:02:00.0 (ARI)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_owner_and_others, start),
        cmocka_unit_test_setup(each_has_the_other_s, start),
        cmocka_unit_test_setup(a_circle_of_three, start),
        cmocka_unit_test_setup(nobody_gets_into_one_by_what_is_left_over, start),
        cmocka_unit_test_setup(one_that_starts_too_early, start),
        cmocka_unit_test_setup(ids_that_hang_on_another_s_pf, start),
        cmocka_unit_test_setup(what_is_left_over_decides_over_no_ids, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
