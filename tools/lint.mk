# The gates: formatting, static checks, every header alone, includes that point down the layers.
# Without git's list (an unpacked archive, a clone of another user's) every file that is there.
LINT_ALL := $(or $(shell git ls-files '*.c' '*.h' 2>/dev/null),\
	$(shell find . -path ./$(BUILD) -prune -o -name '*.[ch]' -printf '%P\n' | sort))
LINT_HEADERS := $(filter %.h,$(LINT_ALL))
LINT_CXX := $(wildcard tests/bochs/plugin/*.cc tests/bochs/plugin/*.hh)
LINT_KERNEL := $(filter-out tests/% tools/%,$(filter %.c,$(LINT_ALL)))
LINT_HOST := $(filter tests/unit/% tests/fake/% tests/model/% tests/fuzz/% tests/host/% tests/qemu/% tools/%,$(filter %.c,$(LINT_ALL)))

.PHONY: lint lint-format lint-headers lint-layers lint-tidy
lint: setup-test
	@$(MAKE) --no-print-directory lint-format lint-headers lint-layers lint-tidy

lint-format:
	@echo "clang-format: $(words $(LINT_ALL) $(LINT_CXX)) files"; clang-format --dry-run -Werror $(LINT_ALL) $(LINT_CXX)

# A stamp a header and compiler, so that a second run only looks at what changed.
lint-headers: $(LINT_HEADERS:%=$(BUILD)/lint/gcc/%.ok) $(LINT_HEADERS:%=$(BUILD)/lint/clang/%.ok) \
	$(patsubst %,$(BUILD)/lint/gcc/%.ok,$(filter %.hh,$(LINT_CXX)))
$(BUILD)/lint/gcc/%.hh.ok: %.hh
	@mkdir -p $(@D)
	@echo '#include "$<"' | $(CXX) $(BOCHS_CXXFLAGS) -MF $(@:.ok=.d) -MT $@ -fsyntax-only -x c++ - && touch $@
$(BUILD)/lint/gcc/%.ok: %
	@mkdir -p $(@D)
	@echo '#include "$<"' | $(CC) $(HOST_CFLAGS) -MF $(@:.ok=.d) -MT $@ -fsyntax-only -x c - && touch $@
$(BUILD)/lint/clang/%.ok: %
	@mkdir -p $(@D)
	@echo '#include "$<"' | $(CLANG) $(filter-out -MMD -MP,$(HOST_CFLAGS)) -fsyntax-only -x c - && touch $@

lint-layers:
	tools/check-layers

# The path-sensitive analyzer is nearly all of clang-tidy's time. Tests run with sanitizers instead; what ships has it whole
# in `make lint`, and in `make test` (ANALYZER=shallow) only as far as it goes in a tenth of the time.
ANALYZER ?= deep
TIDY_deep :=
TIDY_shallow := $(addprefix --extra-arg=,-Xclang -analyzer-config -Xclang mode=shallow)
TIDY := $(BUILD)/lint/tidy-$(ANALYZER)
lint-tidy: $(LINT_KERNEL:%=$(TIDY)/%.ok) $(LINT_HOST:%=$(TIDY)/%.ok)
TIDY_FLAGS = $(filter-out -MMD -MP,$(HOST_CFLAGS))
TIDY_CHECKS = $(TIDY_$(ANALYZER))
$(patsubst %,$(TIDY)/%.ok,$(filter tests/%,$(LINT_HOST))): TIDY_CHECKS = '--checks=-clang-analyzer-*'
$(LINT_KERNEL:%=$(TIDY)/%.ok): TIDY_FLAGS = $(filter-out -MMD -MP -fcf-protection=none,$(KERNEL_CFLAGS))
$(TIDY)/%.ok: % .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $(TIDY_CHECKS) $< -- $(TIDY_FLAGS) 2>$(@:.ok=.err) || { cat $(@:.ok=.err); exit 1; }
	@touch $@
