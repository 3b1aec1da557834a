/* The two languages people read. tr("English", "Русский") stands where the text
 * is used, so that a reader finds both; both must take the same arguments. */
#ifndef VESTNIK_BASE_LANG_H
#define VESTNIK_BASE_LANG_H

enum lang { LANG_EN, LANG_RU };

/* Once, before threads. From --lang, the settings, or LC_ALL/LC_MESSAGES/LANG. */
void lang_set(enum lang lang);
/* The calling thread's language until lang_use_default(): a page in its visitor's. */
void lang_use(enum lang lang);
void lang_use_default(void);
/* The thread's, else the process's. */
enum lang lang_get(void);
/* Russian when the environment's locale begins with "ru", else English. */
enum lang lang_of_environment(void);
__attribute__((format_arg(1), format_arg(2))) const char *tr(const char *en, const char *ru);

#endif
