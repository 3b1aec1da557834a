/* Drives a transport by itself, for the tests: reads one JSON object on
 * standard input, says on standard output what became of each letter and each
 * session, one JSON object per line.
 *
 * {"transport":"libesmtp", "host":"127.0.0.1", "port":2525, "security":"plain|starttls|tls",
 *  "ca_file":…, "user":…, "password":…, "ehlo":…,
 *  "connect_ms":…, "greeting_ms":…, "command_ms":…, "transfer_ms":…, "final_ms":…,
 *  "per_session":100, "threads":1,
 *  "sessions":3,        at most, per thread; ends earlier when nothing is left
 *  "requeue":false,     a letter that was not sent goes back to the queue
 *  "stop_after":N,      sets the stop flag after N outcomes
 *  "abort_ms":N,        aborts every session N ms after the start
 *  "abort_at":"end",    aborts from another thread inside before_end
 *  "refuse_end":[2],    before_end says no for these letters (once)
 *  "use_before_end":true,
 *  "letters":[{"from":…,"to":…,"envid":…,"segments":["text",{"text":"x","repeat":5}]}]} */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "mailer/transport.h"

struct probe_letter {
	struct letter_copy copy;
	const char *from, *to, *envid;
	int fed, outcomes;
	bool refuse_end;
};

struct probe {
	pthread_mutex_t lock;
	json_t *plan;
	const struct transport *transport;
	struct transport_config config;
	struct probe_letter *letters;
	size_t count;
	size_t *queue;
	size_t queue_len, queue_max;
	int outcomes, stop_after;
	bool requeue, use_before_end, abort_at_end;
	atomic_bool stop, bad;
};

struct probe_thread {
	struct probe *probe;
	pthread_t thread;
	struct transport_session *session;
	size_t held; /* letters fed without an outcome */
};

static const char *const verdict_names[] = {
	"accepted", "recipient_refused", "sender_refused", "uncertain", "not_sent"};
static const char *const end_names[] = {
	"ok", "stopped", "connect", "greeting", "tls", "auth", "lost", "unsupported"};

static void say(struct probe *p, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	pthread_mutex_lock(&p->lock);
	puts(text);
	fflush(stdout);
	pthread_mutex_unlock(&p->lock);
	free(text);
	json_decref(line);
}

static void complain(struct probe *p, const char *what, size_t letter)
{
	atomic_store(&p->bad, true);
	say(p, json_pack("{s:s,s:i}", "complaint", what, "letter", (int)letter));
}

static bool probe_next(void *arg, struct transport_letter *out)
{
	struct probe_thread *t = arg;
	struct probe *p = t->probe;
	pthread_mutex_lock(&p->lock);
	bool got = p->queue_len > 0;
	size_t index = 0;
	if (got) {
		index = p->queue[0];
		memmove(p->queue, p->queue + 1, --p->queue_len * sizeof *p->queue);
		p->letters[index].fed++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!got)
		return false;
	t->held++;
	struct probe_letter *l = &p->letters[index];
	*out = (struct transport_letter){.mail_from = l->from,
		.rcpt_to = l->to,
		.envid = l->envid,
		.copy = &l->copy,
		.arg = l};
	return true;
}

static void probe_outcome(void *arg, const struct transport_letter *letter,
	enum transport_verdict verdict, const struct transport_reply *reply)
{
	struct probe_thread *t = arg;
	struct probe *p = t->probe;
	struct probe_letter *l = letter->arg;
	size_t index = (size_t)(l - p->letters);
	pthread_mutex_lock(&p->lock);
	l->outcomes++;
	bool twice = l->outcomes > l->fed;
	if (verdict == TRANSPORT_NOT_SENT && p->requeue && p->queue_len < p->queue_max)
		p->queue[p->queue_len++] = index;
	if (++p->outcomes == p->stop_after)
		atomic_store(&p->stop, true);
	pthread_mutex_unlock(&p->lock);
	t->held--;
	say(p, json_pack("{s:i,s:s,s:i,s:s,s:s}", "letter", (int)index, "verdict",
			verdict_names[verdict], "code", reply->code, "enhanced", reply->enhanced, "text",
			reply->text));
	if (twice)
		complain(p, "two outcomes for one letter", index);
	if (strlen(reply->text) > sizeof reply->text - 1 || strpbrk(reply->text, "\r\n") != NULL)
		complain(p, "the reply's text is not one line", index);
	errno = EBADMSG; /* a transport must not be led astray by what callbacks leave */
}

static void *abort_now(void *arg)
{
	struct probe_thread *t = arg;
	t->probe->transport->abort(t->session);
	return NULL;
}

static bool probe_before_end(void *arg, const struct transport_letter *letter)
{
	struct probe_thread *t = arg;
	struct probe_letter *l = letter->arg;
	if (t->probe->abort_at_end) {
		pthread_t other;
		pthread_create(&other, NULL, abort_now, t);
		pthread_join(other, NULL);
	}
	bool refuse = l->refuse_end;
	l->refuse_end = false;
	errno = EBADMSG;
	return !refuse;
}

static void say_session(struct probe *p, const struct transport_result *r, int64_t took_us)
{
	json_t *line = json_pack("{s:s,s:i,s:i,s:s,s:s,s:I}", "end", end_names[r->end], "letters",
		r->letters, "code", r->reply.code, "reply", r->reply.text, "text", r->text, "took_ms",
		(json_int_t)(took_us / 1000));
	json_object_set_new(line, "ehlo_seen", json_boolean(r->ehlo_seen));
	json_object_set_new(line, "starttls", json_boolean(r->offers_starttls));
	json_object_set_new(line, "auth", json_boolean(r->offers_auth));
	json_object_set_new(line, "pipelining", json_boolean(r->offers_pipelining));
	json_object_set_new(line, "dsn", json_boolean(r->offers_dsn));
	json_object_set_new(line, "8bitmime", json_boolean(r->offers_8bitmime));
	json_object_set_new(line, "size", json_integer(r->offers_size));
	say(p, line);
}

static void *probe_run(void *arg)
{
	struct probe_thread *t = arg;
	struct probe *p = t->probe;
	struct transport_feed feed = {.arg = t,
		.next = probe_next,
		.outcome = probe_outcome,
		.before_end = p->use_before_end ? probe_before_end : NULL};
	int sessions = (int)json_integer_value(json_object_get(p->plan, "sessions"));
	for (int i = 0; i < (sessions > 0 ? sessions : 1); i++) {
		pthread_mutex_lock(&p->lock);
		bool left = p->queue_len > 0;
		pthread_mutex_unlock(&p->lock);
		if (!left || atomic_load(&p->stop))
			break;
		struct transport_result result;
		int64_t start_us = clock_mono_us();
		p->transport->run(t->session, &feed, &result);
		say_session(p, &result, clock_mono_us() - start_us);
		if (t->held != 0)
			complain(p, "letters were fed and got no outcome", t->held);
		if (result.end == TRANSPORT_END_STOPPED)
			break;
	}
	return NULL;
}

static const char *text_of(json_t *object, const char *key, const char *otherwise)
{
	const char *value = json_string_value(json_object_get(object, key));
	return value != NULL ? value : otherwise;
}

static int number_of(json_t *object, const char *key, int otherwise)
{
	json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

static void read_segments(struct probe_letter *l, json_t *segments)
{
	size_t i;
	json_t *s;
	json_array_foreach(segments, i, s)
	{
		const char *text = json_is_string(s) ? json_string_value(s) : text_of(s, "text", "");
		size_t repeat = json_is_string(s) ? 1 : (size_t)number_of(s, "repeat", 1);
		size_t len = strlen(text);
		if (l->copy.count == LETTER_SEGMENTS_MAX)
			exit(2);
		char *data = xmalloc(len * repeat + 1); /* exact, so that ASan sees an overrun */
		for (size_t n = 0; n < repeat; n++)
			memcpy(data + n * len, text, len);
		l->copy.segment[l->copy.count].data = data;
		l->copy.segment[l->copy.count++].len = len * repeat;
		l->copy.total += len * repeat;
	}
}

static void read_letters(struct probe *p)
{
	json_t *letters = json_object_get(p->plan, "letters"), *l, *refused;
	size_t i;
	p->count = json_array_size(letters);
	p->letters = xcalloc(p->count + 1, sizeof *p->letters);
	p->queue_max = p->count;
	p->queue = xcalloc(p->count + 1, sizeof *p->queue);
	json_array_foreach(letters, i, l)
	{
		p->letters[i].from = text_of(l, "from", "sender@example.org");
		p->letters[i].to = text_of(l, "to", "");
		p->letters[i].envid = text_of(l, "envid", NULL);
		read_segments(&p->letters[i], json_object_get(l, "segments"));
		p->queue[p->queue_len++] = i;
	}
	json_array_foreach(json_object_get(p->plan, "refuse_end"), i, refused)
		p->letters[json_integer_value(refused)].refuse_end = true;
}

static void read_config(struct probe *p)
{
	json_t *plan = p->plan;
	const char *security = text_of(plan, "security", "plain");
	p->transport = strcmp(text_of(plan, "transport", "libesmtp"), "libcurl") == 0 ? &transport_curl
										      : &transport_esmtp;
	p->config = (struct transport_config){.relay = "probe",
		.host = text_of(plan, "host", "127.0.0.1"),
		.port = number_of(plan, "port", 25),
		.security = strcmp(security, "tls") == 0 ? TRANSPORT_TLS
			: strcmp(security, "starttls") == 0 ? TRANSPORT_STARTTLS
							    : TRANSPORT_PLAIN,
		.ca_file = text_of(plan, "ca_file", NULL),
		.ehlo = text_of(plan, "ehlo", "probe.example.org"),
		.user = text_of(plan, "user", NULL),
		.password = text_of(plan, "password", NULL),
		.connect_timeout_ms = number_of(plan, "connect_ms", 2000),
		.greeting_timeout_ms = number_of(plan, "greeting_ms", 5000),
		.command_timeout_ms = number_of(plan, "command_ms", 5000),
		.transfer_timeout_ms = number_of(plan, "transfer_ms", 5000),
		.final_timeout_ms = number_of(plan, "final_ms", 5000),
		.letters_per_session = number_of(plan, "per_session", 100),
		.stop = &p->stop};
	p->requeue = json_is_true(json_object_get(plan, "requeue"));
	p->abort_at_end = json_object_get(plan, "abort_at") != NULL;
	p->use_before_end = p->abort_at_end || json_object_get(plan, "refuse_end") != NULL ||
		json_is_true(json_object_get(plan, "use_before_end"));
	p->stop_after = number_of(plan, "stop_after", -1);
}

static void run_threads(struct probe *p)
{
	size_t count = (size_t)number_of(p->plan, "threads", 1);
	struct probe_thread *threads = xcalloc(count, sizeof *threads);
	struct error e = {0};
	for (size_t i = 0; i < count; i++) {
		threads[i].probe = p;
		if (p->transport->open(&threads[i].session, &p->config, &e) != 0) {
			say(p, json_pack("{s:s,s:s}", "open", error_code_name(e.code), "text", e.text));
			free(threads);
			return;
		}
	}
	int64_t start_us = clock_mono_us();
	for (size_t i = 0; i < count; i++)
		pthread_create(&threads[i].thread, NULL, probe_run, &threads[i]);
	int abort_ms = number_of(p->plan, "abort_ms", 0);
	if (abort_ms > 0) {
		struct timespec wait = {abort_ms / 1000, abort_ms % 1000 * 1000000L};
		nanosleep(&wait, NULL);
		atomic_store(&p->stop, true);
		for (size_t i = 0; i < count; i++)
			p->transport->abort(threads[i].session);
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i].thread, NULL);
	int64_t took_us = clock_mono_us() - start_us;
	for (size_t i = 0; i < count; i++)
		p->transport->close(&threads[i].session);
	free(threads);
	say(p, json_pack("{s:i,s:f}", "outcomes", p->outcomes, "per_second",
			took_us > 0 ? p->outcomes * 1e6 / (double)took_us : 0.0));
}

int main(void)
{
	struct probe p = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct error e = {0};
	json_error_t wrong;
	p.plan = json_loadf(stdin, 0, &wrong);
	if (p.plan == NULL) {
		fprintf(stderr, "transport_probe: %s (line %d)\n", wrong.text, wrong.line);
		return 2;
	}
	read_config(&p);
	read_letters(&p);
	if (p.transport->init(&e) != 0) {
		fprintf(stderr, "transport_probe: %s\n", e.text);
		return 1;
	}
	run_threads(&p);
	for (size_t i = 0; i < p.count; i++)
		for (size_t s = 0; s < p.letters[i].copy.count; s++)
			free((char *)(uintptr_t)p.letters[i].copy.segment[s].data);
	free(p.letters);
	free(p.queue);
	json_decref(p.plan);
	return atomic_load(&p.bad) ? 3 : 0;
}
