# Goes with Part 9.
.PHONY: experiment
experiment: $(READY)  ## Part 9, predict first: NAME=strategies|share|rollouts|contact|no_hindsight|spread [JOBS=n] [OUT=folder]
	@$(call need,NAME,make experiment NAME=strategies)$(PY) -m $(call quoted,$(TRAINED).experiments) $(call opt,NAME,--name) \
	  $(call opt,JOBS,--jobs) $(call opt,OUT,--out)
