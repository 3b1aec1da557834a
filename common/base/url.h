/* Addresses of stores and servers as people may see them. */
#ifndef VESTNIK_BASE_URL_H
#define VESTNIK_BASE_URL_H

/* The address with every password replaced by "***": scheme://user:password@…
 * and ?password=…, ?sslpassword=…. Anything else stays. The caller frees it. */
char *url_shown(const char *url);

#endif
