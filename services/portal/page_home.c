/* The bare address, and what is said to search engines. */
#include <string.h>

#include "portal/portal.h"

void page_home(struct web_request *request, void *worker)
{
	json_t *page = json_object();
	(void)worker;
	json_object_set_new(page, "title", json_null());
	json_object_set_new(page, "public", json_true());
	web_reply_page(request, 200, "home", page);
	json_decref(page);
}

/* Pages behind links are for their addressees alone. */
void page_robots(struct web_request *request, void *worker)
{
	static const char text[] = "User-agent: *\nDisallow: /a/\nDisallow: /k/\nDisallow: /m/\nDisallow: /f/\n"
				   "Disallow: /d/\nDisallow: /o/\nDisallow: /u/\nDisallow: /x/\n";
	(void)worker;
	web_reply_cached(request, "text/plain; charset=utf-8", text, strlen(text), 3600);
}
