# The store on PostgreSQL.
add_executable(sql_probe support/sql_probe.c)
vestnik_common_options(sql_probe)
target_link_libraries(sql_probe PRIVATE store)
vestnik_script_test(contract/every_statement_is_taken_by_both_stores.py)
