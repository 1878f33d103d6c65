# Targets for those who run the course: they need solutions/ and the hidden checks, so a handout goes without.

.PHONY: demo test test-fast test-pythons verify grade grade-diff starter handout update-handout gradescope new-course calibrate bench bench-envs exactness

# A test starts as if no make had started it: what make passes on decides how commands are spelt and which names they take.
PYTEST = env -u MAKELEVEL -u MAKEFLAGS -u MFLAGS $(PY) -m pytest -q -n 2 --dist loadfile

demo: $(READY)  ## the whole thing in a few minutes: train the reference, grade a small class
	@$(PY) -m autograder.staff.demo

test: lint  ## everything that is tested: layout, hw/ against solutions/, the kit's own tests
	@$(PY) -m autograder.staff.release starter --check
	@$(PYTEST)

test-fast: $(READY)  ## the tests that take seconds
	@$(PYTEST) -m "not slow"

test-pythons: $(READY)  ## run the tests that take seconds under each Python, set up anew: [PYTHONS="3.11 3.12 3.13"] [TESTS="words for pytest"]
	@$(PY) -m autograder.staff.pythons $(call opts,PYTHONS,--pythons) $(if $(value TESTS),--tests=$(call quoted,$(value TESTS)))

verify: $(READY)  ## do the checks fail what is wrong and pass what is right: [ONLY="4b 2"] [JOBS=2] [SEEDS=3] [JSON=file]
	@$(PY) -m autograder.staff.verify $(call opts,ONLY,--only) $(call opt,JOBS,--jobs) $(call opt,SEEDS,--seeds) $(call opt,JSON,--json)

# One submission is graded without these: dropped in silence, DUE=... would look as if it had been heeded.
ifneq ($(and $(value SUBMISSION),$(filter grade,$(MAKECMDGOALS))),)
OF_A_CLASS := $(foreach name,SUBMISSIONS JOBS ONLY REGRADE DUE ROSTER SCHEDULER,$(if $(filter command,$(origin $(name))),$(name)=))
$(if $(strip $(OF_A_CLASS)),$(error SUBMISSION= grades one submission and does not go together with $(strip $(OF_A_CLASS))))
endif
grade: $(READY)  ## grade a class: SUBMISSIONS=folder or export [OUT=] [JOBS=] [ONLY=] [REGRADE=] [DUE=] [ROSTER=file.csv] [SCHEDULER=]; one: SUBMISSION=
	@$(if $(value SUBMISSION)$(value SUBMISSIONS),,echo \
	  "Say which: make grade SUBMISSIONS=folder (a class) or make grade SUBMISSION=path (one)"; exit 1)
	@$(if $(value SUBMISSIONS),$(PY) -m autograder grade-class $(call quoted,$(value SUBMISSIONS)) \
	  --out $(call quoted,$(or $(value OUT),out/class)) $(call opt,JOBS,--jobs) $(call opt,DUE,--due) $(call opt,ROSTER,--roster) \
	  $(call opts,ONLY,--only) $(call opts,REGRADE,--regrade) $(call opt,SCHEDULER,--scheduler), \
	  $(PY) -m autograder grade $(call quoted,$(value SUBMISSION)) --out $(call quoted,$(or $(value OUT),out/grade)))

grade-diff: $(READY)  ## whose points differ between two gradings: OLD=folder NEW=folder
	@$(call need,OLD,make grade-diff OLD=folder NEW=folder)$(call need,NEW,make grade-diff OLD=folder NEW=folder)\
	  $(PY) -m autograder compare $(call quoted,$(value OLD)) $(call quoted,$(value NEW))

starter: $(READY)  ## write hw/ from solutions/ (FORCE=1 overwrites edits in hw/)
	@$(PY) -m autograder.staff.release starter $(call flag,FORCE,--force)

handout: $(READY)  ## build the students' zip: [OUT=dist/handout.zip]
	@$(PY) -m autograder.staff.release handout $(call opt,OUT,--out)

update-handout: $(READY)  ## build a mended handout beside the old one, for students who have begun: NOTE="what changes for them" [OUT=dist/handout.zip]
	@$(PY) -m autograder.staff.release update-handout $(call opt,NOTE,--note) $(call opt,OUT,--out)

new-course: $(READY)  ## copy what a course of its own needs into an empty folder: OUT=folder
	@$(call need,OUT,make new-course OUT=folder)$(PY) -m autograder.staff.release new-course $(call quoted,$(value OUT))

gradescope: $(READY)  ## build the zip to upload to Gradescope: [OUT=dist/gradescope.zip] [MINUTES=10] [INDEX=url of CPU builds]
	@$(PY) -m autograder.staff.release gradescope $(call opt,OUT,--out) $(call opt,MINUTES,--minutes) $(call opt,INDEX,--index)

calibrate: $(READY)  ## train the reference over seeds, write threshold and weights: TASK=push [SEEDS="0 1 2"] [STEPS=n] [JOBS=n] [SCHEDULER=]
	@$(PY) -m autograder.staff.calibrate $(call opt,TASK,--task) $(call opts,SEEDS,--seeds) \
	  $(call opt,STEPS,--total-steps) $(call opt,JOBS,--jobs) $(call opt,SCHEDULER,--scheduler)

bench: $(READY)  ## our her beside stable-baselines3's, for as long or TIMES our time to .9: TASK=push [SEEDS="0 1"] [TIMES=10] [JSON=file]
	@$(PY) -m autograder.bench.sb3 $(call opt,TASK,--task) $(call opts,SEEDS,--seeds) \
	  $(call opt,TIMES,--times) $(call opt,JSON,--json)

bench-envs: $(READY)  ## measure env steps/s against gymnasium and EnvPool: [JSON=file]
	@$(PY) -m autograder.bench.envs_speed $(call opt,JSON,--json)

exactness: $(READY)  ## compare the envs with gymnasium-robotics, bit by bit: [JSON=file]
	@$(PY) -m autograder.bench.exactness $(call opt,JSON,--json)
