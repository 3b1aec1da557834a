# Links, fields and answers.
vestnik_test(unit/test_link.c USES link)
vestnik_test(unit/test_field.c USES answer)

# A campaign that asks, for the tests of all who record or read answers.
add_library(test_ask_bed STATIC support/ask_bed.c)
vestnik_common_options(test_ask_bed)
target_link_libraries(test_ask_bed PUBLIC answer test_scratch)
vestnik_test(contract/test_answer.c USES answer test_ask_bed LIBRARIES Threads::Threads LABELS threads)
vestnik_test_beside(test_answer postgres)
vestnik_test(unit/test_workbook.c USES answer table test_ask_bed LIBRARIES PkgConfig::XLSXWRITER PkgConfig::ZIP Threads::Threads
  LABELS threads)
vestnik_script_test(integration/answers_are_set_decided_and_imported_by_staff.py)
vestnik_script_test(integration/the_excel_form_travels_with_the_letter_and_comes_back.py)

add_executable(bench_answer bench/bench_answer.c)
vestnik_common_options(bench_answer)
target_link_libraries(bench_answer PRIVATE answer test_ask_bed PkgConfig::CMOCKA)
