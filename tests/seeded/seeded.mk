# `make seeded`: every deliberately broken variant of the driver, of what builds guests' tables, and of what stops and
# starts guests, must be rejected by the test that its list names.
SEEDED_LISTS := tests/seeded/vtd.txt tests/seeded/audit.txt tests/seeded/life.txt
SEEDED_TESTS := $(sort $(shell sed -nE 's/^[^\#].*\| *([^ |]+)( [^|]*)?$$/\1/p' $(SEEDED_LISTS)))
.PHONY: seeded seeded-variants
seeded: setup-test
	@$(MAKE) --no-print-directory seeded-variants
seeded-variants: $(SEEDED_TESTS:%=$(BUILD)/host-gcc/unit/%)
	@for list in $(SEEDED_LISTS); do CC='$(CC)' CFLAGS='$(HOST_CFLAGS) $(filter-out -MMD -MP,$(SANITIZE))' \
		tests/seeded/run.sh $$list $(BUILD) $(ONLY) || failed=1; done; [ -z "$$failed" ]
