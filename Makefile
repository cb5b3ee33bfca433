# muster
#
#   make run             install what is missing, build, run the transcripts config on the mock
#   make run CONFIG=configs/transcripts/transcripts.yaml ARGS="--limit 3"
#   make test            install what is missing, build, run the whole test suite
#   make test SAN=address|thread      all of it under a sanitizer, in a build tree of its own
#   make torture KILLS=10000          kill it at random instants, check the books (tests/torture.cc)
#   make test-long                    the cases of the suite that can be larger, at full size
#   make kill-points [SAMPLE=200|ALL=1] [SEED=] [POINT=]   kill it at every system call that changes
#                                     something (tests/kill_points.cc); ERRORS=1: let them fail
#   make power-cuts CUTS=20           cut the power of its disk (tests/power_cuts.cc); root only
#   make breakages                    break it on purpose (tests/breakages/): is that noticed?
#   make fuzz TARGET=replies|all SECONDS=60    fuzz what reads bytes that others wrote
#   make test-peers                   against an independent fake and the real claude CLI, from npm
#   make test-slurm | test-ssh        workers on emulated machines, and what can happen to them
#   make bench-limits ARGS=--quick    how much of a provider's limits is used, by its own books
#   make check-instructions           instructions of the hot paths, against tests/instructions.json
#   make bench ARGS=--quick           speed, memory and start against other runners and the goals
#   make install PREFIX=/usr/local    both programs, the configs and the price data
#   make format | check-format | check-layers | clean

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

CXX      ?= g++
SAN      ?=
CXXFLAGS ?= $(if $(SAN),-O0,-O2) -g1
PREFIX   ?= /usr/local
CONFIG   ?= configs/transcripts/transcripts.yaml
ARGS     ?=
KILLS    ?= 1000
JOBS     ?= $(shell nproc)
# Compile common headers once; PCH= does without.
PCH      ?= 1
# V=1 shows the commands.
Q        := $(if $(V),,@)

# One build tree per kind of build.
B := build$(if $(SAN),-$(SAN))
ifeq ($(SAN),address)
  # Without what costs most of the compiling and what the other half sees as well.
  SANFLAGS := -fsanitize=address,undefined -fno-sanitize=null,alignment,object-size,vptr \
              -fno-sanitize-recover=all
else ifneq ($(SAN),)
  SANFLAGS := -fsanitize=$(SAN)
endif

# What the code needs; CXXFLAGS is the user's.
# (g++ 12 sees uninitialized members in every moved std::variant and overlaps in assigned strings:
# those warnings are off.)
WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wno-maybe-uninitialized -Wno-restrict
FLAGS := -std=c++20 $(WARNINGS) -I. -I$(B)/gen -MMD -MP \
         -fPIE -fstack-protector-strong -fstack-clash-protection -D_GLIBCXX_ASSERTIONS $(SANFLAGS)
ifneq ($(filter x86_64 i%86,$(shell uname -m)),)
  FLAGS += -fcf-protection
endif
ifeq ($(SAN),)
  FLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
# A compiler that need not save memory before it has 512 MB takes a tenth less time.
ifneq ($(filter g++%,$(notdir $(CXX))),)
  FLAGS += --param ggc-min-heapsize=524288
endif
LINK  := -pie -Wl,-z,relro,-z,now $(SANFLAGS)
LIBS_COMMON     := -lyaml-cpp -lfmt -lcrypto -lre2
LIBS_WORKER     := $(LIBS_COMMON) -lcurl -lssl
LIBS_SUPERVISOR := $(LIBS_COMMON) -lsqlite3 -lcpp-httplib -lpthread

COMMON     := $(wildcard common/*.cc common/*/*.cc common/*/*/*.cc)
WORKER     := $(filter-out worker/main.cc,$(wildcard worker/*.cc worker/*/*.cc worker/*/*/*.cc))
SUPERVISOR := $(filter-out supervisor/main.cc,$(wildcard supervisor/*.cc supervisor/*/*.cc))
TESTS      := $(filter-out tests/torture.cc tests/kill_points.cc tests/power_cuts.cc \
                           tests/bad_worker.cc tests/instructions.cc,$(wildcard tests/*.cc))
FUZZ       := $(filter-out tests/fuzz/libfuzzer.cc,$(wildcard tests/fuzz/*.cc))
FAKE       := $(wildcard tests/fake_provider/*.cc)
# What of it the tests hold against an oracle of theirs.
FAKE_TESTED := $(addprefix tests/fake_provider/,limiter.cc meter.cc limit_settings.cc admissions.cc http.cc)
TORTURE    := tests/torture.cc $(wildcard tests/torture/*.cc)
# What of it every destructive test asks: whether all still holds.
EXAMINED   := $(addprefix tests/torture/,examination.cc invariants.cc call_checks.cc ledger_facts.cc \
                scene.cc provider.cc child.cc processes.cc) \
              $(addprefix tests/fake_provider/,answers.cc digest.cc)
# What the tools that strike muster down have in common.
TORMENTS   := $(wildcard tests/torture/*.cc) tests/fake_provider/answers.cc tests/fake_provider/digest.cc
KILL_POINTS := $(wildcard tests/kill_points/*.cc)
POWER_CUTS := $(wildcard tests/power_cuts/*.cc)
TOOLS      := tests/kill_points.cc tests/power_cuts.cc $(KILL_POINTS) $(POWER_CUTS)
ALL_FILES  := $(COMMON) $(WORKER) $(SUPERVISOR) $(TESTS) $(FUZZ) $(FAKE) worker/main.cc \
              supervisor/main.cc $(TORTURE) $(TOOLS) tests/bad_worker.cc tests/instructions.cc

objects = $(patsubst %.cc,$(B)/%.o,$(1))
# A test that is linked with checked objects need not be checked itself: ours are the same for both.
TB := $(if $(filter address,$(SAN)),build,$(B))
test_objects = $(patsubst %.cc,$(TB)/%.o,$(1))

PACKAGES := g++ make libcurl4-openssl-dev libyaml-cpp-dev nlohmann-json3-dev libfmt-dev \
            libcli11-dev libcpp-httplib-dev libsqlite3-dev libssl-dev libre2-dev zlib1g-dev \
            doctest-dev ca-certificates
# The tracer of kill-points knows the registers of one kind of processor.
CAN_STRIKE := $(filter x86_64,$(shell uname -m))
TEST_PACKAGES := clang-format patch python3 python3-jsonschema strace procps \
                 $(if $(CAN_STRIKE),libunwind-dev)

.PHONY: all
all: deps
	@$(MAKE) --no-print-directory -j$(JOBS) programs

.PHONY: programs
programs: $(B)/muster $(B)/muster-worker

.PHONY: run
run: all
	$(B)/muster run $(CONFIG) $(ARGS)

# ---- what is missing on a fresh Debian 12 ----

.PHONY: deps
deps:
	@scripts/install-packages $(PACKAGES)

.PHONY: test-deps
test-deps:
	@scripts/install-packages $(PACKAGES) $(TEST_PACKAGES)

# ---- building ----

$(B)/muster: $(call objects,supervisor/main.cc $(SUPERVISOR) $(COMMON))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR)

$(B)/muster-worker: $(call objects,worker/main.cc $(WORKER) $(COMMON))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_WORKER)

# The product's objects come first: of functions that several have, theirs are taken.
$(B)/test-suite: $(call objects,$(SUPERVISOR) $(WORKER) $(COMMON)) \
                 $(call test_objects,$(TESTS) $(FUZZ) $(FAKE_TESTED) $(EXAMINED))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR) -lcurl -lssl -lz -lpthread

$(B)/fake-provider: $(call test_objects,$(FAKE))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ -lfmt -lcrypto -lz

$(B)/bad-worker: $(call objects,$(COMMON)) $(call test_objects,tests/bad_worker.cc)
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_COMMON)

$(B)/torture: $(call objects,$(SUPERVISOR) $(COMMON)) \
              $(call test_objects,$(TORTURE) tests/fake_provider/answers.cc tests/fake_provider/digest.cc)
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR)

$(B)/instructions: $(call objects,$(SUPERVISOR) $(COMMON) tests/instructions.cc \
                     tests/supervisor_testing.cc tests/fake_pool.cc tests/fake_worker.cc)
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR)

UNWIND := -lunwind-ptrace -lunwind-x86_64 -lunwind
$(B)/kill-points: $(call objects,tests/kill_points.cc $(KILL_POINTS) $(TORMENTS) $(SUPERVISOR) $(COMMON))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR) $(UNWIND)

$(B)/power-cuts: $(call objects,tests/power_cuts.cc $(POWER_CUTS) $(KILL_POINTS) $(TORMENTS) \
                              $(SUPERVISOR) $(COMMON))
	@echo '  link    $@'
	$(Q)$(CXX) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_SUPERVISOR) $(UNWIND)

# Tests are compiled for speed of compiling.
TEST_OBJECTS := $(call objects,$(TESTS) $(FUZZ) tests/instructions.cc)
TOOL_OBJECTS := $(call objects,$(TORTURE) $(TOOLS) tests/bad_worker.cc)
FAKE_OBJECTS := $(call objects,$(FAKE))
TEST_FLAGS := -O0 -U_FORTIFY_SOURCE
$(TEST_OBJECTS) $(TOOL_OBJECTS): MORE_FLAGS := $(TEST_FLAGS)
$(FAKE_OBJECTS): MORE_FLAGS := -O1

# What of the headers is compiled once, for each kind of flags: $(B)/pch/KIND/precompiled.h.gch.
ifneq ($(PCH),)
  PCH_KINDS := product tests tools fake
  $(call objects,$(ALL_FILES)): PCH_FLAGS := -I$(B)/pch/product -include precompiled.h
  $(TEST_OBJECTS): PCH_FLAGS := -I$(B)/pch/tests -include precompiled.h
  $(TOOL_OBJECTS): PCH_FLAGS := -I$(B)/pch/tools -include precompiled.h
  $(FAKE_OBJECTS): PCH_FLAGS := -I$(B)/pch/fake -include precompiled.h
  $(filter-out $(TEST_OBJECTS) $(TOOL_OBJECTS) $(FAKE_OBJECTS),$(call objects,$(ALL_FILES))): \
    $(B)/pch/product/precompiled.h.gch
  $(TEST_OBJECTS): $(B)/pch/tests/precompiled.h.gch
  $(TOOL_OBJECTS): $(B)/pch/tools/precompiled.h.gch
  $(FAKE_OBJECTS): $(B)/pch/fake/precompiled.h.gch
  $(B)/pch/tests/precompiled.h.gch $(B)/pch/tools/precompiled.h.gch: MORE_FLAGS := -O0 -U_FORTIFY_SOURCE
  $(B)/pch/fake/precompiled.h.gch: MORE_FLAGS := -O1
  -include $(patsubst %,$(B)/pch/%/precompiled.h.d,$(PCH_KINDS))
endif

$(patsubst %,$(B)/pch/%/precompiled.h.gch,product tools fake): common/precompiled.h
$(B)/pch/tests/precompiled.h.gch: tests/precompiled.h
$(B)/pch/%/precompiled.h.gch:
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CXX) $(FLAGS) $(CXXFLAGS) $(CPPFLAGS) $(MORE_FLAGS) -x c++-header -o $@ $<

$(B)/%.o: %.cc
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CXX) $(PCH_FLAGS) $(FLAGS) $(CXXFLAGS) $(CPPFLAGS) $(MORE_FLAGS) -c -o $@ $<

# Both programs carry the hash of the sources they share, so that mismatched builds refuse each other.
$(B)/common/build_id.o: $(B)/gen/build_id.h
$(B)/gen/build_id.h: $(sort $(COMMON) $(wildcard common/*.h common/*/*.h common/*/*/*.h))
	@mkdir -p $(@D)
	@printf '#define MUSTER_BUILD_ID "%s"\n' "$$(cat $^ | sha256sum | cut -c1-16)" > $@

-include $(patsubst %.cc,$(B)/%.d,$(ALL_FILES))

# ---- testing ----

# What is measured is measured as it is shipped; the rest of the suite also with less speed.
MEASURED   := memory*,floods*,surroundings*,hardening*
AS_SHIPPED := e2e*,simulation*,$(MEASURED)
# What a SIGKILL leaves does not depend on the disk, which may still be at what was compiled.
QUICK      := $(firstword $(wildcard /dev/shm) $(TMPDIR) /tmp)

.PHONY: test
test: test-deps
ifeq ($(SAN),)
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@$(MAKE) --no-print-directory check-layers check-format check-breakages
	TMPDIR=$(QUICK) $(B)/torture --programs $(B) --kills 100
ifneq ($(CAN_STRIKE),)
	TMPDIR=$(QUICK) $(B)/kill-points --programs $(B) --sample 60
	TMPDIR=$(QUICK) $(B)/kill-points --programs $(B) --sample 30 --errors
endif
	@$(MAKE) --no-print-directory -j$(JOBS) test-shipped checked-programs
	@$(MAKE) --no-print-directory test-checked SAN=address EXCEPT="$(AS_SHIPPED)"
	@$(MAKE) --no-print-directory check-memory
else
	@$(MAKE) --no-print-directory test-checked EXCEPT="$(MEASURED)"
endif

.PHONY: test-shipped
test-shipped:
	MUSTER_PROGRAMS=$(B) scripts/run-tests $(B)/test-suite "-tc=$(AS_SHIPPED)"

# Tests wait more than they work: what comes next can be compiled meanwhile.
.PHONY: checked-programs
checked-programs:
	@$(MAKE) --no-print-directory SAN=address test-programs

# All but EXCEPT under a sanitizer.
.PHONY: test-checked
test-checked:
ifeq ($(SAN),address)
	@$(MAKE) --no-print-directory -j$(JOBS) SAN= test-objects
endif
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	TMPDIR=$(QUICK) $(B)/torture --programs $(B) --kills 40 --slow 6
	MUSTER_PROGRAMS=$(B) MUSTER_SEEDS=8 scripts/run-tests $(B)/test-suite "-tce=$(EXCEPT)"

# What make test does in short, at full size: gigabytes of output, 100,000 items, every drawn moment
# many times over, logs cut at every thirteenth byte, many seeds.
LONG := torn*,bad workers*,floods*,memory*,crash*,simulation*,supervisor: after any trouble*

.PHONY: test-long
test-long: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	MUSTER_PROGRAMS=$(B) MUSTER_LONG=1 MUSTER_ITEMS=100000 MUSTER_CRASHES=100 MUSTER_SEEDS=100 \
	  scripts/run-tests --slice 1 $(B)/test-suite "-tc=$(LONG)"

# What reads other people's bytes, without threads or processes, under valgrind, which also sees
# what was never written. (It computes long doubles with less precision than the machine.)
IN_MEMORY := fuzz_corpus frame protocol json template csv jsonl yaml redact text money queue sse retry_after
FILES_OF   = $(shell printf '*/%s_test.cc,' $(1))

.PHONY: check-memory
check-memory: $(B)/test-suite
	@scripts/install-packages valgrind
	valgrind -q --error-exitcode=9 --suppressions=tests/valgrind.supp \
	  $(B)/test-suite --minimal "-tce=on disk:*" "-sf=$(call FILES_OF,$(IN_MEMORY))"

.PHONY: test-objects
test-objects: $(call test_objects,$(TESTS) $(FUZZ) $(FAKE) $(TORTURE) tests/bad_worker.cc)

.PHONY: test-programs
test-programs: programs $(B)/test-suite $(B)/fake-provider $(B)/bad-worker $(B)/torture \
               $(if $(SAN),,$(if $(CAN_STRIKE),$(B)/kill-points))

# What reads bytes that others wrote, fuzzed with libFuzzer: TARGET is a folder of tests/corpus, or
# all, each for so many SECONDS. What it finds belongs there: every test run replays it.
TARGET    ?= replies
SECONDS   ?= 60
FUZZED    := $(if $(filter all,$(TARGET)),$(notdir $(wildcard tests/corpus/*)),$(TARGET))
FUZZFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
# What a target needs beside its own file, where that is not all of common. clang 14 knows no
# coroutines of this library: what is fuzzed has none.
FUZZED_frames    := common/frame.cc common/text.cc
FUZZED_json      := $(addprefix common/,json.cc json_reader.cc json_writer.cc text.cc)
FUZZED_messages  := $(FUZZED_json) common/protocol.cc common/base64.cc
FUZZED_ledger    := $(FUZZED_json) common/money.cc $(wildcard supervisor/ledger/*.cc) \
                      tests/fuzz/ledger_reading.cc
FUZZED_templates := $(FUZZED_json) $(addprefix common/,template.cc template_syntax.cc safe_name.cc \
                      hash.cc)
FUZZED_escapers  := $(FUZZED_templates) common/fd.cc common/output_lines.cc \
                      $(wildcard common/tables/*.cc) \
                      supervisor/metrics/exposition.cc supervisor/report/plot_svg.cc
FUZZED_tables    := $(FUZZED_escapers)
FUZZED_replies   := $(COMMON) worker/http_message.cc $(filter-out %/claude_command.cc, \
                      $(wildcard worker/providers/*.cc worker/providers/*/*.cc worker/replies/*.cc))
FUZZED_streams   := $(FUZZED_replies)
FUZZED_waits     := $(FUZZED_replies)
# What is to be covered is the product, not what the tests look at it with.
build-fuzz/common/%.o build-fuzz/supervisor/%.o build-fuzz/worker/%.o: \
  MORE_FLAGS := -fsanitize=fuzzer-no-link
fuzzed = $(call objects,tests/fuzz/$(1).cc tests/fuzz/must.cc $(or $(FUZZED_$(1)),$(COMMON)))

.PHONY: fuzz
fuzz:
	@scripts/install-packages $(PACKAGES) clang-14 libclang-rt-14-dev
	@$(MAKE) --no-print-directory -j$(JOBS) PCH= B=build-fuzz \
	  CXX=clang++-14 CXXFLAGS='-O1 -g1' TEST_FLAGS= \
	  WARNINGS=-w SANFLAGS='$(FUZZFLAGS)' $(FUZZED:%=build-fuzz/fuzz-%)
	scripts/fuzz build-fuzz $(SECONDS) $(FUZZED)

.SECONDEXPANSION:
$(B)/fuzz-%: tests/fuzz/libfuzzer.cc $$(call fuzzed,$$*)
	@echo '  link    $@'
	$(Q)$(CXX) $(FLAGS) $(CXXFLAGS) -fsanitize=fuzzer \
	  -DFUZZ_TARGET=Fuzz$(shell printf '%s' '$*' | sed 's/^./\U&/') -o $@ $^ $(LIBS_WORKER) -lsqlite3

# The programs that others wrote: see the script. Says why where it skips them.
.PHONY: test-peers
test-peers: test-programs
	scripts/test-peers $(B)

# Workers on other machines, emulated on this one: see the scripts. As root with networks of their own.
.PHONY: test-slurm
test-slurm: test-programs
	@scripts/install-packages slurm-wlm munge openssh-client iproute2
	scripts/test-slurm $(B) $(ARGS)

.PHONY: test-ssh
test-ssh: test-programs
	@scripts/install-packages openssh-server openssh-client iproute2
	scripts/test-ssh $(B) $(ARGS)

.PHONY: torture
torture: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	$(B)/torture --programs $(B) --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(SAN),--slow 6)

# Every system call that changes something is a point; ERRORS=1: every one that can fail. SAMPLE=
# points of all kinds, or ALL=1; what it prints of a point that failed is its POINT=. A long campaign
# goes on where it was with JOURNAL=FILE, and is shared out with PART=1/2.
ERRORS ?=
SAMPLE ?= 200

.PHONY: kill-points
kill-points: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(B)/fake-provider $(B)/kill-points
	$(B)/kill-points --programs $(B) $(if $(ERRORS),--errors) $(if $(ALL),--all,--sample $(SAMPLE)) \
	  $(if $(STRIDE),--stride $(STRIDE)) $(if $(SEED),--seed $(SEED)) $(if $(POINT),--point $(POINT)) \
	  $(if $(PART),--part $(PART)) $(if $(JOURNAL),--journal $(JOURNAL)) $(if $(SAN),--slow 6)

# The same disk, cut off at CUTS random instants; skipped with the reason where it cannot be made.
CUTS ?= 20

.PHONY: power-cuts
power-cuts: test-deps
	@scripts/install-packages xfsprogs e2fsprogs
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(B)/fake-provider $(B)/power-cuts
	$(B)/power-cuts --programs $(B) --cuts $(CUTS) $(if $(SEED),--seed $(SEED))

# Every tests/breakages/NAME.patch, applied to a copy, must be noticed; ARGS="--only send --times 5".
.PHONY: check-breakages
check-breakages:
	@for patch in tests/breakages/*.patch; do \
	  patch -p1 --dry-run -s -f < $$patch || { echo "$$patch does not apply any more"; exit 1; }; done

.PHONY: breakages
breakages: test-deps
	@scripts/install-packages xfsprogs e2fsprogs
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(B)/fake-provider $(B)/torture $(B)/power-cuts
	scripts/breakages $(B) $(ARGS)

# What of a provider's limits is used, and how often it is run into; ARGS=--quick for short windows.
.PHONY: bench-limits
bench-limits: test-deps
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(B)/fake-provider
	scripts/bench-limits --programs $(B) $(ARGS)

# What the hot paths cost in instructions, which noise does not change; UPDATE=1 takes the numbers
# of now for the right ones.
.PHONY: check-instructions
check-instructions: deps
	@scripts/install-packages valgrind doctest-dev python3 util-linux
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/instructions
	scripts/check-instructions --compiler '$(CXX)' --flags='$(CXXFLAGS)' \
	  $(if $(UPDATE),--update) $(ARGS) $(B)/instructions

# Speed, memory, start and stop, in one table with other runners and the goals: docs/performance.md.
# Other runners that are not installed are left out; this installs those that Debian has.
BENCH_PACKAGES := nginx-light openssl python3 python3-aiohttp python3-requests nodejs curl parallel wrk

.PHONY: bench
bench: deps
	@scripts/install-packages $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	scripts/bench --programs $(B) $(ARGS)

.PHONY: check-layers
check-layers:
	@scripts/check-layers

.PHONY: check-format
check-format:
	@clang-format --dry-run --Werror $(ALL_FILES) $(wildcard */*.h */*/*.h */*/*/*.h)

.PHONY: format
format:
	@clang-format -i $(ALL_FILES) $(wildcard */*.h */*/*.h */*/*/*.h)

# ---- installing ----

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/muster
	install $(B)/muster $(B)/muster-worker $(DESTDIR)$(PREFIX)/bin
	install -m 644 configs/prices.json $(DESTDIR)$(PREFIX)/share/muster
	cp -R configs $(DESTDIR)$(PREFIX)/share/muster/

.PHONY: clean
clean:
	rm -rf build build-*
