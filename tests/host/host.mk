# Programs that run on the host for tests in tests/host.
$(BUILD)/host/config_dump: $(BUILD)/host/tests/host/config_dump.c.o $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	$(CC) $< -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

# The guest loaders, with sanitizers, for test_image_real.py.
$(BUILD)/host/image_load: $(BUILD)/host-gcc/tests/host/image_load.c.o $(BUILD)/host-gcc/libfake.a \
		$(BUILD)/host-gcc/libbulkhead.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $< -Wl,--start-group $(BUILD)/host-gcc/libfake.a $(BUILD)/host-gcc/libbulkhead.a -Wl,--end-group -o $@

# The decoder as a filter, compared with objdump by test_decode_objdump.py.
$(BUILD)/host/decode_dump: $(BUILD)/host/tests/host/decode_dump.c.o $(BUILD)/host/guest/decode.c.o \
		$(BUILD)/host/guest/decode_name.c.o $(BUILD)/host/guest/decode_table.c.o $(BUILD)/host/kernel/lib/cursor.c.o \
		$(BUILD)/host/kernel/lib/status.c.o
	$(CC) $^ -o $@

# The EFI loader's list, for test_boot_cfg.py.
$(BUILD)/host/boot_cfg_dump: $(BUILD)/host/tests/host/boot_cfg_dump.c.o $(BUILD)/host/libbulkhead.a
	$(CC) $< $(BUILD)/host/libbulkhead.a -o $@

test-programs: $(BUILD)/host/boot_cfg_dump $(BUILD)/host/config_dump $(BUILD)/host/image_load $(BUILD)/host/decode_dump
