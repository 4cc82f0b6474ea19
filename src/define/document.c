/*-------------------------------------------------------------------------
 *
 * document.c
 *		What the rules "object" and "array" have in common: parts of documents.
 *
 * A part has a type and a rule as a column has, and its rule is read as if it
 * filled one.  Its draws are told apart by its name, so that members can be added
 * and moved without a change of others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

#include "define/rule_reader.h"

/* Documents inside each other. */
#define MAX_DEPTH	8

/*
 * spindle_expect_document
 *		Insist on a column, or a part around the rule, that can hold a document of
 *		any length, and on no more than MAX_DEPTH documents inside each other.
 *		Errors are raised at node.
 */
void
spindle_expect_document(RuleReader *r, const SpindleJson *node)
{
	const SpindleType *type = r->rule->type;

	if (type->ops->form ? !type->ops->form->is_json : type->length > 0)
		spindle_json_error(node, "The types json, jsonb and text hold documents.",
						   "a column of type %s cannot hold a document of any length.", type->name);
	if (r->parse->depth >= MAX_DEPTH)
		spindle_json_error(node, NULL, "there are more than %d documents inside each other.", MAX_DEPTH);
}

/*
 * spindle_read_part
 *		Read a part: "type" and "null" of node, and its rule.
 *
 * otherwise names the type of a part that gives none; NULL if it must.  label
 * tells the draws of its rule from others; the part's name is set.  The rule may
 * give NULL, as documents have it too.
 */
void
spindle_read_part(RuleReader *r, const SpindleJson *node, const SpindleJson *rule, const char *otherwise,
				  uint64 label, SpindleDocumentPart *part)
{
	SpindleColumn *column = palloc0(sizeof(SpindleColumn));
	const char *type = otherwise;
	SpindleJson m = *node;

	if (otherwise == NULL || spindle_json_has(node, "type"))
	{
		m = spindle_json_member(node, "type");
		type = spindle_json_string(&m);
	}
	if (!spindle_type_parse(type, &column->type) || column->type.kind == SPINDLE_ROW)
		spindle_json_error(&m, spindle_type_names(), "\"%s\" is not a type of this format that has values.", type);
	spindle_parse_scale(node, &column->type);
	column->name = pstrdup(part->name);
	column->nullable = true;
	column->target = -1;
	column->references = -1;
	part->type = &column->type;
	if (spindle_json_has(node, "null"))
	{
		m = spindle_json_member(node, "null");
		part->null_fraction = spindle_json_number(&m, 0, 1);
	}
	r->parse->depth++;
	part->rule = spindle_parse_rule(r->parse, rule, r->table, column, label);
	r->parse->depth--;
}

/* Append a part in words, without its name. */
void
spindle_describe_part(StringInfo out, const SpindleDomain *domain, int table, const SpindleDocumentPart *part)
{
	part->rule->ops->describe(out, domain, table, part->rule);
	for (int i = 0; i < part->rule->nkeyed; i++)
	{
		appendStringInfoString(out, i ? ", " : ", by the values of ");
		spindle_describe_path(out, domain, table, &part->rule->keyed[i]);
	}
	if (part->absent > 0)
		appendStringInfo(out, ", absent for %g %%", part->absent * 100);
	if (part->null_fraction > 0)
		appendStringInfo(out, ", null for %g %%", part->null_fraction * 100);
}
