/* Every part's table. The right of each address stands in the part's own table, one row per method. */
#include "console/console.h"
#include "console/parts.h"

const struct console_route *const console_tables[] = {start_routes, people_routes, campaign_routes, operate_routes, log_routes, directory_routes, compose_routes, 
	audit_routes, approval_routes, personal_routes, api_routes};
const size_t console_tables_count = sizeof console_tables / sizeof console_tables[0];
