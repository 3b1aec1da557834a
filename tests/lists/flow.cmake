# Planner and ledger.
add_library(flow_bed STATIC support/flow_bed.c)
vestnik_common_options(flow_bed)
target_link_libraries(flow_bed PUBLIC base settings message store bus PRIVATE PkgConfig::CMOCKA)
vestnik_test(unit/test_ledger.c USES flow_bed service_ledger)
vestnik_test(unit/test_planner.c USES flow_bed service_planner service_ledger LIBRARIES PkgConfig::JANSSON)
add_executable(bench_plan bench/bench_plan.c)
vestnik_common_options(bench_plan)
target_link_libraries(bench_plan PRIVATE service_planner PkgConfig::JANSSON)
