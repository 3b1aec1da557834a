# Accounts, sessions, API keys; the console's gate.
vestnik_test(contract/test_account.c USES account test_scratch LIBRARIES Threads::Threads PkgConfig::JANSSON LABELS threads)
vestnik_test_beside(test_account postgres)
add_executable(rights_probe support/rights_probe.c)
vestnik_common_options(rights_probe)
target_link_libraries(rights_probe PRIVATE service_console PkgConfig::JANSSON)
vestnik_script_test(integration/console_pages_open_to_whom_the_table_says.py)
vestnik_script_test(integration/console_sessions_end_and_forms_come_from_our_pages.py LABELS threads TIMEOUT 400 BEDS kafka+postgres)
vestnik_script_test(integration/console_stands_a_flood_of_logins.py LABELS threads)
