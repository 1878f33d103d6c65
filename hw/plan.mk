# Goes with Part 7.
.PHONY: plan
plan: $(READY)  ## plan with a learned model, no policy: TASK=reach PLANNER="cem gradient" EVERY="1 50" REWARD="goal sparse circle left around" [SEEDS="0 1"] [VIDEO=file.mp4] [OUT=folder] [JSON=file] [SETTINGS="search.horizon=8"]
	@$(PY) -m $(call quoted,$(TRAINED).plan) $(call opt,TASK,--task) $(call opts,PLANNER,--planners) $(call opts,EVERY,--every) \
	  $(call opts,REWARD,--rewards) $(call opts,SEEDS,--seeds) $(call opt,VIDEO,--video) $(call opt,OUT,--out) $(call opt,JSON,--json) \
	  $(call sets,SETTINGS)
