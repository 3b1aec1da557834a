# The mailer's transports and what they are tried with.
add_executable(transport_probe support/transport_probe.c)
vestnik_common_options(transport_probe)
target_link_libraries(transport_probe PRIVATE service_mailer_transport PkgConfig::JANSSON Threads::Threads)

add_executable(smtp_remember support/smtp_remember.c)
set_target_properties(smtp_remember PROPERTIES OUTPUT_NAME smtp-remember)
vestnik_common_options(smtp_remember)
target_link_libraries(smtp_remember PRIVATE base)

vestnik_script_test(contract/transports_keep_letters_right_under_faults.py LABELS mailer TIMEOUT 400)
vestnik_script_test(contract/transports_trust_only_what_is_verified.py LABELS mailer TIMEOUT 300)
vestnik_script_test(contract/transports_do_what_they_are_told.py LABELS mailer TIMEOUT 300)
vestnik_test(unit/test_smtp_dialogue.c USES service_mailer_transport LABELS mailer)
vestnik_test(unit/test_esmtp_hooks.c USES service_mailer_transport LABELS mailer)
vestnik_script_test(integration/letters_reach_real_servers.py LABELS mailer)
