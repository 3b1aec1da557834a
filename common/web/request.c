/* What handlers read of a request. */
#include <string.h>

#include "base/gate.h"
#include "web/web_inside.h"

enum web_method web_method(const struct web_request *request)
{
	return request->method;
}

const char *web_path(const struct web_request *request)
{
	return request->target.path;
}

const char *web_part(const struct web_request *request, const char *name)
{
	for (size_t i = 0; i < request->parts; i++)
		if (strcmp(request->part[i].name, name) == 0)
			return request->part[i].value;
	PANIC("the route has no part %s", name);
}

const char *web_query(const struct web_request *request, const char *name)
{
	return target_query(&request->target, name);
}

const struct target_pair *web_queries(const struct web_request *request, size_t *count)
{
	*count = request->target.queries;
	return request->target.query;
}

static const char *looked_up(const struct web_request *request, enum MHD_ValueKind kind, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->connection, kind, name);
	return value != NULL && gate_utf8(value, strlen(value)) ? value : NULL;
}

const char *web_header(const struct web_request *request, const char *name)
{
	return looked_up(request, MHD_HEADER_KIND, name);
}

const char *web_cookie(const struct web_request *request, const char *name)
{
	return looked_up(request, MHD_COOKIE_KIND, name);
}

const struct web_route *web_route_of(const struct web_request *request)
{
	return request->route;
}

const char *web_address(const struct web_request *request)
{
	return request->address_text;
}

const char *web_neighbourhood(const struct web_request *request)
{
	return request->neighbourhood;
}

bool web_secure(const struct web_request *request)
{
	return request->secure;
}

enum lang web_lang(const struct web_request *request)
{
	return request->lang;
}

void web_speak(struct web_request *request, enum lang lang)
{
	request->lang = lang;
	lang_use(lang);
}

const char *web_self(const struct web_request *request)
{
	return request->self;
}

void *web_arg(const struct web_request *request)
{
	return request->web->config.arg;
}

const char *web_value(const struct web_request *request, const char *name)
{
	for (size_t i = 0; i < request->form.fields; i++)
		if (strcmp(request->form.field[i].name, name) == 0)
			return request->form.field[i].value;
	return NULL;
}

size_t web_fields(const struct web_request *request, const struct web_field **out)
{
	*out = request->form.field;
	return request->form.fields;
}

size_t web_files(struct web_request *request, struct web_file **out)
{
	*out = request->form.file;
	return request->form.files;
}

const void *web_body(struct web_request *request, size_t *len)
{
	if (request->form.spool.len > 0) {
		*len = request->form.spool.len;
		return request->form.spool.data;
	}
	*len = request->form.body.len;
	return *len > 0 ? request->form.body.data : NULL;
}
