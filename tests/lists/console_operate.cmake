# The console's pages for operators. It waits for breakers, webhooks and a killed mailer: some 20 s.
vestnik_script_test(integration/operators_see_and_mend_what_is_wrong_in_the_console.py BEDS kafka+postgres)
vestnik_script_test(integration/since_when_a_service_runs_survives_a_clock_that_is_set.py LABELS once)
