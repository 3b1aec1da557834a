#include "base/clock.h"
#include "planner/stage.h"
#include "publish/publish.h"

int planner_publish_round(struct planner *planner, int64_t campaign, int64_t number, int64_t now_ms,
	struct error *e)
{
	return publish_round(planner->db, planner->bus, PLANNER_SOURCE, planner->settings->public_url, campaign,
		number, now_ms, e);
}

int planner_publish_changed(struct planner *planner, int64_t campaign, int64_t number, struct error *e)
{
	return publish_touch(planner->db, campaign, number, clock_now_ms(), e);
}
