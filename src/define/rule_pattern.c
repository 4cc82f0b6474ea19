/*-------------------------------------------------------------------------
 *
 * rule_pattern.c
 *		The rule "pattern": texts put together from pieces.
 *
 * Reading is simple; what takes room here is the proof that texts differ where
 * a pattern is a key.  See check_pattern_key().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "define/rule_reader.h"

#define MAX_PIECES		50

/*
 * For hints: what a pattern may be made of, palloc'd.  The columns are those
 * of the table, as any path begins with one.
 */
static char *
legal_pieces(RuleReader *r)
{
	const SpindleTable *table = &r->parse->domain->table[r->table];
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "Legal pieces: {row}, {row:W}, {id:W}, {sibling}, {sibling:W}, {random_digits:N}, {random_letters:N}, "
						   "{random_alnum:N}, {random_hex:N}, {PATH}, {PATH:W}, {PATH|lower}, {PATH|upper}, and text, with {{ for a brace.  "
						   "N may be a range, as in 3-8.  Columns to begin a PATH with: ");
	for (int c = 0; c < table->ncolumns; c++)
		appendStringInfo(&buf, "%s%s", c ? ", " : "", table->column[c].name);
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/* The pieces that are no columns, by their names. */
static const struct
{
	const char *name;
	SpindlePieceKind kind;
	bool		yields;			/* to a column of the name, as there are
								 * definitions from before the piece */
}			pieces[] =
{
	{"row", SPINDLE_PIECE_ROW, false},
	{"sibling", SPINDLE_PIECE_SIBLING, true},
	{"id", SPINDLE_PIECE_ID, true},
	{"random_digits", SPINDLE_PIECE_DIGITS, false},
	{"random_letters", SPINDLE_PIECE_LETTERS, false},
	{"random_alnum", SPINDLE_PIECE_ALNUM, false},
	{"random_hex", SPINDLE_PIECE_HEX, true},
};

/* Is it the name of a column other than the one that the pattern fills? */
static bool
is_other_column(RuleReader *r, const char *name)
{
	return spindle_table_find_column(&r->parse->domain->table[r->table], name) >= 0 &&
		strcmp(r->column->name, name) != 0;
}

/* Is it a number of random characters? */
static bool
is_random(const SpindlePiece *piece)
{
	return piece->kind >= SPINDLE_PIECE_DIGITS;
}

/* A width from 1 to 100; or, of random characters, a range of such. */
static void
read_width(const SpindleJson *node, const char *text, SpindlePiece *piece)
{
	char	   *end;

	piece->width = (int) strtol(text, &end, 10);
	if (end != text && *end == '-' && is_random(piece))
	{
		const char *second = end + 1;

		piece->max_width = (int) strtol(second, &end, 10);
		if (end == second || piece->max_width < piece->width || piece->max_width > 100)
			end = unconstify(char *, text);
	}
	if (end == text || *end || piece->width < 1 || piece->width > 100)
		spindle_json_error(node, is_random(piece) ? "It must be from 1 to 100, or a range such as 3-8." : "It must be from 1 to 100.",
						   "\"%s\" is not a width.", text);
}

/*
 * One {…} of a pattern: name, name:width, name|lower, name|upper.
 *
 * text is what stands in the braces and is written to.  Fills *piece, which is
 * zero before.  Widths are from 1 to 100 and required for random characters.
 * A name is that of a piece before it is that of a column, with some exceptions;
 * a path must lead to a text, a whole number or a numeric.
 */
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
		*colon++ = '\0';
	for (int i = 0; i < lengthof(pieces); i++)
		if (strcmp(text, pieces[i].name) == 0 && !(pieces[i].yields && is_other_column(r, text)))
			piece->kind = pieces[i].kind;
	if (colon)
		read_width(node, colon, piece);
	if (piece->kind == SPINDLE_PIECE_SIBLING && r->parse->domain->table[r->table].rows_kind != SPINDLE_ROWS_CHILDREN)
		spindle_json_error(node, "It is for tables whose rows are of kind \"children\".", "\"%s\" needs a parent.", text);
	if (piece->kind == SPINDLE_PIECE_LITERAL)
	{
		const SpindleType *type;
		char	   *first = pnstrdup(text, strcspn(text, "."));

		/* what begins with no column may be meant to be anything */
		if (spindle_table_find_column(&r->parse->domain->table[r->table], first) < 0)
			spindle_json_error(node, legal_pieces(r), "unrecognized piece \"{%s}\".", whole);
		piece->kind = SPINDLE_PIECE_COLUMN;
		spindle_parse_ref_text(r->parse, node, r->table, text, &piece->ref);
		type = &spindle_ref_column(r->parse->domain, &piece->ref)->type;
		if (!type->ops->is_text && !type->ops->is_exact)
			spindle_json_error(node, NULL, "column \"%s\" of type %s cannot be part of a pattern.",
							   text, type->name);
		piece->is_text = type->ops->is_text;
		piece->scale = type->scale;
		return;
	}
	if (piece->kind != SPINDLE_PIECE_ROW && piece->kind != SPINDLE_PIECE_SIBLING && piece->width == 0)
		spindle_json_error(node, NULL, "\"%s\" needs a number of characters, as in {%s:4}.", text, text);
}

/*
 * Append text up to the next placeholder, or the end, to a literal; returns
 * where it stopped.  {{ is a brace.  A } that closes nothing is text; only beside
 * a {{ somewhere in the pattern, }} is one.
 */
static char *
read_literal(StringInfo literal, char *text, bool has_escapes)
{
	while (*text && (*text != '{' || text[1] == '{'))
	{
		appendStringInfoChar(literal, *text);
		text += *text == '{' || (has_escapes && *text == '}' && text[1] == '}') ? 2 : 1;
	}
	return text;
}

/* Split the text at its braces. */
static void
read_pattern(RuleReader *r)
{
	SpindleRule *rule = r->rule;
	SpindleJson m = member(r, "pattern");
	char	   *text = spindle_json_string(&m);
	const bool	has_escapes = strstr(text, "{{") != NULL;

	rule->pattern.piece = palloc0(sizeof(SpindlePiece) * MAX_PIECES);
	while (*text)
	{
		SpindlePiece *piece = &rule->pattern.piece[rule->pattern.npieces];
		StringInfoData literal;
		size_t		len;

		if (rule->pattern.npieces++ == MAX_PIECES)
			spindle_json_error(&m, NULL, "more than %d pieces.", MAX_PIECES);
		initStringInfo(&literal);
		text = read_literal(&literal, text, has_escapes);
		if (literal.len > 0)
		{
			piece->kind = SPINDLE_PIECE_LITERAL;
			piece->text = literal.data;
			continue;
		}
		len = strcspn(text, "}");
		if (text[len] == '\0')
			spindle_json_error(&m, legal_pieces(r), "a \"{\" is not closed.");
		read_placeholder(r, &m, pnstrdup(text + 1, len - 1), piece);
		if (only_draws(r) && !is_random(piece))
			spindle_json_error(&m, NULL, "%s, all pieces must be text or random characters.",
							   has(r, "keyed_by") ? "with \"keyed_by\"" : "in an array");
		text += len + 1;
	}
}

/* Rows that {id:W} can tell apart; more than any table has from 11 characters on. */
static int64
ids(const SpindlePiece *piece)
{
	int64		n = 1;

	for (int i = 0; i < Min(piece->width, 11); i++)
		n *= 36;
	return n;
}

/* There must be a number in {id:W} for each row, or each place of a pool. */
static void
check_pattern(RuleCheck *check, const SpindleRule *rule)
{
	for (int p = 0; p < rule->pattern.npieces; p++)
		if (rule->pattern.piece[p].kind == SPINDLE_PIECE_ID && ids(&rule->pattern.piece[p]) < check->max_rows)
			spindle_model_error(check->domain, rule->path,
								psprintf("there can be " INT64_FORMAT " rows, more than {id:%d} tells apart.",
										 check->max_rows, rule->pattern.piece[p].width),
								"Take more characters: 4 tell 1.6 million rows apart, 8 tell 2.8 trillion.");
}

/* The columns in the order of their pieces. */
static void
visit_pattern(const SpindleDomain *domain, int table, const SpindleRule *rule,
			  const SpindleRuleVisitor *visitor)
{
	for (int i = 0; i < rule->pattern.npieces; i++)
		if (rule->pattern.piece[i].kind == SPINDLE_PIECE_COLUMN)
			spindle_visit_path(visitor, table, &rule->pattern.piece[i].ref);
}

/* A text is NULL if one of its columns is. */
static bool
pattern_may_be_null(const SpindleDomain *domain, int table, const SpindleRule *rule,
					const SpindleColumnRef *known)
{
	for (int i = 0; i < rule->pattern.npieces; i++)
		if (rule->pattern.piece[i].kind == SPINDLE_PIECE_COLUMN &&
			spindle_path_may_be_null(domain, table, &rule->pattern.piece[i].ref, known))
			return true;
	return false;
}

/* What the text of one piece can be, at the largest scale. */
static Extent
extent_of_piece(KeyCheck *check, int table, const SpindlePiece *piece)
{
	Extent		extent;

	switch (piece->kind)
	{
		case SPINDLE_PIECE_LITERAL:
			return spindle_extent_text(piece->text, (int) strlen(piece->text));
		case SPINDLE_PIECE_ROW:
			return spindle_extent_numbers(1, Max(1, spindle_table_max_rows(check->domain, &check->domain->table[table])),
									 0, piece->width);
		case SPINDLE_PIECE_SIBLING:
			return spindle_extent_numbers(1, check->domain->table[table].layout_max, 0, piece->width);
		case SPINDLE_PIECE_COLUMN:
			extent = spindle_extent_column(check, piece->ref.table, piece->ref.column);
			if (!piece->is_text)
				extent = spindle_extent_numbers(Min(extent.low, extent.high), extent.high, piece->scale, piece->width);
			return extent;
		default:
			return (Extent) {.min = piece->width, .max = Max(piece->width, piece->max_width),
				.has_digit = piece->kind != SPINDLE_PIECE_LETTERS,
				.digit_first = piece->kind != SPINDLE_PIECE_LETTERS,
				.digit_last = piece->kind != SPINDLE_PIECE_LETTERS};
	}
}

/*
 * Some pieces of a pattern, one behind the other; without any, the empty text.
 */
static Extent
extent_of_pieces(KeyCheck *check, int table, const SpindlePiece *piece, int npieces)
{
	Extent		extent = {0};

	for (int p = 0; p < npieces; p++)
		spindle_extent_append(&extent, extent_of_piece(check, table, &piece[p]));
	return extent;
}

/* What the text can be, cut to the type: then it can end anywhere. */
static Extent
extent_of_pattern(KeyCheck *check, int table, const SpindleRule *rule)
{
	Extent		extent = extent_of_pieces(check, table, rule->pattern.piece, rule->pattern.npieces);

	if (rule->type->length > 0 && extent.max > rule->type->length)
	{
		extent.max = rule->type->length;
		extent.min = Min(extent.min, extent.max);
		extent.digit_last = extent.has_digit;
	}
	return extent;
}

/*
 * Can the number of {row} or {id} be read from the texts of a pattern, whose piece
 * p it is?  An id can hold letters, but has a fixed length.
 *
 * If so, *place is where it stands.  If not, *reason is why, in words, with room for
 * a better reason that another piece may have.
 */
static bool
is_row_readable(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule, int p, SpindleRowPlace *place,
				char **reason)
{
	const SpindlePiece *piece = rule->pattern.piece;
	Extent		before = extent_of_pieces(check, table->index, piece, p);
	Extent		row = extent_of_piece(check, table->index, &piece[p]);
	Extent		after = extent_of_pieces(check, table->index, piece + p + 1, rule->pattern.npieces - p - 1);
	int64		length = rule->type->length > 0 ? rule->type->length : EXTENT_UNLIMITED * 4;
	bool		is_fixed = row.min == row.max;
	bool		is_id = piece[p].kind == SPINDLE_PIECE_ID;
	bool		forward = (before.min == before.max || (!before.has_digit && !is_id)) && (is_fixed || !after.digit_first);
	bool		backward = (after.min == after.max || (!after.has_digit && !is_id)) && (is_fixed || !before.digit_last);
	bool		reads_forward = forward && before.max + row.max <= length;

	if (reads_forward || (backward && before.max + row.max + after.max <= length))
	{
		const Extent *skipped = reads_forward ? &before : &after;

		*place = (SpindleRowPlace) {.is_known = true,.piece = p,.from_end = !reads_forward,
			.skip = skipped->min == skipped->max ? skipped->max : -1,.length = is_fixed ? row.max : 0};
		return true;
	}
	if (!forward && !backward)
		*reason = psprintf("the text does not show where the row number begins and ends.");
	else if (before.max >= EXTENT_UNLIMITED || (!forward && after.max >= EXTENT_UNLIMITED))
		*reason = psprintf("type %s can cut off the row number.", rule->type->name);
	else
		*reason = psprintf("with the largest row number, " INT64_FORMAT ", the text has up to " INT64_FORMAT " characters, and type %s cuts it off.",
						   Max(1, spindle_table_max_rows(check->domain, table)),
						   before.max + row.max + (forward ? 0 : after.max), rule->type->name);
	return false;
}

/*
 * Where the texts of a pattern show the number of their row; of several places the
 * first.  If there is none, *reason is why, in words, or NULL if no piece is a number
 * of the row.
 */
static SpindleRowPlace
find_row_place(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule, char **reason)
{
	SpindleRowPlace place = {0};

	*reason = NULL;
	for (int p = 0; p < rule->pattern.npieces && !place.is_known; p++)
		if (rule->pattern.piece[p].kind == SPINDLE_PIECE_ROW || rule->pattern.piece[p].kind == SPINDLE_PIECE_ID)
			(void) is_row_readable(check, table, rule, p, &place, reason);
	return place;
}

/* Note it, for those who look for the row of a text. */
static void
settle_pattern(KeyCheck *check, const SpindleTable *table, SpindleRule *rule)
{
	char	   *reason;

	rule->pattern.place = find_row_place(check, table, rule, &reason);
}

/*
 * A pattern tells its rows apart if the row number can be read from its texts:
 * if the place where it begins and the place where it ends are both known,
 * counted from the same end of the text, and nothing of that is cut off by the
 * type.  For that we work out how long the text of each piece can be and whether
 * it can hold digits, from the rules of the columns it comes from.
 *
 * The proof is a sufficient one: a pattern that happens to be unique for another
 * reason is refused, with what to change.
 */
static KeyDifference
pattern_differs(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule)
{
	char	   *reason;
	int			digits = spindle_extent_digits(Max(1, spindle_table_max_rows(check->domain, table)));

	if (find_row_place(check, table, rule, &reason).is_known)
		return (KeyDifference) {.scope = KEY_IN_TABLE};
	if (reason == NULL)
		return spindle_key_repeats(check, table, rule);
	return (KeyDifference) {.scope = KEY_REPEATS,
		.detail = psprintf("the values of a key must differ, but %s", reason),
		.hint = psprintf("Put {row:%d}, or {row} between characters that are no digits, at the begin or end of the pattern, and choose a type that holds the whole text.",
						 digits)};
}

/*
 * The pattern as it stands, but for widths, folding and the kinds of random
 * characters.
 */
static void
describe_pattern(StringInfo out, const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	appendStringInfoString(out, "text: ");
	for (int i = 0; i < rule->pattern.npieces; i++)
	{
		const SpindlePiece *piece = &rule->pattern.piece[i];

		if (piece->kind == SPINDLE_PIECE_LITERAL)
			appendStringInfoString(out, piece->text);
		else if (piece->kind == SPINDLE_PIECE_COLUMN)
		{
			appendStringInfoChar(out, '{');
			spindle_describe_path(out, domain, table, &piece->ref);
			appendStringInfoChar(out, '}');
		}
		else
			appendStringInfoString(out, piece->kind == SPINDLE_PIECE_ROW ? "{row number}" :
								   piece->kind == SPINDLE_PIECE_SIBLING ? "{number within the parent}" :
								   piece->kind == SPINDLE_PIECE_ID ? "{id}" : "{random}");
	}
}

/* Pieces with the number of the row need it, random ones draw by it. */
static RowUse
pattern_row_use(const SpindleRule *rule)
{
	RowUse		use = ROW_IGNORED;

	for (int p = 0; p < rule->pattern.npieces; p++)
		switch (rule->pattern.piece[p].kind)
		{
			case SPINDLE_PIECE_LITERAL:
			case SPINDLE_PIECE_COLUMN:
				break;
			case SPINDLE_PIECE_ROW:
			case SPINDLE_PIECE_SIBLING:
			case SPINDLE_PIECE_ID:
				return ROW_NEEDED;
			default:
				use = ROW_FOR_DRAWS;
				break;
		}
	return use;
}

/* The only rule but "sequence" and "data" that a key can have. */
const SpindleRuleDef spindle_rule_def_pattern = {
	.forms = (const RuleForm[]) {
		{"pattern", 1 << SPINDLE_TEXT, {"kind", "pattern", "keyed_by", NULL}},
		{.name = NULL},
	},
	.read = read_pattern,
	.target = spindle_rule_has_no_target,
	.check = check_pattern,
	.extent = extent_of_pattern,
	.differs = pattern_differs,
	.row_use = pattern_row_use,
	.settle = settle_pattern,
	.ops = {
		.visit = visit_pattern,
		.may_be_null = pattern_may_be_null,
		.never_before = spindle_rule_any_time,
		.never_falls = spindle_rule_any_order,
		.describe = describe_pattern,
	},
};
