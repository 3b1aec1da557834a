# Rounds, asks, reminders, deadlines.
vestnik_test(unit/test_planner_loop.c USES flow_bed service_planner service_ledger LIBRARIES PkgConfig::JANSSON)
add_executable(bench_remind bench/bench_remind.c)
vestnik_common_options(bench_remind)
target_link_libraries(bench_remind PRIVATE test_bench_bed service_planner PkgConfig::JANSSON)
vestnik_script_test(integration/reminders_go_to_the_silent_at_their_own_time.py)
# 20 s: three campaigns through their whole story, one of them through a kill.
vestnik_script_test(integration/a_launched_campaign_is_postponed_corrected_and_recalled.py)
vestnik_script_test(chaos/a_planner_killed_while_it_reminds_loses_and_doubles_nothing.py)
