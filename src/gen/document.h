/*-------------------------------------------------------------------------
 *
 * document.h
 *		Documents, whose parts are values of other steps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DOCUMENT_H
#define SPINDLE_DOCUMENT_H

#include "gen/text_batch.h"
#include "model/json_value.h"

/* What writes the documents of a step. */
typedef struct SpindleDocuments
{
	SpindleTextBatch batch;
	JsonTimes	times;
} SpindleDocuments;

extern void spindle_documents_init(SpindleDocuments *documents);
extern void spindle_documents_value(SpindleDocuments *documents, const SpindleType *type, int64 value);
extern void spindle_documents_element(SpindleDocuments *documents, const SpindleType *type, int64 value);
extern void spindle_documents_end_row(SpindleDocuments *documents, Step *step, int i);
extern void spindle_documents_end(SpindleDocuments *documents, Step *step);

#endif							/* SPINDLE_DOCUMENT_H */
