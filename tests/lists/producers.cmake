# Tasks of other programs: what they may ask for, and how they say it.
vestnik_test(unit/test_settings_sources.c USES settings)
vestnik_test(unit/test_task.c USES message LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_limits.c USES flow_bed service_planner LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_task_noise.c USES message test_scratch LIBRARIES PkgConfig::JANSSON)
vestnik_script_test(integration/a_task_that_cannot_be_done_comes_back_when_its_cause_is_mended.py
  BEDS kafka+postgres kafka+sqlite)
vestnik_script_test(integration/kcat_asks_for_letters.py LABELS once)
vestnik_script_test(integration/a_program_in_python_asks_for_letters.py LABELS once)
vestnik_script_test(integration/a_program_in_java_asks_for_letters.py LABELS once)
