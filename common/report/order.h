/* The order people expect: «Школа № 2» before «Школа № 10», ё beside е. */
#ifndef VESTNIK_REPORT_ORDER_H
#define VESTNIK_REPORT_ORDER_H

/* As strcmp. UTF-8 is not required to be right. */
int order_names(const char *a, const char *b);

#endif
