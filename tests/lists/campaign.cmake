vestnik_test(unit/test_expression.c USES campaign)
vestnik_test(unit/test_campaign_check.c USES campaign test_scratch)
vestnik_test(unit/test_plan.c USES campaign)
vestnik_test(unit/test_campaign_store.c USES campaign test_scratch)
vestnik_script_test(integration/campaign_goes_from_folder_to_every_mailbox.py BEDS kafka+sqlite kafka+postgres)

add_executable(bench_audience bench/bench_audience.c)
vestnik_common_options(bench_audience)
target_link_libraries(bench_audience PRIVATE campaign store PkgConfig::JANSSON)
