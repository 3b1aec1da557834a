# What comes back by mail.
vestnik_test(integration/real_bounces_are_understood.c USES service_intake)
vestnik_test(unit/test_figure.c USES service_intake)
vestnik_test(unit/test_reply_text.c USES service_intake)
vestnik_test(unit/test_recognise.c USES service_intake)
vestnik_test(unit/test_intake_noise.c USES service_intake TIMEOUT 300)
vestnik_script_test(integration/intake_explain_reads_files_folders_and_pipes.py)
vestnik_script_test(integration/intake_counts_a_maildirs_mail_once.py)
vestnik_script_test(integration/intake_reads_an_imap_mailbox_once.py)
