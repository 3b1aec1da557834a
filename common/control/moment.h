/* A moment as lists and logs show it: "2023-05-30 18:00:05", «30.05.2023 18:00:05» in the settings' zone. */
#ifndef VESTNIK_CONTROL_MOMENT_H
#define VESTNIK_CONTROL_MOMENT_H

#include <stdint.h>

#include "settings/settings.h"

#define CONTROL_MOMENT_SIZE 40
/* "—" for 0. Returns out. */
const char *control_moment(const struct settings *settings, int64_t time_ms, char out[static CONTROL_MOMENT_SIZE]);

#endif
