# The commands of Part 6. A handout without that part is without this file.

.PHONY: imitate lessons

imitate: $(READY)  ## one policy for many tasks, by imitation: Z=onehot|words|demo|prompt|none [TASKS=desk] [RELABEL=random|best] [DEMOS=100] [RARE=6] [BATCHES=stratified|proportional] [STEPS=n] [SEED=0] [OUT=folder] [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).imitate) $(call opt,Z,--z) $(call opt,TASKS,--tasks) $(call opt,RELABEL,--relabel) \
	  $(call opt,DEMOS,--demos) $(call opt,RARE,--rare) $(call opt,BATCHES,--batches) $(call opt,STEPS,--updates) \
	  $(call opt,SEED,--seed) $(call opt,OUT,--out) $(call opt,JSON,--json)

lessons: $(READY)  ## what many tasks teach, over seeds: LESSON=z|batches|words|demo|prompt|relabel [SEEDS="0 1"] [OUT=folder] [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).lessons) $(call opt,LESSON,--lesson) $(call opts,SEEDS,--seeds) $(call opt,OUT,--out) \
	  $(call opt,JSON,--json)

# What goes with one way of training or playing alone would be dropped in silence by the other. `typed` are the names
# among these that the command line gives.
typed = $(foreach name,$1,$(if $(filter command,$(origin $(name))),$(name)=))
only = $(if $(strip $(call typed,$1)),$(error $(strip $(call typed,$1)) does not go together with $2))

train:  ## many tasks by RL: METHOD=multitask RELABEL=none|random|best [TASKS=corners] [JSON=file], and SEED= OUT= STEPS= RESUME=
OTHER_train = $(if $(filter multitask,$(value METHOD)),$(call only,TASK,METHOD=multitask (it takes TASKS=corners))$(PY) -m \
  $(call quoted,$(TRAINED).train_tasks) $(call opt,TASKS,--tasks) $(call opt,RELABEL,--relabel) $(call opt,SEED,--seed) \
  $(call opt,OUT,--out) $(call opt,STEPS,--total-steps) $(call flag,RESUME,--resume) \
  $(call opt,JSON,--json),$(call only,RELABEL TASKS JSON,METHOD=$(value METHOD)))

play:  ## tell the arm what to do: SAY="lift the block" [WEIGHTS=policy.safetensors], and EPISODES= JSON=
OTHER_play = $(if $(value SAY),$(call only,TASK STRIP,SAY=)$(PY) -m $(call quoted,$(TRAINED).say) \
  --words $(call quoted,$(value SAY)) $(call opt,WEIGHTS,--policy) $(call opt,EPISODES,--episodes) $(call opt,JSON,--json))
