# The audit log, approvals, personal data, retention.
vestnik_test(contract/test_audit.c USES audit test_scratch LIBRARIES Threads::Threads PkgConfig::JANSSON LABELS threads)
vestnik_test_beside(test_audit postgres)
vestnik_script_test(integration/every_change_by_command_stands_in_the_audit_log.py BEDS kafka+postgres)
vestnik_script_test(integration/one_person_is_found_and_erased_everywhere.py BEDS kafka+postgres)
vestnik_script_test(integration/old_data_goes_after_its_case_file_is_kept.py BEDS kafka+postgres)
vestnik_script_test(integration/staff_check_the_log_approve_and_erase_on_pages.py)
vestnik_script_test(integration/a_second_person_approves_a_launch_in_the_console.py BEDS kafka+postgres)
