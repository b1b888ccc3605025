# The host tool: build/host/bulkhead for use, one static file that any Linux on x86-64 runs, an initramfs too;
# build/host-gcc/bulkhead with sanitizers for tests. All but main and the stand-ins for hardware are libtool.a as well,
# which unit tests and fuzz targets link (the Makefile's rules for them).
TOOL_MAIN := tools/bulkhead/main.c tools/bulkhead/no_hardware.c
TOOL_SRC := $(filter-out $(TOOL_MAIN),$(sort $(wildcard tools/bulkhead/*.c)))

all: $(BUILD)/host/bulkhead
test-programs: $(BUILD)/host-gcc/bulkhead

define tool_rules # $(1) folder, $(2) flags of the linker
$(BUILD)/$(1)/libtool.a: $(TOOL_SRC:%=$(BUILD)/$(1)/%.o)
	@rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/$(1)/bulkhead: $(TOOL_MAIN:%=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a
	$(CC) $(2) $$^ -o $$@
endef
$(eval $(call tool_rules,host,-static))
$(eval $(call tool_rules,host-gcc,$(SANITIZE)))
$(BUILD)/host-clang/libtool.a: $(TOOL_SRC:%=$(BUILD)/host-clang/%.o)
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/host-fuzz/libtool.a: $(TOOL_SRC:%=$(BUILD)/host-fuzz/%.o)
	@rm -f $@ && ar rcs $@ $^
