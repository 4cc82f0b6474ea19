EXTENSION = spindle
MODULE_big = spindle
PGFILEDESC = "spindle - relational test data and event streams"

OBJS = \
	src/api/args.o \
	src/api/catalogue.o \
	src/api/changes.o \
	src/api/compare.o \
	src/api/ddl.o \
	src/api/deliver.o \
	src/api/fdw.o \
	src/api/fill.o \
	src/api/fill_schema.o \
	src/api/formats.o \
	src/api/json_type.o \
	src/api/last_position.o \
	src/api/learn.o \
	src/api/profile.o \
	src/api/registry.o \
	src/api/rows.o \
	src/api/seed.o \
	src/api/stream.o \
	src/api/stream_builders.o \
	src/api/support.o \
	src/api/to_tables.o \
	src/apply/apply.o \
	src/apply/apply_table.o \
	src/apply/depend.o \
	src/apply/lock.o \
	src/apply/modes.o \
	src/apply/play.o \
	src/apply/position.o \
	src/apply/session.o \
	src/apply/sessions.o \
	src/define/check.o \
	src/define/condition.o \
	src/define/copula.o \
	src/define/dataset.o \
	src/define/definition.o \
	src/define/document.o \
	src/define/foreign_key.o \
	src/define/formula.o \
	src/define/key.o \
	src/define/lifecycle.o \
	src/define/lifecycle_check.o \
	src/define/lifecycle_set.o \
	src/define/lifecycle_states.o \
	src/define/name.o \
	src/define/origin.o \
	src/define/ref.o \
	src/define/rule.o \
	src/define/rule_array.o \
	src/define/rule_case.o \
	src/define/rule_children.o \
	src/define/rule_data.o \
	src/define/rule_formula.o \
	src/define/rule_grid.o \
	src/define/rule_life.o \
	src/define/rule_number.o \
	src/define/rule_object.o \
	src/define/rule_pattern.o \
	src/define/rule_periods.o \
	src/define/rule_pool.o \
	src/define/rule_reference.o \
	src/define/rule_shape.o \
	src/define/rule_time.o \
	src/define/rule_unique.o \
	src/define/rule_uuid.o \
	src/define/rule_value.o \
	src/define/rule_variant.o \
	src/define/rule_words.o \
	src/define/rows.o \
	src/define/shape.o \
	src/define/time_order.o \
	src/define/user_type.o \
	src/deliver/changes.o \
	src/deliver/deliver.o \
	src/deliver/loop.o \
	src/deliver/render.o \
	src/deliver/render_changes.o \
	src/deliver/render_events.o \
	src/format/debezium.o \
	src/format/debezium_schema.o \
	src/format/format.o \
	src/format/mysql.o \
	src/format/statement.o \
	src/format/value.o \
	src/format/wal2json.o \
	src/gen/among.o \
	src/gen/clock.o \
	src/gen/condition.o \
	src/gen/copula.o \
	src/gen/cost.o \
	src/gen/datum.o \
	src/gen/datum_value.o \
	src/gen/distinct.o \
	src/gen/document.o \
	src/gen/eval.o \
	src/gen/find.o \
	src/gen/frame.o \
	src/gen/history.o \
	src/gen/instance.o \
	src/gen/keyed.o \
	src/gen/layout.o \
	src/gen/life.o \
	src/gen/moments.o \
	src/gen/past.o \
	src/gen/numeric.o \
	src/gen/popularity.o \
	src/gen/presence.o \
	src/gen/profile.o \
	src/gen/reference_profile.o \
	src/gen/reference_state.o \
	src/gen/rule.o \
	src/gen/rule_array.o \
	src/gen/rule_case.o \
	src/gen/rule_children.o \
	src/gen/rule_data.o \
	src/gen/rule_formula.o \
	src/gen/rule_grid.o \
	src/gen/rule_number.o \
	src/gen/rule_object.o \
	src/gen/rule_pattern.o \
	src/gen/rule_periods.o \
	src/gen/rule_pool.o \
	src/gen/rule_reference.o \
	src/gen/rule_shape.o \
	src/gen/rule_time.o \
	src/gen/rule_unique.o \
	src/gen/rule_uuid.o \
	src/gen/rule_value.o \
	src/gen/rule_variant.o \
	src/gen/rule_version.o \
	src/gen/rule_words.o \
	src/gen/sample.o \
	src/gen/states.o \
	src/gen/text_batch.o \
	src/gen/timeline.o \
	src/gen/version.o \
	src/json/datum_json.o \
	src/json/json_writer.o \
	src/json/merge.o \
	src/json/reader.o \
	src/library/change_call.o \
	src/learn/age.o \
	src/learn/aggregate.o \
	src/learn/apart.o \
	src/learn/array.o \
	src/learn/ask.o \
	src/learn/carry.o \
	src/learn/catalog.o \
	src/learn/check.o \
	src/learn/circle.o \
	src/learn/cluster.o \
	src/learn/compare.o \
	src/learn/constraint.o \
	src/learn/data.o \
	src/learn/delay.o \
	src/learn/differ.o \
	src/learn/difference.o \
	src/learn/dispersion.o \
	src/learn/document.o \
	src/learn/family.o \
	src/learn/form.o \
	src/learn/found.o \
	src/learn/guess.o \
	src/learn/key.o \
	src/learn/leak.o \
	src/learn/likeness.o \
	src/learn/learn.o \
	src/learn/limit.o \
	src/learn/mask.o \
	src/learn/measure.o \
	src/learn/name.o \
	src/learn/offspring.o \
	src/learn/pair.o \
	src/learn/partition.o \
	src/learn/quantile.o \
	src/learn/pattern.o \
	src/learn/popularity.o \
	src/learn/portrait.o \
	src/learn/profile.o \
	src/learn/profile_pair.o \
	src/learn/profile_query.o \
	src/learn/query.o \
	src/learn/ratio.o \
	src/learn/reference.o \
	src/learn/rule.o \
	src/learn/sample.o \
	src/learn/scale.o \
	src/learn/settle.o \
	src/learn/statistics.o \
	src/learn/tenant.o \
	src/learn/together.o \
	src/learn/total.o \
	src/learn/total_case.o \
	src/learn/try.o \
	src/learn/tuple.o \
	src/learn/type.o \
	src/learn/unique.o \
	src/learn/value.o \
	src/learn/variant.o \
	src/learn/verify.o \
	src/learn/write.o \
	src/library/data_set_query.o \
	src/library/files.o \
	src/library/library.o \
	src/library/parts.o \
	src/library/register.o \
	src/library/registered.o \
	src/library/source.o \
	src/library/stream_call.o \
	src/math/alias.o \
	src/math/calendar.o \
	src/math/dist.o \
	src/math/draws.o \
	src/math/fpmath.o \
	src/math/permute.o \
	src/math/ranked.o \
	src/model/constant.o \
	src/model/describe.o \
	src/model/form.o \
	src/model/formula.o \
	src/model/lookup.o \
	src/model/rule.o \
	src/model/text.o \
	src/model/type.o \
	src/scan/answer.o \
	src/scan/change_row.o \
	src/scan/column_sample.o \
	src/scan/column_statistics.o \
	src/scan/event_row.o \
	src/scan/expression.o \
	src/scan/fdw.o \
	src/scan/foreign_keys.o \
	src/scan/foreign_options.o \
	src/scan/function_answer.o \
	src/scan/function_cost.o \
	src/scan/function_plan.o \
	src/scan/function_scan.o \
	src/scan/groups.o \
	src/scan/having.o \
	src/scan/history_row.o \
	src/scan/history_sample.o \
	src/scan/kept_statistics.o \
	src/scan/left_rows.o \
	src/scan/plan.o \
	src/scan/ranges.o \
	src/scan/row_trial.o \
	src/scan/sample.o \
	src/scan/statistics.o \
	src/scan/subquery_statistics.o \
	src/scan/tentative.o \
	src/scan/upper.o \
	src/seed/cleanup.o \
	src/seed/compare.o \
	src/seed/compare_match.o \
	src/seed/ddl.o \
	src/seed/fill.o \
	src/seed/fill_check.o \
	src/seed/fill_match.o \
	src/seed/fill_order.o \
	src/seed/fill_sample.o \
	src/seed/fill_schema.o \
	src/seed/fill_sql.o \
	src/seed/fill_trial.o \
	src/seed/generated.o \
	src/seed/load.o \
	src/seed/lock.o \
	src/seed/parallel.o \
	src/seed/prepare.o \
	src/seed/seed.o \
	src/seed/types.o \
	src/seed/worker.o \
	src/server/argument.o \
	src/server/attempt.o \
	src/server/bulk.o \
	src/server/datum_number.o \
	src/server/flush.o \
	src/server/foreign_key.o \
	src/server/heap_writer.o \
	src/server/hint.o \
	src/server/insert.o \
	src/server/kept_rows.o \
	src/server/pace.o \
	src/server/progress.o \
	src/server/relation.o \
	src/server/run.o \
	src/server/sequence.o \
	src/server/target.o \
	src/server/wait.o \
	src/server/workers.o \
	src/sink/channel.o \
	src/sink/file.o \
	src/sink/program.o \
	src/sink/sink.o \
	src/sink/table.o \
	src/sink/wal.o \
	src/spindle.o \
	src/stream/anomaly.o \
	src/stream/change_batch.o \
	src/stream/change_feed.o \
	src/stream/change_merge.o \
	src/stream/change_place.o \
	src/stream/change_queue.o \
	src/stream/changes.o \
	src/stream/collective.o \
	src/stream/delay.o \
	src/stream/feed.o \
	src/stream/image.o \
	src/stream/lookahead.o \
	src/stream/merge.o \
	src/stream/options.o \
	src/stream/options_json.o \
	src/stream/options_members.o \
	src/stream/relation_feed.o \
	src/stream/relation_path.o \
	src/stream/relation_rows.o \
	src/stream/reminder.o \
	src/stream/schedule.o \
	src/stream/sorter.o \
	src/stream/stream.o \
	src/stream/table_feed.o \
	src/stream/table_order.o \
	src/stream/window.o

DATA = $(sort $(wildcard sql/spindle--*.sql))

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=spindle
ISOLATION = deliver_ddl deliver_snapshot drop_extension fill_twice import_definition play_twice registered scan_recheck seed_twice upper_recheck
ISOLATION_OPTS = --inputdir=test --load-extension=spindle
TAP_TESTS = 1
PROVE_TESTS ?= test/t/*.pl

PG_CPPFLAGS = -I$(srcdir)/src
# Fused multiply-add rounds once where two operations round twice, so its use
# would make values depend on the processor.
# No errno of a mathematical function is looked at, which would keep square roots from
# being taken several at once.
PG_CFLAGS = -O3 -ffp-contract=off -fno-math-errno
# Calls within the library are bound when it is linked: to look up twelve hundred names
# each time it is loaded took a tenth of the time of a session's first plan.
SHLIB_LINK = -lcjson -Wl,-Bsymbolic

EXTRA_CLEAN = tmp_check

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS knows no header dependencies: a changed header rebuilds all.
HEADERS = $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)
$(OBJS) $(OBJS:.o=.bc): $(HEADERS)

# Domain definitions and their data sets go beside the extension's scripts.
domain_dir = $(DESTDIR)$(datadir)/extension/spindle

install: install-domains
uninstall: uninstall-domains

.PHONY: install-domains uninstall-domains bench
install-domains:
	$(MKDIR_P) '$(domain_dir)/data'
	$(INSTALL_DATA) $(wildcard $(srcdir)/domains/*.json) '$(domain_dir)/'
	$(INSTALL_DATA) $(wildcard $(srcdir)/domains/data/*.json) '$(domain_dir)/data/'

uninstall-domains:
	rm -rf '$(domain_dir)'

bench:
	$(srcdir)/bench/run.sh
