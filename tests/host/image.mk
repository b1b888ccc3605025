# The guest loaders as a program, for tests/host/test_image_real.py.
$(BUILD)/host/image_load: $(BUILD)/host-gcc/tests/host/image_load.c.o $(BUILD)/host-gcc/libfake.a \
		$(BUILD)/host-gcc/libbulkhead.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $< -Wl,--start-group $(BUILD)/host-gcc/libfake.a $(BUILD)/host-gcc/libbulkhead.a -Wl,--end-group -o $@
