# Rounds, asks, reminders, deadlines.
vestnik_test(unit/test_planner_loop.c USES flow_bed service_planner service_ledger LIBRARIES PkgConfig::JANSSON)
