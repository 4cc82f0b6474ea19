/*-------------------------------------------------------------------------
 *
 * options_members.c
 *		Stream arguments that are members of the argument "options".
 *
 * A member becomes a value as its argument would have it, by the input function
 * of the type, and takes the argument's place.  From then on nobody asks where a
 * value came from, so all that is checked is checked for both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "server/hint.h"
#include "stream/options.h"

/* How values of a type stand in JSON. */
typedef struct MemberForm
{
	Oid			type;			/* that reads them */
	enum jbvType json;			/* jbvBinary: any value */
	const char *words;			/* the same for users */
} MemberForm;

static const MemberForm member_form[] = {
	[SPINDLE_OPTION_TEXT] = {TEXTOID, jbvString, "a string"},
	[SPINDLE_OPTION_NAME] = {NAMEOID, jbvString, "a string"},
	[SPINDLE_OPTION_BOOLEAN] = {BOOLOID, jbvBool, "true or false"},
	[SPINDLE_OPTION_INTEGER] = {INT4OID, jbvNumeric, "a whole number"},
	[SPINDLE_OPTION_BIGINT] = {INT8OID, jbvNumeric, "a whole number"},
	[SPINDLE_OPTION_DOUBLE] = {FLOAT8OID, jbvNumeric, "a number"},
	[SPINDLE_OPTION_INTERVAL] = {INTERVALOID, jbvString, "a string with an interval"},
	[SPINDLE_OPTION_TIMESTAMPTZ] = {TIMESTAMPTZOID, jbvString, "a string with a time"},
	[SPINDLE_OPTION_JSON] = {JSONBOID, jbvBinary, "JSON"},
};

/* What a member can be, as a sentence; palloc'd. */
static char *
legal_member(const SpindleStreamOption *option)
{
	char	   *legal = spindle_stream_option_legal(option);

	return psprintf("It must be %s%s%s%s.", option->if_null ? "null or " : "", member_form[option->type].words,
					legal ? ": " : "", legal ? legal : "");
}

/* Tell which member an input function complains of, and what is legal. */
static void
member_context(void *arg)
{
	const SpindleStreamOption *option = arg;

	errcontext("member \"%s\" of argument \"options\"", option->name);
	errhint("%s", legal_member(option));
}

/* A value of a type that has an input function, from its text; palloc'd. */
static Datum
value_of_text(SpindleOptionType type, char *text)
{
	Oid			function;
	Oid			param;

	getTypeInputInfo(member_form[type].type, &function, &param);
	return OidInputFunctionCall(function, text, param, -1);
}

/*
 * Is a value the default of its argument?  It may have been given all the same.
 */
static bool
is_default(const SpindleStreamOption *option, const NullableDatum *value)
{
	int16		len;
	bool		by_value = spindle_option_type_by_value(option->type, &len);

	if (option->initial == NULL || value->isnull)
		return option->initial == NULL && value->isnull;
	return datum_image_eq(value->value, value_of_text(option->type, pstrdup(option->initial)), by_value, len);
}

/* The text of a member that is not nested, as input functions read it; palloc'd. */
static char *
text_of_scalar(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			/* 10.0 is a whole number */
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   DirectFunctionCall1(numeric_trim_scale,
																		   NumericGetDatum(value->val.numeric))));
	}
}

/*
 * The value of a member, palloc'd.
 *
 * Raises invalid_parameter_value for JSON of another type, and what the input
 * function of the argument's type does, with the member in the context.
 */
static NullableDatum
read_member(const SpindleStreamOption *option, JsonbValue *value)
{
	const MemberForm *form = &member_form[option->type];
	ErrorContextCallback callback = {.callback = member_context,.arg = unconstify(SpindleStreamOption *, option),
	.previous = error_context_stack};
	NullableDatum result = {.isnull = value->type == jbvNull};

	if (result.isnull)
		return result;
	if (form->json == jbvBinary)
	{
		result.value = JsonbPGetDatum(JsonbValueToJsonb(value));
		return result;
	}
	if (value->type != form->json)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for member \"%s\" of argument \"options\": %s", option->name,
						JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, -1)),
				 errhint("%s", legal_member(option))));
	error_context_stack = &callback;
	result.value = value_of_text(option->type, text_of_scalar(value));
	error_context_stack = callback.previous;
	return result;
}

/*
 * The argument that a member is, by its name.  Raises invalid_parameter_value if
 * there is none.
 */
static SpindleStreamOptionId
find_member(const JsonbValue *name)
{
	List	   *names = NIL;
	char	   *unknown;

	/* the last one is the object itself */
	for (int i = 0; i < SPINDLE_OPTION_OPTIONS; i++)
	{
		const char *known = spindle_stream_option[i].name;

		if (strlen(known) == name->val.string.len && strncmp(known, name->val.string.val, strlen(known)) == 0)
			return i;
		names = lappend(names, unconstify(char *, known));
	}
	unknown = pnstrdup(name->val.string.val, name->val.string.len);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"options\" has an unknown member: \"%s\"", unknown),
			 errhint("%s", spindle_names_hint(unknown, names, "Members"))));
}

/*
 * spindle_stream_options_expand
 *		Put the members of the argument "options" in the place of the arguments that
 *		have their names; returns which ones.
 *
 * values has one for each entry of the table, of its type; afterwards "options" is
 * null, so a second call does nothing.  Whether values are in their ranges is not
 * looked at.  What is new is allocated in the current memory context; the result is
 * NULL if there was nothing.
 *
 * Raises invalid_parameter_value if "options" is no object, has a member that is no
 * argument or JSON of another type, or names an argument that has been given too,
 * and has not its default; and what input functions raise.
 */
Bitmapset *
spindle_stream_options_expand(NullableDatum *values)
{
	NullableDatum *options = &values[SPINDLE_OPTION_OPTIONS];
	Bitmapset  *given = NULL;
	Jsonb	   *object;
	JsonbIterator *iterator;
	JsonbValue	item;

	if (options->isnull)
		return NULL;
	object = DatumGetJsonbP(options->value);
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"options\": %s", JsonbToCString(NULL, &object->root, -1)),
				 errhint("It must be %s, such as {\"scale\": \"large\", \"max_events\": 100}.",
						 spindle_stream_option[SPINDLE_OPTION_OPTIONS].legal)));
	iterator = JsonbIteratorInit(&object->root);
	(void) JsonbIteratorNext(&iterator, &item, false);	/* the object begins */
	while (JsonbIteratorNext(&iterator, &item, true) == WJB_KEY)
	{
		const SpindleStreamOptionId id = find_member(&item);
		const SpindleStreamOption *option = &spindle_stream_option[id];

		if (!is_default(option, &values[id]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" is given twice", option->name),
					 errdetail("It is an argument of the call, and a member of the argument \"options\"."),
					 errhint("Leave one of them out, or change the member: options || '{\"%s\": ...}'.", option->name)));
		(void) JsonbIteratorNext(&iterator, &item, true);
		values[id] = read_member(option, &item);
		given = bms_add_member(given, id);
	}
	options->isnull = true;
	return given;
}
