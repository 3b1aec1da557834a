/* vestnik.mail and vestnik.mail.urgent: one letter to send now. Type
 * "vestnik.mail", data {"key":123,"dispatch":2}; ce_id "<key>.<dispatch>".
 * Schema: config/schemas/mail.json */
#ifndef VESTNIK_MESSAGE_JOB_H
#define VESTNIK_MESSAGE_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JOB_TYPE "vestnik.mail"

struct job {
	int64_t key;
	int64_t dispatch;
};

#define JOB_DATA_SIZE 80
/* Length of the text in out. */
size_t job_write(const struct job *job, char out[static JOB_DATA_SIZE]);
int job_read(const void *data, size_t len, struct job *job, struct error *e);

#endif
