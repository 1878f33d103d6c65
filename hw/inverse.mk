# Goes with Part 8.
.PHONY: inverse between
inverse: $(READY)  ## act by an inverse model: TASK=reach MODEL="one-step joint n-step always-n chunk future" N="5 10 20" [STEPS=1000] [SEEDS="0 1"] [OUT=folder] [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).inverse) $(call opt,TASK,--task) $(call opts,MODEL,--models) $(call opts,N,--n) \
	  $(call opt,STEPS,--steps) $(call opts,SEEDS,--seeds) $(call opt,OUT,--out) $(call opt,JSON,--json)

between: $(READY)  ## fill in the way of the hand over the block: GAPS="4 8 12" [SEEDS="0 1"] [OUT=folder] [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).between) $(call opts,GAPS,--gaps) $(call opts,SEEDS,--seeds) $(call opt,OUT,--out) \
	  $(call opt,JSON,--json)
