# The service guest's agent: build/host/bulkheadd and build/host/bulkhead-ctl, static files for any Linux on x86-64;
# build/host-gcc/ has them with sanitizers, for tests. All but their main files is libagent.a. `make deb` packs them.
AGENT_MAIN := tools/bulkheadd/bulkheadd.c tools/bulkheadd/bulkhead_ctl.c
AGENT_SRC := $(filter-out $(AGENT_MAIN),$(sort $(wildcard tools/bulkheadd/*.c)))
AGENT_PROGRAMS := $(BUILD)/host/bulkheadd $(BUILD)/host/bulkhead-ctl

all: $(AGENT_PROGRAMS)

define agent_rules # $(1) folder, $(2) flags of the linker
$(BUILD)/$(1)/bulkheadd: $(BUILD)/$(1)/tools/bulkheadd/bulkheadd.c.o $(BUILD)/$(1)/libagent.a $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a
	$(CC) $(2) $$^ -o $$@
$(BUILD)/$(1)/bulkhead-ctl: $(BUILD)/$(1)/tools/bulkheadd/bulkhead_ctl.c.o $(BUILD)/$(1)/libagent.a $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a
	$(CC) $(2) $$^ -o $$@
endef
$(eval $(call agent_rules,host,-static))
$(eval $(call agent_rules,host-gcc,$(SANITIZE)))

define agent_library # $(1) folder
$(BUILD)/$(1)/libagent.a: $(AGENT_SRC:%=$(BUILD)/$(1)/%.o)
	@rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach folder,host host-gcc host-clang host-fuzz,$(eval $(call agent_library,$(folder))))

# The demo's service guest holds them.
$(BUILD)/guest/.made: $(AGENT_PROGRAMS)

test-programs: $(AGENT_PROGRAMS) $(BUILD)/host-gcc/bulkheadd $(BUILD)/host-gcc/bulkhead-ctl

# What tests them links libagent.a as well.
$(BUILD)/fuzz/fuzz_agent_%: $(BUILD)/host-fuzz/tests/fuzz/fuzz_agent_%.c.o $(BUILD)/host-fuzz/libagent.a \
		$(BUILD)/host-fuzz/libfake.a $(BUILD)/host-fuzz/libtool.a $(BUILD)/host-fuzz/libbulkhead.a
	@mkdir -p $(@D)
	@$(CLANG) -fsanitize=fuzzer $(SANITIZE) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -o $@

.PHONY: deb
deb: $(BUILD)/bulkheadd.deb
$(BUILD)/bulkheadd.deb: $(AGENT_PROGRAMS) tools/agent-package docs/agent.md $(wildcard tools/bulkheadd/*.[18] tools/bulkheadd/debian/*) \
		tools/bulkheadd/completion.bash
	@tools/agent-package $(BUILD)/host $@ && echo "  deb $@"

define agent_unit # $(1) folder, $(2) compiler
$(BUILD)/$(1)/unit/tools/bulkheadd/%: $(BUILD)/$(1)/tests/unit/tools/bulkheadd/%.c.o $(BUILD)/$(1)/libagent.a \
		$(BUILD)/$(1)/libfake.a $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a
	@mkdir -p $$(@D)
	@$(2) $(SANITIZE) $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group -lcmocka -o $$@
endef
$(eval $(call agent_unit,host-gcc,$(CC)))
$(eval $(call agent_unit,host-clang,$(CLANG)))
