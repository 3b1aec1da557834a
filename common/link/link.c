#include "link/link.h"

const char *const link_purpose_words[] = {"answer", "acknowledge", "cascade", "forward", "file", "sheet", NULL};
