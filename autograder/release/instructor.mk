# Targets for those who run the course: they need solutions/ and the hidden checks, so a handout goes without.

.PHONY: demo test test-fast grade starter handout bench-envs exactness

demo: $(READY)  ## the whole thing in a few minutes: train the reference, grade a small class
	@$(PY) -m autograder.release.demo

test: lint  ## everything that is tested: layout, hw/ against solutions/, the kit's own tests
	@$(PY) -m autograder.release starter --check
	@$(PY) -m pytest -q

test-fast: $(READY)  ## the tests that take seconds
	@$(PY) -m pytest -q -m "not slow"

grade: $(READY)  ## grade one submission, a folder or a zip: SUBMISSION=path OUT=folder
	@test -n "$(SUBMISSION)" || { echo "Say which submission: make grade SUBMISSION=path [OUT=folder]"; exit 1; }
	@$(PY) -m autograder grade "$(SUBMISSION)" --out "$(or $(OUT),out/grade)"

starter: $(READY)  ## write hw/ from solutions/ (FORCE=1 overwrites edits in hw/)
	@$(PY) -m autograder.release starter $(if $(FORCE),--force)

handout: $(READY)  ## build the students' zip: [OUT=dist/handout.zip]
	@$(PY) -m autograder.release handout $(if $(OUT),--out "$(OUT)")

bench-envs: $(READY)  ## measure env steps/s against gymnasium and EnvPool: [JSON=file]
	@$(PY) -m envs.bench $(if $(JSON),--json "$(JSON)")

exactness: $(READY)  ## compare the envs with gymnasium-robotics, bit by bit: [JSON=file]
	@$(PY) -m envs.exactness $(if $(JSON),--json "$(JSON)")
