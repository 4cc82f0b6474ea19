/*-------------------------------------------------------------------------
 *
 * library.c
 *		Names to models and instances, and those that this session has used.
 *
 * A model is made of its parts, its definition and data sets, when it is first
 * asked for, and anew when one of them has changed.  The session keeps the models and the instances that it used
 * last, and those that somebody holds.  There is one way to hold one: by a memory
 * context, for as long as that lives.  What is out of date, or has not been used
 * for long, goes with its last holder.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "define/definition.h"
#include "library/kind.h"
#include "library/library.h"
#include "library/parts.h"
#include "library/registered.h"
#include "server/hint.h"

#define MAX_KEPT_MODELS		16
#define MAX_KEPT_INSTANCES	8

/* A model or an instance, allocated in its own memory context. */
typedef struct Kept
{
	MemoryContext context;
	int			holders;
	bool		is_listed;		/* below; if not, it goes with its last holder */
	struct Kept *model;			/* of an instance, which holds it; else NULL */
	SpindleInstance *instance;
	SpindleDomain *domain;
	List	   *parts;			/* of a model: SpindlePart */
	uint64		generation;		/* of a model: what was registered when the
								 * parts were last found to be current */
} Kept;

static List *models = NIL;		/* Kept, last used first */
static List *instances = NIL;

/*
 * Take one that is not in a list into it, as the one used last.  The list
 * itself is in TopMemoryContext.
 */
static void
enlist(List **list, Kept *kept)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

	*list = lcons(kept, *list);
	kept->is_listed = true;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * A holder is gone: free what is neither listed nor held any more, and of an
 * instance its hold on the model too.
 */
static void
release(Kept *kept)
{
	Kept	   *model = kept->model;

	Assert(kept->holders > 0);
	if (--kept->holders > 0 || kept->is_listed)
		return;
	MemoryContextDelete(kept->context);
	if (model)
		release(model);
}

/* Take one out of its list; it goes unless somebody holds it. */
static void
delist(List **list, Kept *kept)
{
	*list = list_delete_ptr(*list, kept);
	kept->is_listed = false;
	kept->holders++;
	release(kept);
}

/* Keep no more than some; those used last stay. */
static void
limit(List **list, int max)
{
	while (list_length(*list) > max)
		delist(list, llast(*list));
}

/* A memory context that holds one is reset or deleted. */
static void
release_callback(void *kept)
{
	release(kept);
}

/*
 * Hold one for the lifetime of a memory context.  May run out of memory, but
 * only before anything is held.
 */
static void
hold(Kept *kept, MemoryContext holder)
{
	MemoryContextCallback *callback = MemoryContextAllocZero(holder, sizeof(MemoryContextCallback));

	callback->func = release_callback;
	callback->arg = kept;
	MemoryContextRegisterResetCallback(holder, callback);
	kept->holders++;
}

/* The parts that the present definition has loaded so far. */
static List *loaded_parts;

/*
 * The text of a definition or data set, palloc'd, and its length; NULL if there
 * is none of the name.  It becomes one of loaded_parts.  Raises what
 * spindle_part_load() does.
 */
static char *
load_part(SpindleLibraryKind kind, const char *name, int *len)
{
	SpindlePart *part = palloc(sizeof(SpindlePart));
	char	   *text = spindle_part_load(kind, name, len, part);

	if (text)
		loaded_parts = lappend(loaded_parts, part);
	return text;
}

/* The same of a data set, for spindle_domain_parse(). */
static char *
load_data_set(const char *name, int *len)
{
	return load_part(SPINDLE_LIBRARY_DATA_SET, name, len);
}

/*
 * Are all parts of a model what they were when it was made?  generation is that
 * of what is registered.  Looks at each file but reads none; tables are looked at
 * only if something has been registered or dropped since.
 */
static bool
is_current(Kept *model, uint64 generation)
{
	ListCell   *lc;

	foreach(lc, model->parts)
		if (!spindle_part_is_current(lfirst(lc), model->generation == generation))
			return false;
	model->generation = generation;
	return true;
}

/* The model that is kept of a domain, or NULL. */
static Kept *
find_model(const char *name)
{
	ListCell   *lc;

	foreach(lc, models)
	{
		Kept	   *kept = lfirst(lc);

		if (strcmp(kept->domain->name, name) == 0)
			return kept;
	}
	return NULL;
}

/*
 * Make a model of its definition, and the data sets that this names; in a context
 * below the present one.  NULL if there is no definition.  Raises what is wrong
 * with any of them.
 */
static Kept *
create_model(const char *name, uint64 generation)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle domain", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Kept	   *kept = palloc0(sizeof(Kept));

	loaded_parts = NIL;
	spindle_registered_fix();
	PG_TRY();
	{
		int			len;
		char	   *text = load_part(SPINDLE_LIBRARY_DOMAIN, name, &len);

		if (text)
		{
			kept->domain = spindle_domain_parse(name, text, len, load_data_set);
			pfree(text);
		}
	}
	PG_FINALLY();
	{
		spindle_registered_unfix();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	if (kept->domain == NULL)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	kept->context = context;
	kept->parts = loaded_parts;
	kept->generation = generation;
	return kept;
}

/*
 * spindle_library_undefined
 *		Raise undefined_object about a name, with those there are.
 */
void
spindle_library_undefined(SpindleLibraryKind kind, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s \"%s\" does not exist", spindle_library_kind_word(kind), name),
			 errhint("%s", spindle_names_hint(name, spindle_part_names(kind),
											  kind == SPINDLE_LIBRARY_DOMAIN ? "Domains" : "Data sets"))));
}

/*
 * The model of a domain, up to date and the first one of the list; not held.
 * Raises an error if there is no such domain or its definition is not valid.
 * An outdated model is delisted, and plans of the session are made anew,
 * before errors are raised.
 */
static Kept *
get_model(const char *name)
{
	uint64		generation = spindle_registered_generation();
	Kept	   *kept = find_model(name);

	if (kept && is_current(kept, generation))
	{
		models = list_delete_ptr(models, kept);
		enlist(&models, kept);
		return kept;
	}
	if (kept)
	{
		/* plans hold what the definition said when they were made */
		ResetPlanCache();
		delist(&models, kept);
	}

	/* under the caller's context until it is complete, so that errors free it */
	kept = create_model(name, generation);
	if (kept == NULL)
		spindle_library_undefined(SPINDLE_LIBRARY_DOMAIN, name);
	MemoryContextSetParent(kept->context, TopMemoryContext);
	enlist(&models, kept);
	limit(&models, MAX_KEPT_MODELS);
	return kept;
}

/*
 * The number of a preset by its name; the domain's default if that is NULL.
 * Raises invalid_parameter_value with the names there are.
 */
static int
find_scale(const SpindleDomain *domain, const char *scale)
{
	int			preset = scale ? spindle_domain_find_preset(domain, scale) : domain->default_preset;
	List	   *names = NIL;

	if (preset >= 0)
		return preset;
	for (int i = 0; i < domain->npresets; i++)
		names = lappend(names, domain->preset[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scale \"%s\" of spindle domain \"%s\" does not exist", scale, domain->name),
			 errhint("%s", spindle_names_hint(scale, names, "Scales"))));
}

/*
 * spindle_library_names
 *		The names of all domains, sorted, as palloc'd strings.
 */
List *
spindle_library_names(void)
{
	return spindle_part_names(SPINDLE_LIBRARY_DOMAIN);
}

/*
 * spindle_library_domain
 *		The model of a domain, which stays for the lifetime of a memory context.
 *
 * Raises an error, with the names there are, if there is no such domain, and
 * one with the place if its definition is not valid.  If one of its parts has
 * changed since it was made, a new one is made; who holds the old one keeps
 * that.  Costs a stat() per file if none has, and nothing for what is
 * registered.
 */
SpindleDomain *
spindle_library_domain(const char *name, MemoryContext holder)
{
	Kept	   *kept = get_model(name);

	hold(kept, holder);
	return kept->domain;
}

/*
 * spindle_library_instance
 *		The instance of a domain by its name, scale and seed, which stays for the
 *		lifetime of a memory context.
 *
 * Without a scale, NULL, it has the domain's default.
 *
 * Raises an error, with the names there are, if domain or scale does not
 * exist, and one with the place if the definition is not valid.  Any seed is
 * legal.  To ask for the same again in a session costs a stat() per file of
 * the definition.
 */
SpindleInstance *
spindle_library_instance(const char *domain_name, const char *scale, int64 seed, MemoryContext holder)
{
	Kept	   *model = get_model(domain_name);
	int			preset = find_scale(model->domain, scale);
	Kept	   *found = NULL;
	ListCell   *lc;

	foreach(lc, instances)
	{
		Kept	   *kept = lfirst(lc);

		if (kept->model == model && kept->instance->preset == preset && kept->instance->seed == seed)
			found = kept;
	}
	if (found)
		instances = list_delete_ptr(instances, found);
	else
	{
		SpindleInstance *instance = spindle_instance_create(model->domain, preset, seed);

		found = MemoryContextAllocZero(instance->context, sizeof(Kept));
		found->context = instance->context;
		found->instance = instance;
		found->domain = model->domain;
		found->model = model;
		model->holders++;
		MemoryContextSetParent(found->context, TopMemoryContext);
	}
	enlist(&instances, found);
	hold(found, holder);
	limit(&instances, MAX_KEPT_INSTANCES);
	return found->instance;
}

/*
 * spindle_library_check
 *		Raise an error if a text, len bytes of UTF-8, is not a valid definition or
 *		data set.
 *
 * name is what errors call it.  Nothing is kept.  Data sets that a definition names
 * are loaded by a function, see spindle_domain_parse(), or looked up as usual if
 * that is NULL; data_sets, if not NULL, gets a list of their names, palloc'd.
 * Raises program_limit_exceeded beyond 16 MB, and else what
 * spindle_domain_parse() and spindle_data_set_check() do.
 */
void
spindle_library_check(SpindleLibraryKind kind, const char *name, const char *text, int len,
					  char *(*load) (const char *set, int *len), List **data_sets)
{
	MemoryContext context;
	MemoryContext oldcontext;

	/* anyone may ask, so we do not read whatever size */
	if (len > SPINDLE_MAX_DEFINITION)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the definition has %d bytes, more than the limit of %d", len, SPINDLE_MAX_DEFINITION)));
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle check", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	loaded_parts = NIL;
	if (kind == SPINDLE_LIBRARY_DATA_SET)
		spindle_data_set_check(name, text, len);
	else
	{
		SpindleDomain *domain = spindle_domain_parse(name, text, len, load ? load : load_data_set);

		MemoryContextSwitchTo(oldcontext);
		for (int i = 0; data_sets && i < domain->ndatasets; i++)
			*data_sets = lappend(*data_sets, pstrdup(domain->dataset[i]->name));
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}

/*
 * spindle_library_text
 *		The text of a definition or data set, palloc'd, as it was given; its length
 *		is *len.  It is in UTF-8.
 *
 * Raises undefined_object with the names there are, and what is wrong with a file.
 * What it says is not looked at.
 */
char *
spindle_library_text(SpindleLibraryKind kind, const char *name, int *len)
{
	SpindlePart part;
	char	   *text = spindle_part_load(kind, name, len, &part);

	if (text == NULL)
		spindle_library_undefined(kind, name);
	return text;
}
