# The store on PostgreSQL.
add_executable(sql_probe support/sql_probe.c)
vestnik_common_options(sql_probe)
target_link_libraries(sql_probe PRIVATE store)
vestnik_script_test(contract/every_statement_is_taken_by_both_stores.py)

vestnik_test(integration/test_store_postgres.c USES test_scratch)
foreach(test test_store_postgres test_campaign_check test_campaign_store test_directory test_directory_demo test_mailer_policy)
  vestnik_test_beside(${test} postgres)
endforeach()
vestnik_script_test(integration/store_moves_to_postgresql_and_back_with_nothing_lost.py)
vestnik_script_test(chaos/postgresql_failures_lose_no_letter.py TIMEOUT 900)
