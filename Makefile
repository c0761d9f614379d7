# CubeView. `make run` opens the program, `make test` runs the tests; both set themselves up.
.PHONY: run test unit samples lint test-slow screenshots sheets docs bench fuzz package package-test

PYTHON := .venv/bin/python
PATHS ?=
HAS_DISPLAY := $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname -s)))

run:
	@packaging/setup.sh run
ifeq ($(strip $(HAS_DISPLAY)),)
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m cubeview demo --out cubeview-demo.png
else
	@$(PYTHON) -m cubeview open $(PATHS)
endif

test:
	@packaging/setup.sh test
	@$(MAKE) --no-print-directory -j2 lint unit

unit:
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -n auto --dist loadfile --max-worker-restart 0

lint:
	@packaging/setup.sh test
	@$(PYTHON) -m ruff check cubeview tests
	@$(PYTHON) -m ruff format --check cubeview tests
	@$(PYTHON) -m mypy

test-slow:
	@packaging/setup.sh test
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -m slow

docs:
	@packaging/setup.sh docs
	@packaging/manual.sh

screenshots:
	@packaging/setup.sh test
	@$(PYTHON) packaging/screenshots.py

sheets:
	@packaging/setup.sh test
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest -m screenshot

bench:
	@packaging/setup.sh test
	@$(PYTHON) tests/benchmarks/run.py

fuzz:
	@packaging/setup.sh test
	@nice -n 19 $(PYTHON) tests/fuzz/fuzz.py --count $(or $(COUNT),20000) --seed $(or $(SEED),1)

samples:
	@packaging/setup.sh run
	@packaging/make_samples.sh

package:
	@packaging/linux/build.sh

package-test:
	@packaging/linux/test_chroot.sh dist
	@packaging/test_wheel.sh dist/cubeview_desktop-*.whl
