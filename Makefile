# Thin lines over Python commands, each of which works by itself: `make -n check` shows what `make check` runs.
# Everything runs in .venv, which is made on first use.

PYTHON ?= python3
TASK ?= reach
METHOD ?= her
SEED ?= 0

# Whose code: CODE=hw or CODE=solutions. Checks look at hw; where the solutions are, training takes those.
CHECKED := $(or $(CODE),hw)
TRAINED := $(or $(CODE),$(if $(wildcard solutions/train.py),solutions,hw))

PY := .venv/bin/python
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup system check train play compare model-error submission lint format

help:  ## this list
	@echo "make TARGET [NAME=value ...], where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything in requirements.txt (PYTHON=python3.11 picks the Python)

# pip's own settings hold here. On Linux a plain torch brings several GB of GPU libraries: where there is no GPU,
# first point the environment variable PIP_EXTRA_INDEX_URL at PyTorch's index of CPU builds (see its install page).
NAME_ONE = name a Python 3.11, 3.12 or 3.13, as in: make setup PYTHON=python3.12
$(READY): requirements.txt
	@command -v "$(PYTHON)" >/dev/null \
	  || { echo "There is no '$(PYTHON)' here: install or $(NAME_ONE)"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "'$(PYTHON)' is not a Python of the right version: $(NAME_ONE)"; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "'$(PYTHON)' cannot make virtual environments: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv (a few minutes the first time) ..."
	@"$(PYTHON)" -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(READY)

system:  ## Debian, Ubuntu: install the GL libraries for drawing without a screen, and what confines submissions
	@set -- apt-get install -y --no-install-recommends libegl1 libgl1 libgl1-mesa-dri bubblewrap libseccomp2; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && "$$@"; \
	elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo "$$@"; \
	else echo "Run this once as an administrator: sudo $$*"; fi

check: $(READY)  ## check your code: [PART=4] [SUB=4b]
	@$(PY) -m autograder check --target "$(CHECKED)" $(if $(PART),--part "$(PART)") $(if $(SUB),--sub "$(SUB)")

train: $(READY)  ## train with your code: TASK=reach METHOD=ddpg|her|mbpo SEED=0 [OUT=folder] [STEPS=5000] [RESUME=1]
	@$(PY) -m "$(TRAINED).train" --task "$(TASK)" --method "$(METHOD)" --seed "$(SEED)" $(if $(OUT),--out "$(OUT)") \
	  $(if $(STEPS),--total-steps "$(STEPS)") $(if $(filter-out 0 no false,$(RESUME)),--resume)

play: $(READY)  ## watch a trained policy, count its successes: TASK=reach [WEIGHTS=file] [EPISODES=100] [STRIP=file.png] [JSON=file]
	@$(PY) -m "$(TRAINED).play" --task "$(TASK)" $(if $(WEIGHTS),--weights "$(WEIGHTS)") \
	  $(if $(EPISODES),--episodes "$(EPISODES)") $(if $(STRIP),--strip "$(STRIP)") $(if $(JSON),--json "$(JSON)")

compare: $(READY)  ## train every method over seeds, one table and picture: TASK=reach [METHODS="her mbpo"] [SEEDS="0 1 2"] [STEPS=n] [SETTINGS="name=value"] [JOBS=n] [OUT=folder] [JSON=file]
	@$(PY) -m "$(TRAINED).compare" --task "$(TASK)" $(if $(METHODS),--methods $(METHODS)) $(if $(SEEDS),--seeds $(SEEDS)) \
	  $(if $(STEPS),--total-steps "$(STEPS)") $(if $(SETTINGS),--settings $(SETTINGS)) $(if $(OUT),--out "$(OUT)") \
	  $(if $(JOBS),--jobs "$(JOBS)") $(if $(JSON),--json "$(JSON)")

model-error: $(READY)  ## how wrong is the learned model, in free motion and in contact: TASK=push [JSON=file]
	@$(PY) -m "$(TRAINED).model_error" --task "$(TASK)" $(if $(JSON),--json "$(JSON)")

submission: $(READY)  ## pack what you hand in: [WEIGHTS=runs/.../weights.safetensors] [OUT=submission.zip]
	@$(PY) -m autograder submission $(if $(WEIGHTS),--weights "$(WEIGHTS)") $(if $(OUT),--out "$(OUT)")

lint: $(READY)  ## ruff: rules and layout
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(READY)  ## let ruff lay out the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# The course's own targets; a handout does not have this file, and the Makefile is the same.
-include autograder/release/instructor.mk

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
