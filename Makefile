# Footbridge: one file, no directory recursion. `make help` lists the targets.
#
# MODE=release|asan|ubsan|tsan|coverage|fuzz|plain and CC=gcc|clang build side by
# side, each in its own directory under build/. V=1 shows the commands. WERROR=0 lets
# warnings pass.
# New sources are found by wildcard: adding a file needs no edit here.

MODE ?= release
V ?= 0
ifeq ($(origin CC),default)
CC := gcc
endif
# warnings are errors for the compilers we work with (Debian 12's); a newer one
# must not stop a user's build, and under the sanitizers gcc invents warnings
WERROR ?= $(if $(filter release,$(MODE)),$(if \
	$(filter 12.% 12 14.0.%,$(shell $(CC) -dumpversion)),1,0),0)

# no rule but ours: sync/dict is a folder, sync/dict.c is not its source
MAKEFLAGS += --no-builtin-rules
OUT := build/$(MODE)$(if $(findstring clang,$(CC)),-clang)
GEN := build/gen
Q := $(if $(filter 1,$(V)),,@)
# sub-makes that build use every core, unless the caller chose -j
SUB = $(MAKE) --no-print-directory \
	$(if $(findstring j,$(filter -j%,$(MAKEFLAGS))),,-j$(shell nproc))
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2);)

# ---- flags -----------------------------------------------------------------
SYNC_PKGS := sqlcipher libsodium libzstd libcrypto
NODE_PKGS := libcurl libmicrohttpd gnutls jansson inih libqrencode libsystemd
PKGS_OK := $(shell pkg-config --exists $(SYNC_PKGS) $(NODE_PKGS) 2>/dev/null && echo 1)
ifeq ($(PKGS_OK),1)
PKG_CFLAGS := $(shell pkg-config --cflags $(SYNC_PKGS) $(NODE_PKGS))
SYNC_LIBS := $(shell pkg-config --libs $(SYNC_PKGS))
NODE_LIBS := $(shell pkg-config --libs $(NODE_PKGS)) -lpthread
endif

WARN := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef \
	-Wformat=2 -Wno-format-nonliteral -Wold-style-definition \
	$(if $(filter 1,$(WERROR)),-Werror)
MODE_release := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong
MODE_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address
MODE_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
MODE_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
# children of tests end by _exit, which would write no counts
MODE_coverage := -O0 -g --coverage -D_exit=exit
# clang only: `make fuzz`
MODE_fuzz := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=address,undefined,fuzzer-no-link
# the same for counts: many more, which see nothing but asserts
MODE_plain := -O2 -g -fsanitize=fuzzer-no-link
ifndef MODE_$(MODE)
$(error MODE=$(MODE) is not known: use release, asan, ubsan, tsan, coverage, fuzz \
	or plain)
endif
override CFLAGS += -std=c17 -D_DEFAULT_SOURCE -DSQLITE_HAS_CODEC -fPIE \
	$(MODE_$(MODE)) $(WARN)
override CPPFLAGS += -I. -MMD -MP $(subst -I/,-isystem /,$(PKG_CFLAGS))
override LDFLAGS += $(filter -fsanitize% --coverage,$(MODE_$(MODE))) -pie \
	-Wl,-z,relro,-z,now -Wl,--as-needed

comma := ,
WRAP_ALLOC := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup \
	db_integrity sqlite3_key)
# ---- what there is ---------------------------------------------------------
objects = $(patsubst %.c,$(OUT)/%.o,$(1))
SYNC_A := $(OUT)/libfootbridge-sync.a
NODE_A := $(OUT)/libfootbridge-node.a
SCHEMA_A := $(OUT)/libfootbridge-schema.a
SUPPORT_A := $(OUT)/libtests-support.a
MODEL_A := $(OUT)/libtests-model.a
BELOW := $(SYNC_A) $(SCHEMA_A)

SYNC_SRC := $(wildcard sync/*.c)
NODE_SRC := $(filter-out node/main.c,$(wildcard node/*.c node/policy/*.c \
	node/account/*.c node/api/*.c))
SUPPORT_SRC := $(wildcard tests/support/*.c)
MODEL_SRC := $(wildcard tests/model/*.c)
PROP_SRC := $(wildcard tests/prop/*.c)
SIM_SRC := $(wildcard tests/sim/*.c tests/sim/policy/*.c) \
	tests/prop/as_model.c
FAULTS_SRC := $(wildcard tests/faults/*.c) tests/prop/memo.c
ORDERS_SRC := $(wildcard tests/orders/*.c)
SYNC_ASSETS := $(wildcard sync/tables.sql sync/dict/*.zdict)
SCHEMA_ASSETS := $(wildcard schema/migrations/*.sql)
POLICY_ASSETS := $(wildcard node/policy/*.pack node/policy/*.vectors \
	node/policy/forms/*.form)

PAGE_SRC := $(wildcard $(addprefix node/web/,* src/* src/*/*))
# what had to be left out for want of npm is tried again
PAGE_AGAIN := $(if $(wildcard build/page/absent),again)

PROGRAM := $(patsubst node/main.c,$(OUT)/footbridge,$(wildcard node/main.c))
TOOLS := $(patsubst tools/%.c,$(OUT)/tools-%,\
	$(filter-out tools/embed.c,$(wildcard tools/*.c)))
UNIT := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/*/test_*.c))
PROP := $(if $(PROP_SRC),$(OUT)/tests-prop)
ORDERS := $(if $(ORDERS_SRC),$(OUT)/tests-orders)
SIM := $(OUT)/tests-sim-logic $(OUT)/tests-sim-policy $(OUT)/tests-sim
FAULTS := $(if $(FAULTS_SRC),$(OUT)/tests-faults)
TEST_TOOLS := $(patsubst tests/tools/%.c,$(OUT)/tests-%,\
	$(wildcard tests/tools/*.c))
# what tools/demo runs beside the program
DEMO_TOOLS := $(OUT)/tests-proxy $(OUT)/tests-dbkey
FUZZ := $(patsubst tests/fuzz/targets/%.c,%,\
	$(wildcard tests/fuzz/targets/*.c))
# each target with the inputs in the tree, and with libFuzzer
REPLAY := $(FUZZ:%=$(OUT)/fuzz-%)
FUZZERS := $(FUZZ:%=$(OUT)/libfuzzer-%)
FUZZ_COMMON := $(call objects,$(filter-out tests/fuzz/replay.c,\
	$(wildcard tests/fuzz/*.c)) tests/prop/memo.c)
MEMO := -Wl,--wrap=crypto_sign_verify_detached
# a target that stands in for the library below: what it takes over
wrap = $(patsubst %,-Wl$(comma)--wrap=%,$(1))
WRAP_http_server := $(call wrap,MHD_start_daemon MHD_get_connection_info \
	tls_peer_key)
WRAP_http_client := $(call wrap,curl_easy_setopt curl_multi_poll)
BENCH_LIBS_policy := -lcmocka # driving.c is for tests as well
BENCH := $(patsubst tests/bench/%.c,$(OUT)/bench-%,$(wildcard tests/bench/*.c))
E2E := $(sort $(filter-out %/lib.sh %/clock.sh,$(wildcard tests/e2e/*.sh)))
KILL := $(sort $(filter-out %/lib.sh,$(wildcard tests/kill/*.sh)))
SECOND := $(wildcard tests/second/run.sh)
PLANTED := $(wildcard tests/planted/run.sh)

# ---- building --------------------------------------------------------------
all: $(BELOW) $(NODE_A) $(PROGRAM) $(TOOLS) ## the program, its tools, the archives
tests: all $(UNIT) $(REPLAY) $(PROP) $(ORDERS) $(SIM) $(FAULTS) $(TEST_TOOLS) ## build the test programs, run nothing
bench-build: all $(BENCH)

$(SYNC_A): $(call objects,$(SYNC_SRC)) $(OUT)/gen/sync_assets.o
$(SCHEMA_A): $(OUT)/gen/schema_assets.o
$(NODE_A): $(call objects,$(NODE_SRC)) $(OUT)/gen/policy_assets.o \
	$(OUT)/gen/web_assets.o
$(SUPPORT_A): $(call objects,$(SUPPORT_SRC))
$(MODEL_A): $(call objects,$(MODEL_SRC))
$(SYNC_A) $(SCHEMA_A) $(NODE_A) $(SUPPORT_A) $(MODEL_A):
	$(call say,AR,$@)rm -f $@ && $(AR) rcsD $@ $^

$(OUT)/%.o: %.c Makefile | need
	$(call say,CC,$<)mkdir -p $(@D) && \
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(OUT)/gen/%.o: $(GEN)/%.c Makefile | need
	$(call say,CC,$<)mkdir -p $(@D) && \
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

link = $(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ \
	$(filter %.o,$^) $(filter %.a,$^)
$(OUT)/footbridge: $(OUT)/node/main.o $(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS)
$(OUT)/tools-%: $(OUT)/tools/%.o $(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS)
# an upward call of sync/ fails to link here: its tests never see node/
$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(SUPPORT_A) $(BELOW)
	$(link) $(SYNC_LIBS) -lcmocka
$(OUT)/tests/unit/node/%: $(OUT)/tests/unit/node/%.o $(SUPPORT_A) $(NODE_A) \
		$(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) -lcmocka
# the reference model must not see the engine that it judges
$(OUT)/tests/unit/model/%: $(OUT)/tests/unit/model/%.o $(MODEL_A)
	$(link) -lcmocka
$(OUT)/tests-prop: $(call objects,$(PROP_SRC)) $(MODEL_A) $(SUPPORT_A) \
		$(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) -lcmocka $(MEMO)
$(OUT)/tests-orders: $(call objects,$(ORDERS_SRC) tests/fuzz/world.c \
		tests/prop/memo.c) $(SUPPORT_A) $(BELOW)
	$(link) $(SYNC_LIBS) -lcmocka $(MEMO)
$(REPLAY): $(OUT)/fuzz-%: $(OUT)/tests/fuzz/targets/%.o $(FUZZ_COMMON) \
		$(OUT)/tests/fuzz/replay.o $(SUPPORT_A) $(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) -lcmocka $(MEMO) $(WRAP_$*)
$(FUZZERS): $(OUT)/libfuzzer-%: $(OUT)/tests/fuzz/targets/%.o $(FUZZ_COMMON) \
		$(SUPPORT_A) $(NODE_A) $(BELOW)
	$(link) -fsanitize=fuzzer $(NODE_LIBS) $(SYNC_LIBS) -lcmocka $(MEMO) \
	    $(WRAP_$*)
# one simulator, and two whose cryptography is cheap and worth nothing
$(OUT)/tests-sim: $(call objects,$(SIM_SRC)) $(MODEL_A) $(SUPPORT_A) \
		$(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) -lcmocka
$(OUT)/tests-sim-logic $(OUT)/tests-sim-policy: $(call objects,$(SIM_SRC) \
		$(wildcard tests/sim/cheap/*.c)) $(MODEL_A) $(SUPPORT_A) \
		$(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) -lcmocka
# the program's allocations fail on demand (tests/support/alloc.h)
$(OUT)/tests-faults: $(call objects,$(FAULTS_SRC)) $(SUPPORT_A) $(BELOW)
	$(link) $(SYNC_LIBS) -lcmocka $(WRAP_ALLOC) $(MEMO) \
	    -Wl,--wrap=crypto_pwhash
$(OUT)/tests/unit/sync/test_no_memory: \
		$(OUT)/tests/unit/sync/test_no_memory.o $(SUPPORT_A) $(BELOW)
	$(link) $(SYNC_LIBS) -lcmocka $(WRAP_ALLOC)
$(filter-out $(DEMO_TOOLS),$(TEST_TOOLS)): $(OUT)/tests-%: \
		$(OUT)/tests/tools/%.o $(SUPPORT_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS)
# what the demo wants: built where cmocka, which the archive wants, is not there
$(OUT)/tests-proxy: $(OUT)/tests/tools/proxy.o $(OUT)/tests/support/proxy.o
	$(link)
$(OUT)/tests-dbkey: $(OUT)/tests/tools/dbkey.o $(BELOW)
	$(link) $(SYNC_LIBS)
$(OUT)/bench-%: $(OUT)/tests/bench/%.o $(SUPPORT_A) $(NODE_A) $(BELOW)
	$(link) $(NODE_LIBS) $(SYNC_LIBS) $(BENCH_LIBS_$*)

# assets: the folder is a prerequisite too, so that a removed file is noticed
$(GEN)/embed: tools/embed.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) -std=c17 -O1 $(WARN) -o $@ $<
$(GEN)/sync_assets.c: $(GEN)/embed $(SYNC_ASSETS) $(wildcard sync/dict) Makefile
	$(call say,EMBED,$@)$(GEN)/embed $@ sync $(SYNC_ASSETS)
$(GEN)/schema_assets.c: $(GEN)/embed $(SCHEMA_ASSETS) \
		$(wildcard schema/migrations) Makefile
	$(call say,EMBED,$@)$(GEN)/embed $@ schema $(SCHEMA_ASSETS)
$(GEN)/policy_assets.c: $(GEN)/embed $(POLICY_ASSETS) \
		$(wildcard node/policy/forms) Makefile
	$(call say,EMBED,$@)$(GEN)/embed $@ node/policy $(POLICY_ASSETS)
# the page is built by npm's packages, and only when something of it changed; what
# comes out the same links nothing anew
$(GEN)/page.stamp: tools/page $(PAGE_SRC) $(PAGE_AGAIN)
	$(call say,PAGE,node/web)tools/page && mkdir -p $(@D) && touch $@
$(GEN)/web_assets.c: $(GEN)/embed $(GEN)/page.stamp Makefile
	$(call say,EMBED,$@)(cd build/page/site && \
	../../gen/embed ../../gen/web_assets.new node/web \
	    $$(find . -type f | sed 's,^\./,,' | LC_ALL=C sort)) && \
	if cmp -s $(GEN)/web_assets.new $@; then rm $(GEN)/web_assets.new; \
	else mv $(GEN)/web_assets.new $@; fi
again:
.PHONY: again page

page: ## build the page for staff, or say why that cannot be done
	$(Q)tools/page --must && touch $(GEN)/page.stamp

screenshots: ready all ## a picture of every page at 1280 and 360 pixels, into build/screenshots
	$(Q)tests/page/shots.sh build/screenshots
.PHONY: screenshots

need:
ifneq ($(PKGS_OK),1)
	@echo "Some libraries are missing. To install them, run: tools/setup" >&2
	@tools/setup --check >&2 || true
	@exit 1
endif

# ---- running ---------------------------------------------------------------
check: tests ## unit, golden and a short property run, under 2 minutes
	$(Q)TEST_SEED=$${TEST_SEED:-1} TEST_ITERS=$${TEST_ITERS:-300} \
	    SIM_SEEDS=0 tests/run $(UNIT) $(REPLAY) $(PROP) $(ORDERS) $(SIM)

asan: ## the unit programs under AddressSanitizer
	+$(Q)$(SUB) MODE=asan check
ubsan: ## the unit programs under UndefinedBehaviorSanitizer
	+$(Q)$(SUB) MODE=ubsan check

coverage: ## what of sync/ the tests enter, by groups of modules; gcc
	+$(Q)$(SUB) MODE=coverage coverage-run
coverage-run: tests
	$(Q)find $(OUT) -name '*.gcda' -delete
	$(Q)TEST_SEED=$${TEST_SEED:-1} TEST_ITERS=$${TEST_ITERS:-60} \
	    TEST_TIMEOUT=3600 tests/run $(UNIT) $(REPLAY) $(PROP) $(ORDERS)
	$(Q)tests/coverage $(OUT)
.PHONY: coverage coverage-run

check-orders: tests ## all small histories in every order of arrival; hours
	$(Q)ORDERS_OF_2=1 ORDERS_OF_3=$${ORDERS_OF_3:-1} \
	    ORDERS_OF_4=$${ORDERS_OF_4:-20000} ORDERS_OF_5=$${ORDERS_OF_5:-4000} \
	    ORDERS_OF_6=$${ORDERS_OF_6:-400} TEST_TIMEOUT=$${TEST_TIMEOUT:-86400} \
	    $(ORDERS)
.PHONY: check-orders

check-faults: tests ## every fault and crash point (FAULTS=n: one of n)
	$(Q)TEST_FAULTS=$${FAULTS:-1} TEST_TIMEOUT=86400 tests/run $(FAULTS)
.PHONY: check-faults

test: ready ## everything; ends with the line "N passed, N failed"
	+$(Q)$(SUB) MODE=release test-run

SANITIZED = $(foreach m,asan ubsan,$(patsubst $(OUT)/%,build/$(m)/%,$(UNIT) $(REPLAY)))
test-run: tests
	+$(Q)$(SUB) MODE=asan tests
	+$(Q)$(SUB) MODE=ubsan tests
	$(Q)TEST_SEED=$${TEST_SEED:-1} TEST_ITERS=$${TEST_ITERS:-10000} \
	    tests/run $(UNIT) $(REPLAY) $(PROP) $(ORDERS) \
	    $(SIM) $(FAULTS) $(SANITIZED) -- $(SECOND) $(PLANTED) $(E2E) $(KILL)

check-planted: tests ## plant each known bug in a copy: the tests must see it
	$(Q)tests/planted/run.sh $(PATCH)
.PHONY: check-planted

check-kill: ready tests ## kill -9, damage, full disks, copies: RUNS=2000
	$(Q)RUNS=$${RUNS:-2000} TEST_TIMEOUT=$${TEST_TIMEOUT:-14400} \
	    tests/run -- $(KILL)

fuzz: ## build the fuzz targets (clang; tools/setup --fuzz)
	+$(Q)$(SUB) MODE=fuzz CC=clang fuzzers
fuzzers: $(FUZZERS) $(REPLAY)
.PHONY: fuzz fuzz-plain fuzzers check-fuzz

fuzz-plain:
	+$(Q)$(SUB) MODE=plain CC=clang fuzzers
check-fuzz: fuzz $(if $(PLAIN),fuzz-plain) ## run each fuzz target: SECONDS=60 or RUNS=n, TARGET=name, PLAIN=1
	$(Q)SECONDS_EACH=$(or $(SECONDS),60) RUNS=$(RUNS) PLAIN=$(PLAIN) \
	    tests/fuzz/run $(TARGET)

check-link: tests ## real processes over bad links: LINK_RUNS=n, hours; root
	$(Q)tests/link/run $(LINK)
.PHONY: check-link

SEEDS ?= 1000
HOURS ?= 1
SIM_RUN = $(OUT)/tests-sim$(if $(filter full,$(SIM_TIER)),,-$(or $(SIM_TIER),logic))
check-sim: tests ## whole simulated regions: SEEDS=n, SIM_SEED=n plays one
	$(Q)SIM_SEEDS=$(SEEDS) SIM_JOBS=$${SIM_JOBS:-2} $(SIM_RUN)
soak: tests ## the same for HOURS=h, from a seed of the clock's
	$(Q)SIM_HOURS=$(HOURS) SIM_FIRST=$$(date +%s)000 SIM_GO_ON=1 \
	    SIM_JOBS=$${SIM_JOBS:-2} $(SIM_RUN)

bench: bench-build ## run the benchmarks, print one JSON document
	$(Q)tests/run --bench $(BENCH)

ready:
	$(Q)tools/setup --check --test >/dev/null || tools/setup --test
	$(Q)tools/page --test
	$(Q)test ! -e build/page/absent || $(SUB) page

demo: ## install what is missing, build, play the main job (ROWS=n, KEEP=1)
	$(Q)tools/setup --check >/dev/null || tools/setup
	+$(Q)$(SUB) all $(DEMO_TOOLS)
	$(Q)tools/demo

# only before the suite is released: afterwards a new one is another suite
dictionary: all ## retrain sync/dict/1.zdict, print the bytes of FORMAT.md anew
	$(Q)$(OUT)/tools-dictionary sync/dict/1.zdict
	$(Q)$(MAKE) --no-print-directory $(OUT)/tests/unit/sync/test_format
	$(Q)$(OUT)/tests/unit/sync/test_format --write
	$(Q)chmod 644 sync/dict/1.zdict sync/FORMAT.md

picture: all ## draw schema/model.svg anew
	$(Q)$(OUT)/tools-picture >schema/model.svg
.PHONY: picture

lint: ## formatting, layers, lengths, SQL, spelling, static analysis
	$(Q)tools/lint/run

format: ## clang-format every C file in place
	$(Q)clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

check-fresh: ## both commands in a fresh Debian tree: DIST=bookworm|trixie
	$(Q)tools/check-fresh $(DIST)

PREFIX ?= /usr/local
install: all ## into $(DESTDIR)$(PREFIX)
	install -D -m 755 $(OUT)/footbridge $(DESTDIR)$(PREFIX)/bin/footbridge
	$(OUT)/footbridge manual >$(OUT)/footbridge.1 && \
	install -D -m 644 $(OUT)/footbridge.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/footbridge.1

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' \
	    Makefile

.PHONY: all tests bench-build need check asan ubsan test test-run check-kill \
	bench ready demo lint format check-fresh dictionary install clean help \
	check-sim soak
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
