/* What people of the ministry are told by letter: the silent by name, and the report. */
#include "planner/move.h"

int move_escalation(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	(void)planner;
	(void)entry;
	return error_set(e, ERROR_INTERNAL, "not yet");
}

int move_report(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	(void)planner;
	(void)entry;
	return error_set(e, ERROR_INTERNAL, "not yet");
}
