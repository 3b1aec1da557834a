#include "answer/answer.h"

const char *ask_state_name(enum ask_state state)
{
	static const char *const names[ASK_STATES] = {"open", "received", "partial", "confirmed", "withdrawn"};
	return names[state];
}
