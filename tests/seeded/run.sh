#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a variant of the driver for every line of a seeded-bug list and demand that its test fails.
# Usage: run.sh LIST BUILD [NAME]   (after `make` built the tests; CC and CFLAGS come from the Makefile)
# A list's last field is the test, and after a blank a text that it must print, if any.
set -u
list=$1
build=$2
only=${3:-}
missed=0
count=0
trim() { sed -E 's/^ +//; s/ +$//'; }

while IFS= read -r line; do
    case $line in '#'* | '') continue ;; esac
    name=$(cut -d'|' -f1 <<<"$line" | trim)
    file=$(cut -d'|' -f2 <<<"$line" | trim)
    must=$(rev <<<"$line" | cut -d'|' -f1 | rev | trim)
    test=${must%% *}
    said=${must#"$test"}
    said=${said# }
    script=$(cut -d'|' -f3- <<<"$line" | rev | cut -d'|' -f2- | rev | trim)
    [ -n "$only" ] && [ "$only" != "$name" ] && continue
    count=$((count + 1))
    dir=$build/seeded/$name
    mkdir -p "$dir"
    sed -E "$script" "$file" >"$dir/variant.c"
    if cmp -s "$file" "$dir/variant.c"; then
        echo "seeded $name: STALE, the script changes nothing in $file"
        missed=$((missed + 1))
        continue
    fi
    if ! $CC $CFLAGS -w -c "$dir/variant.c" -o "$dir/variant.o" 2>"$dir/log" ||
        ! $CC $CFLAGS "$build/host-gcc/tests/unit/$test.c.o" "$dir/variant.o" -Wl,--start-group \
            "$build/host-gcc/libfake.a" "$build/host-gcc/libbulkhead.a" -Wl,--end-group -lcmocka -o "$dir/test" 2>>"$dir/log"; then
        echo "seeded $name: does not build, see $dir/log"
        missed=$((missed + 1))
        continue
    fi
    if (timeout 10 "$dir/test" || exit 1) >"$dir/log" 2>&1; then
        echo "seeded $name: NOT CAUGHT by $test"
        missed=$((missed + 1))
    elif [ -n "$said" ] && ! grep -qF -- "$said" "$dir/log"; then
        echo "seeded $name: $test fails without \"$said\", see $dir/log"
        missed=$((missed + 1))
    fi
    rm -f "$dir/test"
done <"$list"
echo "seeded: $count variants, $((count - missed)) rejected"
[ "$missed" = 0 ]
