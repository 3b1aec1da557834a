/* Files of a console that was killed. */
#ifndef VESTNIK_CONSOLE_LEFTOVERS_H
#define VESTNIK_CONSOLE_LEFTOVERS_H

#include <time.h>

/* Removes from the run folder what the console makes there for a moment (compose-*, case-*, console-file-*,
 * api-*) and what is older than `begun` (CLOCK_REALTIME_COARSE, as files' times are). Says how many in the log. Another console alive in
 * the folder (run_dir/console.lock): nothing goes. */
void leftovers_sweep(const char *run_dir, const struct timespec *begun);

#endif
