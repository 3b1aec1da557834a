# The contracts once more beside real servers, and the beds themselves.
vestnik_test_beside(test_db postgres LABELS threads)
vestnik_script_test(integration/a_killed_test_leaves_nothing_behind.py)
vestnik_script_test(integration/systemd_units_are_whole_and_closed.py)
