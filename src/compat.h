/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Differences between PostgreSQL releases; the only place for them.
 *
 * Older servers get the newest names.  Where a function has got arguments,
 * there is a spindle_* macro with all that we pass.  All are macros, expanded
 * where they are used, so that this file needs nearly no header of the server;
 * a file that uses them includes what it needs, and this one after that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COMPAT_H
#define SPINDLE_COMPAT_H

/* Before 14.3, SPI_commit() left its caller without a transaction. */
#if PG_VERSION_NUM < 140003 || PG_VERSION_NUM >= 190000
#error "spindle supports PostgreSQL 14.3 to 18"
#endif

/* 16 moved the varlena macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 moved ExplainState and the ExplainProperty functions out of explain.h. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* ----------
 * 15
 * ----------
 */
#if PG_VERSION_NUM < 150000
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

/*
 * The storage manager's relation, opened if it is not.  Minor releases of 14 have got the
 * function of 15 at some time.
 */
#define spindle_smgr(relation) \
	((relation)->rd_smgr == NULL ? \
	 smgrsetowner(&(relation)->rd_smgr, smgropen((relation)->rd_node, (relation)->rd_backend)) : (void) 0, \
	 (relation)->rd_smgr)

/* Custom scans of 14 always project. */
#define CUSTOMPATH_SUPPORT_PROJECTION	0

/* tuplesort_begin_heap() took a bool; only random access has one. */
#define TUPLESORT_RANDOMACCESS	1
#define TUPLESORT_ALLOWBOUNDED	0

#define MarkGUCPrefixReserved(prefix)	EmitWarningsOnPlaceholders(prefix)
#define strtoi64(text, end, base)	((int64) strtoll(text, end, base))

/* 15 also has MAT_SRF_BLESS, which we do not use. */
#define MAT_SRF_USE_EXPECTED_DESC	0x01

/*
 * InitMaterializedSRF
 *		Check that the caller of a set-returning function takes a tuplestore, and
 *		give it one, in the context of the whole query.
 *
 * As of 15.  Raises feature_not_supported if the caller takes no set, or no
 * tuplestore; flags is 0 or MAT_SRF_USE_EXPECTED_DESC, with which the columns
 * are those that the caller expects.
 */
static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext oldcontext;
	TupleDesc	desc;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (!(rsinfo->allowedModes & SFRM_Materialize) ||
		((flags & MAT_SRF_USE_EXPECTED_DESC) && rsinfo->expectedDesc == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("materialize mode required, but it is not allowed in this context")));
	oldcontext = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	if (flags & MAT_SRF_USE_EXPECTED_DESC)
		desc = CreateTupleDescCopy(rsinfo->expectedDesc);
	else if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	rsinfo->setDesc = desc;
	MemoryContextSwitchTo(oldcontext);
}

#define spindle_shm_mq_sendv(queue, parts, n, nowait, force_flush) \
	shm_mq_sendv(queue, parts, n, nowait)
#else
#define spindle_smgr(relation)	RelationGetSmgr(relation)
#define spindle_shm_mq_sendv(queue, parts, n, nowait, force_flush) \
	shm_mq_sendv(queue, parts, n, nowait, force_flush)
#endif

/* ----------
 * 16
 * ----------
 */
#if PG_VERSION_NUM < 160000
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"

#define rd_locator	rd_node

/*
 * As of 16, of the kinds of objects that we ask for: databases, schemas and
 * functions.
 */
static inline AclResult
object_aclcheck(Oid classid, Oid objectid, Oid roleid, AclMode mode)
{
	switch (classid)
	{
		case DatabaseRelationId:
			return pg_database_aclcheck(objectid, roleid, mode);
		case NamespaceRelationId:
			return pg_namespace_aclcheck(objectid, roleid, mode);
		case ProcedureRelationId:
			return pg_proc_aclcheck(objectid, roleid, mode);
	}
	elog(ERROR, "unexpected class %u of an object", classid);
}

/* As of 16, of relations; raises an internal error for others. */
static inline bool
object_ownercheck(Oid classid, Oid objectid, Oid roleid)
{
	if (classid == RelationRelationId)
		return pg_class_ownercheck(objectid, roleid);
	elog(ERROR, "unexpected class %u of an object", classid);
}

#define spindle_typeStringToTypeName(name)	typeStringToTypeName(name)

/* Is there a type of that name?  Sets *oid and *typmod; an error if it is no name. */
#define spindle_find_type(name, oid, typmod) \
	(parseTypeString(name, oid, typmod, true), OidIsValid(*(oid)))

/* A variable does not tell which outer joins may have made it NULL. */
#define spindle_var_is_nulled(var)	false

#define spindle_ExecInsertIndexTuples(result, slot, estate, update, no_duplicates, conflict, arbiters, summarizing) \
	ExecInsertIndexTuples(result, slot, estate, update, no_duplicates, conflict, arbiters)
#else
#include "nodes/miscnodes.h"

#define spindle_typeStringToTypeName(name)	typeStringToTypeName(name, NULL)
#define spindle_find_type(name, oid, typmod) \
	parseTypeString(name, oid, typmod, (Node *) &(ErrorSaveContext) {.type = T_ErrorSaveContext})
#define spindle_var_is_nulled(var)	(!bms_is_empty((var)->varnullingrels))
#define spindle_ExecInsertIndexTuples(result, slot, estate, update, no_duplicates, conflict, arbiters, summarizing) \
	ExecInsertIndexTuples(result, slot, estate, update, no_duplicates, conflict, arbiters, summarizing)
#endif

/*
 * spindle_init_range_table
 *		Give estate a range table of the one relation rte and the permissions that
 *		are needed for it, which 16 moved out of the entry; 18 wants to hear which
 *		entries are not pruned.
 */
#if PG_VERSION_NUM < 160000
#define spindle_init_range_table(estate, rte, permissions) \
	((rte)->requiredPerms = (permissions), \
	 ExecInitRangeTable(estate, list_make1(rte)))
#elif PG_VERSION_NUM < 180000
#define spindle_init_range_table(estate, rte, permissions) \
	do { \
		List	   *infos_ = NIL; \
		addRTEPermissionInfo(&infos_, rte)->requiredPerms = (permissions); \
		ExecInitRangeTable(estate, list_make1(rte), infos_); \
	} while (0)
#else
#define spindle_init_range_table(estate, rte, permissions) \
	do { \
		List	   *infos_ = NIL; \
		addRTEPermissionInfo(&infos_, rte)->requiredPerms = (permissions); \
		ExecInitRangeTable(estate, list_make1(rte), infos_, bms_make_singleton(1)); \
	} while (0)
#endif

/* ----------
 * 17
 * ----------
 */
/* 17 added expressions of JSON paths, whose result can be read by a domain's input. */
#if PG_VERSION_NUM < 170000
#define SPINDLE_IS_JSON_EXPR(node)	false
#else
#define SPINDLE_IS_JSON_EXPR(node)	IsA(node, JsonExpr)
#endif

/* 17 has infinite intervals. */
#if PG_VERSION_NUM < 170000
#define SPINDLE_INTERVAL_IS_NOBEGIN(interval)	false
#define SPINDLE_INTERVAL_IS_NOEND(interval)	false
#else
#define SPINDLE_INTERVAL_IS_NOBEGIN(interval)	INTERVAL_IS_NOBEGIN(interval)
#define SPINDLE_INTERVAL_IS_NOEND(interval)	INTERVAL_IS_NOEND(interval)
#endif

#if PG_VERSION_NUM < 170000
#define MyProcNumber	(MyProc->pgprocno)

/* A lexer in memory of its own; 17 can also use the caller's. */
#define spindle_make_json_lexer(json, len, encoding, need_escapes) \
	makeJsonLexContextCstringLen(json, len, encoding, need_escapes)

/* The number of entries that statistics are to have: of a VacAttrStats, and where it is kept. */
#define spindle_set_statistics_target(stats, target) \
	((stats)->attr = palloc0(sizeof(FormData_pg_attribute)), \
	 (stats)->attr->attstattarget = (target))

#define spindle_estimate_array_length(root, array) \
	((double) estimate_array_length(array))
#define spindle_LogLogicalMessage(prefix, message, size, transactional, flush) \
	LogLogicalMessage(prefix, message, size, transactional)
#else
#define spindle_make_json_lexer(json, len, encoding, need_escapes) \
	makeJsonLexContextCstringLen(NULL, json, len, encoding, need_escapes)

#define spindle_set_statistics_target(stats, target)	((stats)->attstattarget = (target))

#define spindle_estimate_array_length(root, array) \
	estimate_array_length(root, array)
#define spindle_LogLogicalMessage(prefix, message, size, transactional, flush) \
	LogLogicalMessage(prefix, message, size, transactional, flush)
#endif

/*
 * 17 can register a whole file to be written to disk by the next checkpoint; before,
 * each write of a page did so, after which a checkpoint may begin at any time.
 */
#if PG_VERSION_NUM < 170000
#define SPINDLE_CAN_REGISTER_SYNC	false
#define spindle_smgrregistersync(smgr, fork)	((void) 0)
#define spindle_delay_checkpoints()	((void) 0)
#define spindle_allow_checkpoints()	((void) 0)
#else
#define SPINDLE_CAN_REGISTER_SYNC	true
#define spindle_smgrregistersync(smgr, fork)	smgrregistersync(smgr, fork)
#define spindle_delay_checkpoints()	(MyProc->delayChkptFlags |= DELAY_CHKPT_START)
#define spindle_allow_checkpoints()	(MyProc->delayChkptFlags &= ~DELAY_CHKPT_START)
#endif

/*
 * Older servers work without a shared buffer in a record that has more than
 * the page's image, but where assertions are on they say that nobody does that.
 */
#if PG_VERSION_NUM < 170000 && defined(USE_ASSERT_CHECKING)
#define SPINDLE_CAN_LOG_ROWS	false
#else
#define SPINDLE_CAN_LOG_ROWS	true
#endif

/* 17 added the conditions left to the scan, 18 the number of disabled nodes. */
#if PG_VERSION_NUM < 170000
#define spindle_create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										pathkeys, required_outer, outerpath, restrictinfo, fdw_private) \
	create_foreignscan_path(root, rel, target, rows, startup_cost, total_cost, \
							pathkeys, required_outer, outerpath, fdw_private)
#define spindle_create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										  pathkeys, outerpath, restrictinfo, fdw_private) \
	create_foreign_upper_path(root, rel, target, rows, startup_cost, total_cost, \
							  pathkeys, outerpath, fdw_private)
#elif PG_VERSION_NUM < 180000
#define spindle_create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										pathkeys, required_outer, outerpath, restrictinfo, fdw_private) \
	create_foreignscan_path(root, rel, target, rows, startup_cost, total_cost, \
							pathkeys, required_outer, outerpath, restrictinfo, fdw_private)
#define spindle_create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										  pathkeys, outerpath, restrictinfo, fdw_private) \
	create_foreign_upper_path(root, rel, target, rows, startup_cost, total_cost, \
							  pathkeys, outerpath, restrictinfo, fdw_private)
#else
#define spindle_create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										pathkeys, required_outer, outerpath, restrictinfo, fdw_private) \
	create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
							pathkeys, required_outer, outerpath, restrictinfo, fdw_private)
#define spindle_create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
										  pathkeys, outerpath, restrictinfo, fdw_private) \
	create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup_cost, total_cost, \
							  pathkeys, outerpath, restrictinfo, fdw_private)
#endif

/*
 * 17 added the actions of MERGE, 18 what happens on conflict; 17's minor releases
 * have that under another name.
 */
#if PG_VERSION_NUM < 170000
#define spindle_CheckValidResultRel(result, operation, on_conflict, merge_actions) \
	CheckValidResultRel(result, operation)
#elif PG_VERSION_NUM < 180000
#define spindle_CheckValidResultRel(result, operation, on_conflict, merge_actions) \
	CheckValidResultRel(result, operation, merge_actions)
#else
#define spindle_CheckValidResultRel(result, operation, on_conflict, merge_actions) \
	CheckValidResultRel(result, operation, on_conflict, merge_actions)
#endif

/* ----------
 * 18
 * ----------
 */
#if PG_VERSION_NUM < 180000
/* of btree, which have the same numbers */
#define COMPARE_LT	BTLessStrategyNumber
#define COMPARE_GT	BTGreaterStrategyNumber

/* The members of an equivalence class, those of children among them. */
typedef struct EquivalenceMemberIterator
{
	struct List *members;
	int			next;
} EquivalenceMemberIterator;

#define setup_eclass_member_iterator(it, ec, child_relids) \
	((it)->members = (ec)->ec_members, (it)->next = 0)
#define eclass_member_iterator_next(it) \
	((it)->next < list_length((it)->members) ? \
	 (EquivalenceMember *) list_nth((it)->members, (it)->next++) : NULL)

/* before the declaration, where pg_attribute_noreturn() stood behind it */
#define pg_noreturn	__attribute__((noreturn))

/* 18 has an entry of the range table for what rows are grouped by. */
#define spindle_group_exprs(rte)	NIL

#define spindle_expandRTE(rte, index, sublevels, returning, location, dropped, names, vars) \
	expandRTE(rte, index, sublevels, location, dropped, names, vars)
#define spindle_heap_form_minimal_tuple(desc, values, nulls, extra) \
	heap_form_minimal_tuple(desc, values, nulls)
#define spindle_vacuum_delay_point(is_analyze)	vacuum_delay_point()
#define spindle_b64_encode(src, len, dst, dstlen)	pg_b64_encode(src, len, dst, dstlen)
#else
#define spindle_group_exprs(rte)	((rte)->rtekind == RTE_GROUP ? (rte)->groupexprs : NIL)
#define spindle_expandRTE(rte, index, sublevels, returning, location, dropped, names, vars) \
	expandRTE(rte, index, sublevels, returning, location, dropped, names, vars)
#define spindle_heap_form_minimal_tuple(desc, values, nulls, extra) \
	heap_form_minimal_tuple(desc, values, nulls, extra)
#define spindle_vacuum_delay_point(is_analyze)	vacuum_delay_point(is_analyze)
#define spindle_b64_encode(src, len, dst, dstlen)	pg_b64_encode((const uint8 *) (src), len, dst, dstlen)
#endif

/* 16: direct I/O wants pages aligned */
#if PG_VERSION_NUM < 160000
#define PG_IO_ALIGN_SIZE	MAXIMUM_ALIGNOF
#define palloc_aligned(size, alignto, flags)	palloc_extended(size, flags)
#endif

#endif							/* SPINDLE_COMPAT_H */
