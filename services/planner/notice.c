#include "planner/notice.h"
