# Thin lines over Python commands, each of which works by itself: `make -n check` shows what `make check` runs.
# Everything runs in .venv, which is made on first use.

PYTHON ?= python3
TASK ?= reach
METHOD ?= her
SEED ?= 0

# Whose code: CODE=hw or CODE=solutions. Checks look at hw; where the solutions are, training takes those.
CHECKED := $(or $(value CODE),hw)
TRAINED := $(or $(value CODE),$(if $(wildcard solutions/train.py),solutions,hw))

PY := $(if $(filter Windows_NT,$(OS)),.venv/Scripts/python.exe,.venv/bin/python)
READY := .venv/.ready
# autograder/setup.py says what these two files are; looking at them here saves starting a Python each time.
STALE := $(shell test -x $(PY) && test ! -e .venv/.making && cmp -s requirements.txt $(READY) || echo stale)

# A value is handed on as it was typed, whatever is in it: $, quotes, spaces, brackets. `opt` is a value, `opts` a list of
# words, `flag` 1 or 0; each is nothing where the name was not given.
quoted = '$(subst ','\'',$1)'
opt = $(if $(value $1),$2 $(call quoted,$(value $1)))
opts = $(if $(value $1),$2 $(foreach word,$(value $1),$(call quoted,$(word))))
flag = $(if $(filter-out 0 1 no yes false true,$(value $1)),$(error $1 is 1 or 0, not '$(value $1)'))$(if $(filter 1 yes true,$(value $1)),$2)
# `sets` makes of each word name=value the option --name=value.
sets = $(foreach word,$(value $1),$(call quoted,--$(word)))
# `need` ends with a sentence where a name was not given.
need = $(if $(value $1),,$(error say which: $2))

.DEFAULT_GOAL := help
.PHONY: help setup system check hint train play compare model-error submission update lint format

help:  ## this list
	@echo "make TARGET [NAME=value ...], where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything in requirements.txt (PYTHON=python3.11 picks the Python)

# Settings of pip hold here, also if uv installs. On Linux a plain torch brings several GB of GPU libraries: where there is
# no GPU, first point the environment variable PIP_EXTRA_INDEX_URL at PyTorch's index of CPU builds (see its install page).
.PHONY: stale
$(READY): $(STALE)
	@command -v "$(PYTHON)" >/dev/null \
	  || { echo "There is no '$(PYTHON)' here: install or name a Python 3.11, 3.12 or 3.13, as in: make setup PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" autograder/setup.py

system:  ## Debian, Ubuntu: install the GL libraries for drawing without a screen, and what confines submissions
	@set -- apt-get install -y --no-install-recommends libegl1 libgl1 libgl1-mesa-dri bubblewrap libseccomp2; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && "$$@"; \
	elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo "$$@"; \
	else echo "Run this once as an administrator: sudo $$*"; fi

# On a terminal the table is the last word: checks that fail are no failure of make's. For programs the code stays.
check: $(READY)  ## check your code: [PART=4] [SUB=4b] [DEBUG=1] stops in the debugger where your code raises
	@$(PY) -m autograder check $(call opt,CHECKED,--target) $(call opt,PART,--part) $(call opt,SUB,--sub) \
	  $(call flag,DEBUG,--debug) || { code=$$?; test $$code = 1 && test -t 1 || exit $$code; }

hint: $(READY)  ## a hint for a hole, the idea first: SUB=4b [LEVEL=2] comes nearer to the code
	@$(call need,SUB,make hint SUB=4b)$(PY) -m autograder hint $(call opt,SUB,--sub) $(call opt,LEVEL,--level)

# What else a target can do, if a part brings it (OTHER_train in its .mk), takes the place of its usual line.
train: $(READY)  ## train with your code: TASK=reach METHOD=ddpg|her|mbpo (Part 3; 3 and 4; 1 to 4) SEED=0 [OUT=folder] [STEPS=5000] [RESUME=1] [SETTINGS="lr=0.0003 scripted=none"]
	@$(or $(OTHER_train),$(PY) -m $(call quoted,$(TRAINED).train) $(call opt,TASK,--task) $(call opt,METHOD,--method) \
	  $(call opt,SEED,--seed) $(call opt,OUT,--out) $(call opt,STEPS,--total-steps) $(call flag,RESUME,--resume) \
	  $(call sets,SETTINGS))

play: $(READY)  ## watch a trained policy, count its successes: TASK=reach [WEIGHTS=file] [LIVE=1] [EPISODES=100] [STRIP=file.png] [JSON=file]
	@$(or $(OTHER_play),$(PY) -m $(call quoted,$(TRAINED).play) $(call opt,TASK,--task) $(call opt,WEIGHTS,--weights) \
	  $(call flag,LIVE,--live) $(call opt,EPISODES,--episodes) $(call opt,STRIP,--strip) $(call opt,JSON,--json))

compare: $(READY)  ## train every method over seeds, one table and picture: TASK=reach [METHODS="her mbpo"] [SEEDS="0 1 2"] [STEPS=n] [SETTINGS="name=value"] [JOBS=n] [OUT=folder] [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).compare) $(call opt,TASK,--task) $(call opts,METHODS,--methods) \
	  $(call opts,SEEDS,--seeds) $(call opt,STEPS,--total-steps) $(call opts,SETTINGS,--settings) $(call opt,OUT,--out) \
	  $(call opt,JOBS,--jobs) $(call opt,JSON,--json)

model-error: $(READY)  ## how wrong is the learned model, in free motion and in contact: TASK=push [JSON=file]
	@$(PY) -m $(call quoted,$(TRAINED).model_error) $(call opt,TASK,--task) $(call opt,JSON,--json)

submission: $(READY)  ## pack what you hand in: [WEIGHTS=runs/.../weights.safetensors] [OUT=submission.zip]
	@$(PY) -m autograder submission $(call opt,WEIGHTS,--weights) $(call opt,OUT,--out)

update: $(READY)  ## take a mended handout into this folder, your work stays: FROM=handout.zip [KEEP="files"] [TAKE="files"] [SHOW=1]
	@$(call need,FROM,make update FROM=handout.zip)$(PY) -m autograder update $(call quoted,$(value FROM)) \
	  $(call opts,KEEP,--keep) $(call opts,TAKE,--take) $(call flag,SHOW,--show)

lint: $(READY)  ## ruff: rules and layout; mypy: types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(if $(wildcard solutions),$(PY) -m mypy)

format: $(READY)  ## let ruff lay out the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# Targets that go with a part of the homework, and are not there without it.
include $(wildcard $(TRAINED)/*.mk)

# The course's own targets; a handout does not have this file, and the Makefile is the same.
-include autograder/staff/instructor.mk

# A name that no target asked for takes (TAKS=push, or METHOD= where it is METHODS=) would be dropped in silence. What a
# target takes stands in its line of help; names with an underscore are the environment's (PIP_EXTRA_INDEX_URL), and a
# Makefile that calls this one may hand on names of its own.
ifeq ($(MAKELEVEL),0)
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(if $(findstring _,$(name)),,$(name))))
ifneq ($(GIVEN),)
GOALS := $(or $(MAKECMDGOALS),help)
TAKEN := $(shell grep -hE '^($(subst $() ,|,$(strip $(GOALS)))):' $(MAKEFILE_LIST) | grep -oE '[A-Z]+=' | tr -d =)
UNTAKEN := $(filter-out $(TAKEN) CODE PYTHON,$(GIVEN))
$(if $(UNTAKEN),$(error make $(GOALS) takes no $(UNTAKEN); it takes $(or $(TAKEN),nothing) (see make help)))
endif
endif
