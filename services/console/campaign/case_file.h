#ifndef VESTNIK_CONSOLE_CAMPAIGN_CASE_FILE_H
#define VESTNIK_CONSOLE_CAMPAIGN_CASE_FILE_H

/* Before the console ends: waits for the one being made, removes all files. */
void case_files_stop(void);

#endif
