# The guests' DSDT: compiled by iasl into a C array that hypervisor and host tests link.
DSDT := $(BUILD)/generated/guest/dsdt.c
$(DSDT): guest/dsdt.asl
	@mkdir -p $(@D)
	@iasl -p $(@D)/dsdt -tc $< >$(@D)/iasl.log 2>&1 || { cat $(@D)/iasl.log; exit 1; }
	@mv $(@D)/dsdt.hex $@
