# make setup   what is needed: Debian packages, .venv, the pose network, the catkin workspace in .ws
# make demo    the coach with a virtual patient; SOURCE=clip a film of squats, SOURCE=0 webcam, SOURCE=FILE video,
#              ROUNDS=n, RECORD=1, EXERCISES="squat lunge", PATIENT=pseudonym,
#              MODEL=file of your own, CONFIG=file of your own, TEACH=name of an exercise that is shown first
# make simulation   the coach and a patient in Gazebo; GUI=1 with Gazebo's window, ROUNDS=n, EXERCISES="squat lunge"
# make unit    the library's tests, TESTS="test/unit/pose" some of them
# make lint    style, types, and which room may import which
# make test    every test, with the coverage of the library; fails when any test fails
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup packages build demo simulation unit lint test clean

ifneq ($(word 2,$(CURDIR)),)
$(error "$(CURDIR)" has a space in it, which a script's first line cannot have: move the folder to a path without)
endif

PYTHON ?= /usr/bin/python3
VENV := .venv
# A clean environment: a virtual environment or another workspace of the caller must not leak into the build.
ROS_ENV := env -u PYTHONPATH -u ROS_PACKAGE_PATH -u CMAKE_PREFIX_PATH -u PYTHONHOME -u VIRTUAL_ENV
WITH_WS := source .ws/devel/setup.bash
EXTRAS := mediapipe,display,train,data,ray,simulation,kinematics,benchmark,visits,report,export,identification,test
# They pin what the others cannot have; OpenSim has no release for Python 3.8.
WITHOUT_DEPENDENCIES := pyrender==0.1.45 "opensim==4.6; python_version>='3.10'" "pose2sim==0.10.49; python_version>='3.10'"

DEBIAN_PACKAGES := ca-certificates g++ make cmake catkin espeak-ng ffmpeg \
  python3-rospy python3-roslaunch python3-rostest librostest-dev python3-rosnode python3-rostopic \
  python3-rosservice python3-rosmsg python3-rosparam python3-roswtf python3-rosbag rosbash rospack-tools \
  ros-message-generation \
  ros-std-msgs libstd-msgs-dev python3-std-msgs ros-sensor-msgs libsensor-msgs-dev python3-sensor-msgs \
  ros-geometry-msgs libgeometry-msgs-dev python3-geometry-msgs ros-std-srvs libstd-srvs-dev python3-std-srvs \
  ros-diagnostic-msgs python3-diagnostic-updater ros-nav-msgs python3-nav-msgs \
  python3-tf2-ros python3-venv libgl1 libglib2.0-0 libegl1 libgl1-mesa-dri xvfb xauth

setup: packages $(VENV)/.installed models/mobilenet_thin.pb build

# Each step is one line that says what is fetched, and how much of it; what the tools say themselves is in setup.log.
LOG := setup.log
SHOW_LOG := { tail -n 40 $(LOG); echo "That failed; all of it is in $(CURDIR)/$(LOG)."; exit 1; }
PIP_DOWNLOADS := about 930 MB (4000 with PyTorch for CUDA)
# Reads what pip says; a line for each large file.
TELL_PIP := fetched=0; while IFS= read -r line; do echo "$$line" >> $(LOG); case "$$line" in \
  *Downloading*MB\)) size=$${line\#\#*\(}; size=$${size%%.*}; size=$${size%% *}; fetched=$$((fetched + size)); \
    [ "$$size" -lt 15 ] || { name=$${line\#*Downloading }; \
    echo "    $${name%%-*}, $$size MB: $$fetched of $(PIP_DOWNLOADS)"; };; \
  "Installing collected packages"*,*) echo "    unpacking $$(grep -o , <<< "$$line" | wc -l) packages, which takes a minute";; esac; done

packages:
	@missing=$$(dpkg-query -W -f '$${Package} $${Status}\n' $(DEBIAN_PACKAGES) 2>/dev/null | awk '/ok installed/ {print $$1}' \
	  | sort > .packages.have; printf '%s\n' $(DEBIAN_PACKAGES) | sort | comm -23 - .packages.have; rm -f .packages.have); \
	[ -z "$$missing" ] && exit 0; \
	sudo=; if [ $$(id -u) != 0 ]; then sudo=sudo; command -v sudo >/dev/null || \
	  { echo "Debian packages are missing and neither root nor sudo is at hand; as root: apt-get install" $$missing; exit 1; }; fi; \
	install="install -y -qq --no-install-recommends"; \
	echo "1/4 Debian packages:" $$missing; \
	$$sudo apt-get update -qq >> $(LOG) 2>&1 || $(SHOW_LOG); \
	$$sudo apt-get $$install --print-uris $$missing | awk '{size += $$3} END {printf "    %d packages, %d MB\n", NR, size / 1e6}'; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get $$install $$missing >> $(LOG) 2>&1 || $(SHOW_LOG)

$(VENV)/.installed: setup.py | packages
	@echo "2/4 Python packages in $(VENV); what pip has in its cache is not fetched"
	@$(PYTHON) -m venv --system-site-packages $(VENV)
	@set -o pipefail; export PYTHONUNBUFFERED=1; pip="$(VENV)/bin/python -m pip --disable-pip-version-check install --progress-bar off"; \
	{ $$pip -e '.[$(EXTRAS)]' && $$pip --no-deps $(WITHOUT_DEPENDENCIES); } 2>&1 | { $(TELL_PIP); } || $(SHOW_LOG)
	@touch $@

models/mobilenet_thin.pb: | $(VENV)/.installed
	@echo "3/4 the pose network, 8 MB"
	@$(VENV)/bin/rehab-coach fetch-graph >> $(LOG) 2>&1 || $(SHOW_LOG)

# The package in the workspace is a folder of links: linked as a whole it would contain its own workspace, and rosrun
# would find everything twice.
# catkin is quick when nothing changed; a workspace configured with another Python is made anew.
build: $(VENV)/.installed
	@[ ! -L .ws/src/rehab_coach ] || rm -rf .ws
	@[ -e .ws/devel/setup.bash ] || echo "4/4 the catkin workspace in .ws"
	@mkdir -p .ws/src/rehab_coach && ln -sfn $(addprefix $(CURDIR)/,$(wildcard *)) .ws/src/rehab_coach/
	@grep -qs "PYTHON_EXECUTABLE.*=$(CURDIR)/$(VENV)/bin/python3$$" .ws/build/CMakeCache.txt || rm -rf .ws/build .ws/devel
	@$(ROS_ENV) catkin_make -C .ws -DPYTHON_EXECUTABLE=$(CURDIR)/$(VENV)/bin/python3 > .ws/build.log 2>&1 \
	  || { cat .ws/build.log; exit 1; }

SOURCE ?=
ROUNDS ?=
RECORD ?=
EXERCISES ?=
PATIENT ?=
TEACH ?=
MODEL ?=
CONFIG ?=
demo: setup
	@$(WITH_WS) && $(VENV)/bin/rehab-coach demo --source "$(SOURCE)" --rounds "$(ROUNDS)" --record "$(RECORD)" \
	  --exercises "$(EXERCISES)" --patient "$(PATIENT)" --model "$(MODEL)" --config "$(CONFIG)" --teach "$(TEACH)"

GUI ?=
simulation: setup
	@$(WITH_WS) --extend && $(VENV)/bin/rehab-coach demo --source gazebo $(if $(GUI),--gui) --rounds "$(ROUNDS)" \
	  --record "$(RECORD)" --exercises "$(EXERCISES)" --model "$(MODEL)" --config "$(CONFIG)"

TESTS ?= $(filter-out %/conftest.py %/__pycache__,$(wildcard test/unit/*))
# Networks and matrices of tests are small: threads of their own would only wait for each other, and spin meanwhile.
unit test: export OMP_NUM_THREADS := 1
unit: setup
	@$(WITH_WS) && for tests in $(TESTS); do $(VENV)/bin/python -m pytest -q $$tests || exit; done

# Who only runs the coach does not need them.
$(VENV)/.linters: $(VENV)/.installed
	@set -o pipefail; $(VENV)/bin/python -m pip --disable-pip-version-check install -e '.[lint]' >> $(LOG) 2>&1 || $(SHOW_LOG)
	@touch $@

lint: $(VENV)/.linters
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(ROS_ENV) $(VENV)/bin/mypy
	$(ROS_ENV) $(VENV)/bin/lint-imports --no-cache --no-logo

# Only tests need them: a browser that opens the report, keys that are pressed, a look at package.xml.
test: DEBIAN_PACKAGES += catkin-lint chromium xdotool
# Most graph tests wait for a robot or a patient rather than work: two at a time, each with a master of its own.
JOBS ?= 2
# catkin_make run_tests succeeds whatever the tests say: catkin_test_results has the last word.
test: setup lint
	@rm -rf .ws/build/test_results
	@$(WITH_WS) && catkin_make -C .ws -DPYTHON_EXECUTABLE=$(CURDIR)/$(VENV)/bin/python3 -j$(JOBS) run_tests \
	  && { cd .ws/build/test_results && $(CURDIR)/$(VENV)/bin/coverage combine -q && \
	  $(CURDIR)/$(VENV)/bin/coverage report -i --skip-covered --omit="*/test*/*,*/.ws/*"; cd $(CURDIR) && catkin_test_results .ws/build/test_results; }

clean:
	rm -rf $(VENV) .ws models/mobilenet_thin.pb
