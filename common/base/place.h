/* Where this process lives: host, boot and pid namespace as 8 hex digits. Two processes of one place
 * can ask for each other by pid (kill(pid, 0)); a container of the same host name and pid cannot be
 * mistaken for another. */
#ifndef VESTNIK_BASE_PLACE_H
#define VESTNIK_BASE_PLACE_H

#define PLACE_SIZE 9
/* Returns out. */
const char *place_here(char out[static PLACE_SIZE]);

#endif
