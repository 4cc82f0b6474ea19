/*-------------------------------------------------------------------------
 *
 * image.c
 *		Rows at a time, as JSON and as Datums.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/json_writer.h"
#include "stream/change.h"

/*
 * spindle_change_table_create
 *		What all images of a table have in common.
 *
 * Allocates in the current memory context; the table must outlive the result.
 */
SpindleChangeTable *
spindle_change_table_create(const SpindleTable *table)
{
	SpindleChangeTable *result = palloc0(sizeof(SpindleChangeTable));
	const SpindleColumn **column = palloc(sizeof(SpindleColumn *) * Max(table->ncolumns, 1));
	int		   *key = palloc(sizeof(int) * Max(table->nkeys, 1));
	int		   *versioned = palloc(sizeof(int) * Max(table->ncolumns, 1));
	int		   *place = palloc(sizeof(int) * Max(table->ncolumns, 1));

	for (int c = 0; c < table->ncolumns; c++)
	{
		place[c] = -1;
		if (table->column[c].hidden)
			continue;
		if (spindle_column_has_versions(table, c))
			versioned[result->nversioned++] = result->ncolumns;
		place[c] = result->ncolumns;
		column[result->ncolumns++] = &table->column[c];
	}
	for (int k = 0; k < table->nkeys; k++)
		if (place[table->key[k]] >= 0)
			key[result->nkeys++] = place[table->key[k]];
	pfree(place);
	result->table = table;
	result->column = column;
	result->key = key;
	result->versioned = versioned;
	result->writer = spindle_json_writer_create(table, NULL, false);
	return result;
}

/*
 * spindle_image_differs
 *		Are the values of a column different ones in two images of a table?
 */
bool
spindle_image_differs(const SpindleImage *a, const SpindleImage *b, int column)
{
	return a->is_null[column] != b->is_null[column] ||
		(!a->is_null[column] && !spindle_values_equal(&a->table->column[column]->type, a->value[column], b->value[column]));
}

/*
 * spindle_image_write
 *		Append a row as an object of all its columns.
 *
 * As all functions here, raises invalid_text_representation if a text is no value
 * of its column's type, and an error if out would exceed 1 GB.
 */
void
spindle_image_write(const SpindleImage *image, StringInfo out)
{
	spindle_json_writer_object(image->table->writer, out, image->value, image->is_null, NULL, 0, image->row);
}

/*
 * spindle_image_write_columns
 *		Append an object of some columns, each given once by its place.
 *
 * The columns of the key are image->table->key.
 */
void
spindle_image_write_columns(const SpindleImage *image, const int *columns, int ncolumns, StringInfo out)
{
	spindle_json_writer_object(image->table->writer, out, image->value, image->is_null, columns, ncolumns, image->row);
}

/*
 * spindle_image_write_value
 *		Append one value, as it stands in an object.
 */
void
spindle_image_write_value(const SpindleImage *image, int column, StringInfo out)
{
	spindle_json_writer_value(image->table->writer, out, column, image->value[column], image->is_null[column],
							  image->row);
}

/*
 * spindle_image_datums
 *		A row as Datums, by the places of its columns.
 *
 * inputs has an entry for each, or is NULL if all Datums are those of the columns'
 * own types.  What they refer to lives in the current memory context, or as long as
 * the image.  Raises what spindle_datums_of_values() does.
 */
void
spindle_image_datums(const SpindleImage *image, SpindleInput *inputs, Datum *values, bool *nulls)
{
	for (int c = 0; c < image->table->ncolumns; c++)
	{
		SpindleInput *input = inputs && OidIsValid(inputs[c].function.fn_oid) ? &inputs[c] : NULL;

		nulls[c] = image->is_null[c];
		values[c] = (Datum) 0;
		if (!nulls[c])
			spindle_datums_of_values(&image->table->column[c]->type, input, &image->value[c], 1, &values[c]);
	}
}
