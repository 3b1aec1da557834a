#include "table/xlsx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS 86400
/* Excel's dates end with 31.12.9999. */
#define SERIAL_MAX 2958466.0

/* Days since 1970-01-01 → date (Howard Hinnant's civil_from_days, restated). */
static void civil(long days, int *year, int *month, int *day)
{
	days += 719468; /* 0000-03-01 */
	long era = (days >= 0 ? days : days - 146096) / 146097;
	long doe = days - era * 146097;
	long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	long mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static void date_text(double serial, enum xlsx_format format, bool since_1904, char *out)
{
	double whole = floor(serial);
	long seconds = lround((serial - whole) * DAY_SECONDS);
	if (seconds == DAY_SECONDS) {
		whole += 1;
		seconds = 0;
	}
	long hours = seconds / 3600, minutes = seconds / 60 % 60;
	int n = 0;
	if (format != XLSX_TIME) {
		/* Excel counts a 29.02.1900 that never was (serial 60) */
		long days = (long)whole + (since_1904 ? 1462 : whole < 60 ? 1 : 0) - 25569;
		int year, month, day;
		civil(days, &year, &month, &day);
		n = snprintf(out, XLSX_NUMBER_SIZE, "%02d.%02d.%04d", day, month, year);
		if (format == XLSX_DATE)
			return;
		out[n++] = ' ';
	} else {
		hours += (long)whole * 24; /* [h]:mm */
	}
	n += snprintf(out + n, (size_t)(XLSX_NUMBER_SIZE - n), "%02ld:%02ld", hours, minutes);
	if (seconds % 60 != 0)
		(void)snprintf(out + n, (size_t)(XLSX_NUMBER_SIZE - n), ":%02ld", seconds % 60);
}

/* Excel keeps 15 digits and shows them without an exponent, in full. */
static void plain_number(double value, char *out)
{
	char digits[32];
	(void)snprintf(digits, sizeof digits, "%.14e", fabs(value)); /* d.dddddddddddddde±xx */
	int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
	if (exponent > 20 || exponent < -20) {
		(void)snprintf(out, XLSX_NUMBER_SIZE, "%.15g", value);
		return;
	}
	memmove(digits + 1, digits + 2, 14);
	size_t count = 15, len = 0;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	if (value < 0)
		out[len++] = '-';
	for (int place = exponent < 0 ? exponent : 0, i = 0; place < 0; place++, i++) {
		out[len++] = '0';
		if (i == 0)
			out[len++] = '.';
	}
	for (size_t i = 0; i < count || (int)i <= exponent; i++) {
		if (exponent >= 0 && (int)i == exponent + 1)
			out[len++] = '.';
		out[len++] = i < count ? digits[i] : '0';
	}
	out[len] = '\0';
}

void xlsx_number(
	const char *value, struct xlsx_style style, bool since_1904, char out[static XLSX_NUMBER_SIZE])
{
	char *end;
	double number = strtod(value, &end);
	if (end == value || *end != '\0' || !isfinite(number)) {
		(void)snprintf(out, XLSX_NUMBER_SIZE, "%s", value);
		return;
	}
	bool date = style.format == XLSX_DATE || style.format == XLSX_DATE_TIME ||
		style.format == XLSX_TIME;
	if (date && number >= 0 && number < SERIAL_MAX) {
		date_text(number, style.format, since_1904, out);
	} else if (style.format == XLSX_ZEROS && number == floor(number) && number >= 0 &&
		number < 1e15) {
		(void)snprintf(out, XLSX_NUMBER_SIZE, "%0*.0f", style.zeros, number);
	} else if (style.format == XLSX_PERCENT && fabs(number) < 1e15) {
		plain_number(number * 100, out);
		size_t len = strlen(out);
		(void)snprintf(out + len, XLSX_NUMBER_SIZE - len, "%%");
	} else {
		plain_number(number, out);
	}
}
