/* One mail on standard input, from an MTA's alias or pipe:
 *
 *	answers: "|/usr/local/bin/vestnik-intake --stdin --config /etc/vestnik/vestnik.yaml"
 *
 * Exit codes are those of sysexits.h, so that the MTA knows what to do: 0 it is
 * recorded (or was, before); EX_TEMPFAIL try again later: the store is away, the
 * settings are wrong, whatever a person can mend; EX_DATAERR never: it is larger
 * than is taken, its sender gets it back; EX_USAGE wrong options. */
#ifndef VESTNIK_INTAKE_STDIN_MAIL_H
#define VESTNIK_INTAKE_STDIN_MAIL_H

#include <stdbool.h>

bool stdin_mail_asked(int argc, char **argv);
int stdin_mail_main(int argc, char **argv);

#endif
