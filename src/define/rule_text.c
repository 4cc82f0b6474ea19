/*-------------------------------------------------------------------------
 *
 * rule_text.c
 *		Rules that take values from data sets, or put texts together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "define/rule_reader.h"

#define MAX_PIECES		50

/* Group the records of a set by the text in one field. */
static void
read_match(RuleReader *r, SpindleDataSet *set)
{
	static const char *const legal[] = {"field", "column", NULL};
	SpindleRule *rule = r->rule;
	SpindleDomain *domain = r->parse->domain;
	SpindleJson match = member(r, "match");
	SpindleJson field;
	SpindleJson column;
	int			f;
	int		   *group_of_row = palloc(sizeof(int) * set->nrows);
	int		   *size;
	int		   *rows;
	double	   *weight = palloc(sizeof(double) * set->nrows);

	spindle_json_expect_object(&match, legal);
	field = spindle_json_member(&match, "field");
	column = spindle_json_member(&match, "column");
	f = spindle_data_set_field(set, &field);
	spindle_parse_ref(r->parse, &column, r->table, &rule->data.match);
	if (spindle_ref_column(domain, &rule->data.match)->type.kind != SPINDLE_TEXT)
		spindle_json_error(&column, NULL, "a text column is needed.");
	rule->data.has_match = true;
	rule->data.may_miss = r->column->nullable;

	for (int i = 0; i < set->nrows; i++)
	{
		if (set->cell[f][i] == NULL)
			spindle_json_error(&field, NULL, "field \"%s\" is null in row %d.", set->field[f], i);
		(void) spindle_text_intern(domain, set->cell[f][i]);
	}

	/* a text that gets its number later is none of the set */
	rule->data.ntexts = domain->ntexts;
	rule->data.group_of_text = palloc(sizeof(int) * domain->ntexts);
	for (int i = 0; i < domain->ntexts; i++)
		rule->data.group_of_text[i] = -1;
	size = palloc0(sizeof(int) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		int			id = spindle_text_intern(domain, set->cell[f][i])->id;

		if (rule->data.group_of_text[id] < 0)
			rule->data.group_of_text[id] = rule->data.ngroups++;
		group_of_row[i] = rule->data.group_of_text[id];
		size[group_of_row[i]]++;
	}

	/* one pass: the rows of a group follow each other in one array */
	rule->data.group = palloc(sizeof(int *) * rule->data.ngroups);
	rule->data.group_alias = palloc(sizeof(SpindleAlias *) * rule->data.ngroups);
	rows = palloc(sizeof(int) * set->nrows);
	for (int g = 0, start = 0; g < rule->data.ngroups; start += size[g++])
		rule->data.group[g] = rows + start;
	memset(size, 0, sizeof(int) * rule->data.ngroups);
	for (int i = 0; i < set->nrows; i++)
	{
		int			g = group_of_row[i];

		weight[rule->data.group[g] - rows + size[g]] = set->weights[i];
		rule->data.group[g][size[g]++] = i;
	}
	for (int g = 0; g < rule->data.ngroups; g++)
		rule->data.group_alias[g] = spindle_alias_create(weight + (rule->data.group[g] - rows), size[g]);
	pfree(weight);
	pfree(size);
	pfree(group_of_row);
	CHECK_FOR_INTERRUPTS();
}

void
spindle_rule_read_data(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "set");
	SpindleJson field = member(r, "field");
	SpindleDataSet *set = spindle_parse_data_set(r->parse, &m);
	int			f = spindle_data_set_field(set, &field);

	if (strcmp(set->field[f], "weight") == 0)
		spindle_json_error(&field, NULL, "\"weight\" holds the weights and cannot be a value.");
	rule->data.set = set;
	rule->data.value = palloc0(sizeof(int64) * set->nrows);
	rule->data.is_null = palloc0(sizeof(bool) * set->nrows);
	for (int i = 0; i < set->nrows; i++)
	{
		rule->data.is_null[i] = set->cell[f][i] == NULL;
		if (!rule->data.is_null[i] &&
			!spindle_value_parse(r->parse->domain, rule->type, set->cell[f][i], &rule->data.value[i]))
			spindle_json_error(&field, NULL, "\"%s\" in row %d of data set \"%s\" is not a value of type %s.",
							   set->cell[f][i], i, set->name, rule->type->name);
	}
	rule->data.draw_label = rule->label;
	if (has(r, "draw"))
	{
		SpindleJson draw = member(r, "draw");

		/* columns of a table that name the same draw take the same record */
		rule->data.draw_label = spindle_label(psprintf("%s draw %s",
													   r->parse->domain->table[r->table].name,
													   spindle_json_string(&draw)));
	}
	if (has(r, "by_row"))
	{
		SpindleJson by_row = member(r, "by_row");

		rule->data.by_row = spindle_json_bool(&by_row);
	}
	if (has(r, "match"))
		read_match(r, set);
	if (rule->data.by_row && (rule->data.has_match || has(r, "draw")))
		spindle_json_error(r->node, NULL, "\"by_row\" excludes \"match\" and \"draw\".");
}

/* For hints: what a pattern may be made of. */
static char *
legal_pieces(RuleReader *r)
{
	const SpindleTable *table = &r->parse->domain->table[r->table];
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "Legal pieces: {row}, {row:W}, {random_digits:N}, {random_letters:N}, {random_alnum:N}, "
						   "{PATH}, {PATH:W}, {PATH|lower}, {PATH|upper}, and text without braces.  Columns to begin a PATH with: ");
	for (int c = 0; c < table->ncolumns; c++)
		appendStringInfo(&buf, "%s%s", c ? ", " : "", table->column[c].name);
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/* One {…} of a pattern: name, name:width, name|lower, name|upper. */
static void
read_placeholder(RuleReader *r, const SpindleJson *node, char *text, SpindlePiece *piece)
{
	char	   *whole = pstrdup(text);
	char	   *bar = strchr(text, '|');
	char	   *colon = strchr(text, ':');

	if (bar)
	{
		*bar++ = '\0';
		if (strcmp(bar, "lower") == 0)
			piece->fold = 'l';
		else if (strcmp(bar, "upper") == 0)
			piece->fold = 'u';
		else
			spindle_json_error(node, "Legal: lower, upper.", "unrecognized modifier \"%s\".", bar);
	}
	if (colon)
	{
		char	   *end;

		*colon++ = '\0';
		piece->width = (int) strtol(colon, &end, 10);
		if (end == colon || *end || piece->width < 1 || piece->width > 100)
			spindle_json_error(node, "It must be from 1 to 100.", "\"%s\" is not a width.", colon);
	}
	if (strcmp(text, "row") == 0)
		piece->kind = SPINDLE_PIECE_ROW;
	else if (strcmp(text, "random_digits") == 0)
		piece->kind = SPINDLE_PIECE_DIGITS;
	else if (strcmp(text, "random_letters") == 0)
		piece->kind = SPINDLE_PIECE_LETTERS;
	else if (strcmp(text, "random_alnum") == 0)
		piece->kind = SPINDLE_PIECE_ALNUM;
	else
	{
		const SpindleType *type;
		char	   *first = pnstrdup(text, strcspn(text, "."));

		/* what begins with no column may be meant to be anything */
		if (spindle_table_find_column(&r->parse->domain->table[r->table], first) < 0)
			spindle_json_error(node, legal_pieces(r), "unrecognized piece \"{%s}\".", whole);
		piece->kind = SPINDLE_PIECE_COLUMN;
		spindle_parse_ref_text(r->parse, node, r->table, text, &piece->ref);
		type = &spindle_ref_column(r->parse->domain, &piece->ref)->type;
		if (type->kind != SPINDLE_TEXT && type->kind != SPINDLE_INT && type->kind != SPINDLE_DECIMAL)
			spindle_json_error(node, NULL, "column \"%s\" of type %s cannot be part of a pattern.",
							   text, type->name);
		piece->is_text = type->kind == SPINDLE_TEXT;
		piece->scale = type->scale;
		return;
	}
	if (piece->kind != SPINDLE_PIECE_ROW && piece->width == 0)
		spindle_json_error(node, NULL, "\"%s\" needs a number of characters, as in {%s:4}.", text, text);
}

void
spindle_rule_read_pattern(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "pattern");
	char	   *text = spindle_json_string(&m);

	rule->pattern.piece = palloc0(sizeof(SpindlePiece) * MAX_PIECES);
	while (*text)
	{
		SpindlePiece *piece = &rule->pattern.piece[rule->pattern.npieces];
		size_t		len = strcspn(text, "{");

		if (rule->pattern.npieces++ == MAX_PIECES)
			spindle_json_error(&m, NULL, "more than %d pieces.", MAX_PIECES);
		if (len > 0)
		{
			piece->kind = SPINDLE_PIECE_LITERAL;
			piece->text = pnstrdup(text, len);
			text += len;
			continue;
		}
		len = strcspn(text, "}");
		if (text[len] == '\0')
			spindle_json_error(&m, legal_pieces(r), "a \"{\" is not closed.");
		read_placeholder(r, &m, pnstrdup(text + 1, len - 1), piece);
		text += len + 1;
	}
}
