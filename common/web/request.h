/* What a handler sees of a request, and how it answers. Pointers live as long as the request. All
 * text is UTF-8 without NUL (anything else was refused before the handler), but otherwise hostile. */
#ifndef VESTNIK_WEB_REQUEST_H
#define VESTNIK_WEB_REQUEST_H

#include <jansson.h>

#include "base/buf.h"
#include "base/lang.h"
#include "web/web.h"

/* ---- reading ------------------------------------------------------------------- */

enum web_method web_method(const struct web_request *request);
/* Decoded, without the query: "/a/…". NULL only in web_config.problem, of a target nobody could read. */
const char *web_path(const struct web_request *request);
/* A part of the route's pattern; never NULL for one that stands in it. */
const char *web_part(const struct web_request *request, const char *name);
/* NULL when absent; the first when there are several. */
const char *web_query(const struct web_request *request, const char *name);
/* All of them, decoded. */
struct target_pair;
const struct target_pair *web_queries(const struct web_request *request, size_t *count);
const char *web_header(const struct web_request *request, const char *name);
const char *web_cookie(const struct web_request *request, const char *name);
/* The visitor's address: the connection's, or what a listed proxy says. */
const char *web_address(const struct web_request *request);
/* The same for counting: of IPv6 the /64. */
const char *web_neighbourhood(const struct web_request *request);
/* HTTPS at the visitor's end: our own, or as a listed proxy says. */
bool web_secure(const struct web_request *request);
/* ?lang=, else Accept-Language, else Russian. tr() speaks it while the handler runs. */
enum lang web_lang(const struct web_request *request);
/* From now on in this language: an account's own. */
void web_speak(struct web_request *request, enum lang lang);
/* The path with ?lang= when the visitor chose one: where a form or link of this page leads. */
const char *web_self(const struct web_request *request);
void *web_arg(const struct web_request *request);
/* The row of a table this request fits. */
const struct web_route *web_route_of(const struct web_request *request);

/* Forms: application/x-www-form-urlencoded or multipart/form-data. */
#define WEB_FIELDS_MAX 3000
#define WEB_FIELD_NAME_MAX 160 /* f.<field>.<row>.<column> of names of 64 */
struct web_field {
	const char *name, *value;
	size_t len;
};
const char *web_value(const struct web_request *request, const char *name); /* NULL when absent */
size_t web_fields(const struct web_request *request, const struct web_field **out);

struct web_file {
	char *field;
	char *name;              /* the visitor's, without folders, passed gate_file_name */
	char *media_type;        /* as claimed, or application/octet-stream */
	size_t len;
	int fd;                  /* a temporary file; closed with the request */
	void *data;              /* the whole file, mapped; NULL when it is empty */
};
size_t web_files(struct web_request *request, struct web_file **out);

/* Any other body (JSON) as bytes; NULL when there is none. */
const void *web_body(struct web_request *request, size_t *len);

/* ---- answering: once ------------------------------------------------------------- */

/* Before the answer. Values pass gate_header or are left out. */
void web_add_header(struct web_request *request, const char *name, const char *value);
void web_set_cookie(struct web_request *request, const char *name, const char *value, int max_age_s);

/* A page from the templates. data is borrowed; web adds lang, ru, self, other_lang. */
void web_reply_page(struct web_request *request, int status, const char *page, json_t *data);
/* Copies data. Not kept by browsers. */
void web_reply(struct web_request *request, int status, const char *media_type, const void *data, size_t len);
/* A document for a frame of a page of ours (a letter, a report, why there is none): sandboxed, inline styles, no
 * scripts, nothing is loaded. Opened by itself it can be printed. */
void web_reply_framed(struct web_request *request, int status, const void *html, size_t len);
/* Like it, for what is the same for everybody: ETag, 304, kept max_age_s. */
void web_reply_cached(struct web_request *request, const char *media_type, const void *data, size_t len,
	int max_age_s);
/* A file to keep: fd is taken. name passed gate_file_name. Never shown by the browser itself
 * unless `shown` is a type that cannot carry a script. */
void web_reply_file(struct web_request *request, int fd, size_t len, const char *name, const char *media_type);
void web_reply_download(struct web_request *request, const void *data, size_t len, const char *name,
	const char *media_type);
/* 303: see there. Within this site: begins with '/'. */
void web_redirect(struct web_request *request, const char *location);
/* The page "problem": a title and one or two sentences that say what to do; in the visitor's language. */
void web_reply_problem(struct web_request *request, int status, const char *title, const char *text);
/* By the error's code: ERROR_UNAVAILABLE and FULL 503, others 500. The visitor sees a general sentence,
 * the log the error. */
void web_reply_error(struct web_request *request, const struct error *e);

#endif
