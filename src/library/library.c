/*-------------------------------------------------------------------------
 *
 * library.c
 *		Names to models and instances, and those that this session has used.
 *
 * A model is made of its files when it is first asked for, and anew when one of
 * them has changed.  The session keeps the models and the instances that it used
 * last, and those that somebody holds.  There is one way to hold one: by a memory
 * context, for as long as that lives.  What is out of date, or has not been used
 * for long, goes with its last holder.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "define/definition.h"
#include "library/files.h"
#include "library/library.h"
#include "server/hint.h"

#define MAX_TEXT_SIZE		(1024 * 1024)
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
	uint64		stamp;			/* of a model: tells its files from what they
								 * become */
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

/* Stamps of the data sets that the present definition has loaded so far. */
static uint64 loaded_stamp;

/*
 * The contents of a data set, palloc'd, and their length, for
 * spindle_domain_parse(); NULL if there is none of the name.
 *
 * Adds its stamp to loaded_stamp.  Raises what spindle_file_find() and
 * spindle_file_read() do.
 */
static char *
load_data_set(const char *name, int *len)
{
	uint64		stamp;
	char	   *path = spindle_file_find("data/", name, &stamp);

	if (path == NULL)
		return NULL;
	loaded_stamp = hash_combine64(loaded_stamp, stamp);
	return spindle_file_read(path, len);
}

/*
 * The stamps of all files of a model as they are now; 0 if one has gone.
 * stamp is that of the definition.  Looks at each file but reads none.
 */
static uint64
present_stamp(const SpindleDomain *domain, uint64 stamp)
{
	for (int i = 0; i < domain->ndatasets; i++)
	{
		uint64		data_stamp;
		char	   *path = spindle_file_find("data/", domain->dataset[i]->name, &data_stamp);

		if (path == NULL)
			return 0;
		stamp = hash_combine64(stamp, data_stamp);
		pfree(path);
	}
	return stamp;
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
 * Make a model of its file; in a context below the present one.  Its data sets
 * are read too.  Raises what is wrong with any of the files.
 */
static Kept *
create_model(const char *name, const char *path, uint64 stamp)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle domain", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Kept	   *kept = palloc0(sizeof(Kept));
	int			len;
	char	   *text = spindle_file_read(path, &len);

	loaded_stamp = stamp;
	kept->context = context;
	kept->domain = spindle_domain_parse(name, text, len, load_data_set);
	kept->stamp = loaded_stamp;
	pfree(text);
	MemoryContextSwitchTo(oldcontext);
	return kept;
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
	uint64		stamp;
	char	   *path = spindle_file_find("", name, &stamp);
	Kept	   *kept = find_model(name);

	if (kept && path && kept->stamp == present_stamp(kept->domain, stamp))
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
	if (path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("spindle domain \"%s\" does not exist", name),
				 errhint("%s", spindle_names_hint(name, spindle_library_names(), "Domains"))));

	/* under the caller's context until it is complete, so that errors free it */
	kept = create_model(name, path, stamp);
	MemoryContextSetParent(kept->context, TopMemoryContext);
	enlist(&models, kept);
	limit(&models, MAX_KEPT_MODELS);
	return kept;
}

/*
 * The number of a preset by its name.  Raises invalid_parameter_value with the
 * names there are.
 */
static int
find_scale(const SpindleDomain *domain, const char *scale)
{
	int			preset = spindle_domain_find_preset(domain, scale);
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
	return spindle_file_names();
}

/*
 * spindle_library_domain
 *		The model of a domain, which stays for the lifetime of a memory context.
 *
 * Raises an error, with the names there are, if there is no such domain, and
 * one with the place if its definition is not valid.  If its files have
 * changed since it was made, a new one is made; who holds the old one keeps
 * that.  Costs a stat() per file if they have not.
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
 *		Raise an error if a text, len bytes of UTF-8, is not a valid definition.
 *
 * Nothing is kept.  Data sets that it names are read.  Raises
 * program_limit_exceeded beyond 1 MB, and else what spindle_domain_parse()
 * does.
 */
void
spindle_library_check(const char *text, int len)
{
	MemoryContext context;
	MemoryContext oldcontext;

	/* anyone may ask, so we do not read whatever size */
	if (len > MAX_TEXT_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the definition has %d bytes, more than the limit of %d", len, MAX_TEXT_SIZE)));
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle domain check", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	(void) spindle_domain_parse("definition", text, len, load_data_set);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
