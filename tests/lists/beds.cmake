# The contracts once more beside real servers, and the beds themselves.
vestnik_test_beside(test_db postgres LABELS threads)
vestnik_script_test(integration/a_killed_test_leaves_nothing_behind.py LABELS once)
vestnik_script_test(integration/systemd_units_are_whole_and_closed.py LABELS once)
vestnik_test_beside(test_bus kafka LABELS threads)
vestnik_test_beside(test_bus kafka postgres)
vestnik_script_test(integration/bus_topics_are_made_once_and_differences_are_told.py LABELS once)
vestnik_script_test(integration/commands_look_into_kafka_also_while_it_is_away.py LABELS once)
