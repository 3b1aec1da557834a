/* The reference of bench_webhook: the same POST again and again through bare
 * libcurl (multi, keep-alive, HTTP/1.1). usage: bare_posts URL COUNT AT_ONCE BYTES
 * Prints posts per second. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	long count = atol(argv[2]), at_once = atol(argv[3]), started = 0, done = 0;
	size_t bytes = (size_t)atol(argv[4]);
	char *body = malloc(bytes);
	if (body == NULL || at_once < 1)
		return 2;
	memset(body, 'x', bytes);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/cloudevents+json; charset=utf-8");
	headers = curl_slist_append(headers, "Expect:");
	double begin = now_s();
	for (; started < at_once && started < count; started++) {
		CURL *easy = curl_easy_init();
		curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)bytes);
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		curl_multi_add_handle(multi, easy);
	}
	while (done < count) {
		int running, left;
		CURLMsg *message;
		curl_multi_perform(multi, &running);
		while ((message = curl_multi_info_read(multi, &left)) != NULL) {
			CURL *easy = message->easy_handle;
			long status = 0;
			CURLcode code = message->data.result;
			curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
			curl_multi_remove_handle(multi, easy);
			if (code != CURLE_OK || status != 204) {
				fprintf(stderr, "bare_posts: %s, status %ld\n", curl_easy_strerror(code), status);
				return 1;
			}
			done++;
			if (started++ < count)
				curl_multi_add_handle(multi, easy);
			else
				curl_easy_cleanup(easy);
		}
		if (done < count)
			curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
	printf("%.0f\n", (double)count / (now_s() - begin));
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	free(body);
	return 0;
}
