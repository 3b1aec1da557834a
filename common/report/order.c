#include "report/order.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whole numbers of any length. *a and *b go behind them. */
static int compare_numbers(const char **a, const char **b)
{
	while (**a == '0' && is_digit((*a)[1]))
		(*a)++;
	while (**b == '0' && is_digit((*b)[1]))
		(*b)++;
	size_t n = 0, m = 0;
	while (is_digit((*a)[n]))
		n++;
	while (is_digit((*b)[m]))
		m++;
	int order = n != m ? (n < m ? -1 : 1) : strncmp(*a, *b, n);
	*a += n;
	*b += m;
	return order;
}

/* Twice the byte or, for a Cyrillic letter, twice its two bytes: ё (D1 91) and Ё (D0 81) stand
 * right behind е (D0 B5) and Е (D0 95). */
static int weight(const char **at)
{
	unsigned char c = (unsigned char)**at, next = (unsigned char)(*at)[c != '\0'];
	*at += 1;
	if ((c != 0xd0 && c != 0xd1) || next == '\0')
		return c * 2 * 256;
	*at += 1;
	if (c == 0xd1 && next == 0x91)
		return (0xd0 * 256 + 0xb5) * 2 + 1;
	if (c == 0xd0 && next == 0x81)
		return (0xd0 * 256 + 0x95) * 2 + 1;
	return (c * 256 + next) * 2;
}

int order_names(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		int order;
		if (is_digit(*a) && is_digit(*b)) {
			order = compare_numbers(&a, &b);
		} else {
			int x = weight(&a), y = weight(&b);
			order = (x > y) - (x < y);
		}
		if (order != 0)
			return order;
	}
	return (*a != '\0') - (*b != '\0');
}
