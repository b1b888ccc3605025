# `make docs` writes the documents that are made from the sources; tests/test_docs.py fails when they are stale.
DOC_TABLES := $(patsubst %,$(BUILD)/host/%.o,$(wildcard tools/docs/*.c))
$(BUILD)/host/doc_tables: $(DOC_TABLES) $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	$(CC) $(DOC_TABLES) -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

test-programs: $(BUILD)/host/doc_tables

.PHONY: docs
docs: $(BUILD)/host/doc_tables
	$(BUILD)/host/doc_tables config >docs/config.md
	$(BUILD)/host/doc_tables config-space >docs/config-space.md
	tools/diagnostics-doc >docs/diagnostics.md
	@if command -v dot >/dev/null; then dot -Tsvg docs/architecture.dot -o docs/architecture.svg; \
		else echo 'dot (Debian: graphviz) is not installed: docs/architecture.svg stays as it is'; fi
