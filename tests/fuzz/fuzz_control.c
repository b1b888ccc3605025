/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as lines of the control port: every line has one answer, which is one line of JSON. */
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/json.h"
#include "tests/unit/service/control_rig.h"

#define REQUIRE(condition)                                                                                             \
    if (!(condition)) {                                                                                                \
        __builtin_trap();                                                                                              \
    }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By another reader than the one under test where it can be: brackets and strings outside of escapes, UTF-8. */
static void check_text(const char *text, size_t length)
{
    int open = 0;
    bool string = false;
    for (size_t i = 0; i < length; i++) {
        REQUIRE((uint8_t)text[i] >= ' ');
        if (string && text[i] == '\\') {
            i++; /* what is escaped means nothing here */
            continue;
        }
        string ^= text[i] == '"';
        open += !string && (text[i] == '{' || text[i] == '[');
        open -= !string && (text[i] == '}' || text[i] == ']');
        REQUIRE(open > 0 || i + 1 == length);
    }
    REQUIRE(open == 0 && !string);
    for (size_t i = 0; i < length;) {
        size_t count = json_utf8((const uint8_t *)text + i, length - i);
        REQUIRE(count != 0);
        i += count;
    }
}

static void check_answer(const struct control *control)
{
    static struct json_read read;
    size_t length = control->answer_length;
    REQUIRE(length > 2 && length < CONTROL_ANSWER_MAX && control->answer[length] == 0);
    REQUIRE(control->answer[length - 1] == '\n' && !control->json.cut);
    check_text(control->answer, length - 1);
    enum status status = json_read(&read, control->answer, length);
    REQUIRE(status == STATUS_OK || length > JSON_READ_BYTES);
    if (status == STATUS_OK) {
        const struct json_member *ok = json_read_find(&read, "ok");
        REQUIRE(ok != NULL && ok->kind == JSON_BOOL);
        REQUIRE(ok->yes || *json_read_find(&read, "fix")->text != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    control_rig_make();
    for (size_t start = 0; start < size;) {
        size_t end = start;
        while (end < size && data[end] != '\n') {
            end++;
        }
        char *line = malloc(end - start + 1); /* its bounds are the sanitizer's */
        memcpy(line, data + start, end - start);
        if (end - start > CONTROL_LINE_MAX) {
            control_line_too_long(&control_rig.control);
        } else {
            control_line(&control_rig.control, line, end - start);
        }
        free(line);
        check_answer(&control_rig.control);
        start = end + 1;
    }
    return 0;
}
