/*-------------------------------------------------------------------------
 *
 * numeric.c
 *		Whole numbers with a scale as Datums of the type numeric.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat.h"
#include "gen/numeric.h"
#include "model/type.h"

/*
 * The stored form of a short numeric: a varlena header, a word with sign,
 * scale and weight, then digits of base 10000.  numeric.c keeps these names to
 * itself, but the form is what tables hold on disk, so it cannot change within
 * what pg_upgrade supports.  The regression tests compare with numeric_in().
 * int64_div_fast_to_numeric() in its place takes 330 instructions more for a
 * value, which makes 39 % of the scan of two such columns.
 */
#define NUMERIC_SHORT_BITS		0x8000
#define NUMERIC_NEGATIVE_BIT	0x2000
#define NUMERIC_DSCALE_SHIFT	7
#define NUMERIC_WEIGHT_MASK		0x7F
#define NUMERIC_BASE			10000

/*
 * Build a numeric from a whole number times 10^-scale, 0 <= scale <= 9, in a
 * slot; the Datum refers to the slot.  It shows digits digits after the point,
 * scale to 63.
 */
static Datum
make_numeric(SpindleNumeric *slot, int64 value, int scale, int digits)
{
	static const int64 power[] = {1, 10, 100, 1000};
	uint64		u = value < 0 ? -(uint64) value : (uint64) value;
	int			groups = (scale + 3) / 4;	/* digits after the point */
	int			shift = groups * 4 - scale;
	int16		reversed[SPINDLE_NUMERIC_DIGITS + 1];
	int			n = 0;
	int			first = 0;
	int			weight;

	if (u > PG_UINT64_MAX / 1000)
	{
		/* shifting would not fit: split off the digits that it would move */
		uint64		low = u % (NUMERIC_BASE / power[shift]);

		u /= NUMERIC_BASE / power[shift];
		reversed[n++] = (int16) (low * power[shift]);
	}
	else
		u *= power[shift];
	while (u != 0)
	{
		reversed[n++] = (int16) (u % NUMERIC_BASE);
		u /= NUMERIC_BASE;
	}
	weight = n - groups - 1;

	/* digits are stored without zeros at either end */
	while (first < n && reversed[first] == 0)
		first++;
	while (n > first && reversed[n - 1] == 0)
	{
		n--;
		weight--;
	}
	if (n == first)
		weight = 0;
	SET_VARSIZE(slot, offsetof(SpindleNumeric, digit) + (n - first) * sizeof(int16));
	slot->header = NUMERIC_SHORT_BITS | (digits << NUMERIC_DSCALE_SHIFT) |
		(value < 0 && n > first ? NUMERIC_NEGATIVE_BIT : 0) | (weight & NUMERIC_WEIGHT_MASK);
	for (int i = 0; i < n - first; i++)
		slot->digit[i] = reversed[n - 1 - i];
	return PointerGetDatum(slot);
}

/*
 * spindle_numerics
 *		n numbers times 10^-scale, 0 <= scale <= 9, as Datums, each in a slot of its
 *		own.  They show digits digits after the point, 0 to 63, or no zeros at the end
 *		if that is negative.
 *
 * Most numbers have two digits of base 10000 at most, which are written without
 * loops and jumps: 47 instructions in place of 90 for the total of an order.
 */
void
spindle_numerics(SpindleNumeric *slot, const int64 *value, int n, int scale, int digits, Datum *result)
{
	static const uint32 power[] = {1, 1000, 100, 10};
	const int	groups = (scale + 3) / 4;	/* digits after the point */
	const uint32 shift = power[scale % 4];

	for (int i = 0; i < n && digits < 0; i++)
	{
		int64		shortest = value[i];
		int			least = spindle_shortest_scale(&shortest, scale);

		result[i] = make_numeric(&slot[i], shortest, least, least);
	}
	for (int i = 0; i < n && digits >= 0; i++)
	{
		uint64		u = value[i] < 0 ? -(uint64) value[i] : (uint64) value[i];
		uint32		high;
		uint32		low;
		int			ndigits;
		int			weight;

		if (u >= NUMERIC_BASE * NUMERIC_BASE / shift)
		{
			result[i] = make_numeric(&slot[i], value[i], scale, digits);
			continue;
		}
		high = (uint32) u * shift / NUMERIC_BASE;
		low = (uint32) u * shift % NUMERIC_BASE;
		ndigits = (high != 0) + (low != 0);
		weight = high != 0 ? 1 - groups : low != 0 ? -groups : 0;
		SET_VARSIZE(&slot[i], offsetof(SpindleNumeric, digit) + ndigits * sizeof(int16));
		slot[i].header = NUMERIC_SHORT_BITS | (digits << NUMERIC_DSCALE_SHIFT) |
			(value[i] < 0 ? NUMERIC_NEGATIVE_BIT : 0) | (weight & NUMERIC_WEIGHT_MASK);
		slot[i].digit[0] = (int16) (high != 0 ? high : low);
		slot[i].digit[1] = (int16) low;
		result[i] = PointerGetDatum(&slot[i]);
	}
}
