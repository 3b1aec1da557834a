# Reports, call lists, acknowledgement sheets, case files (common/report, vestnik report).
add_library(test_report_bed STATIC support/report_bed.c)
vestnik_common_options(test_report_bed)
target_include_directories(test_report_bed PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_report_bed PUBLIC store base)
add_executable(report_store support/report_store.c)
vestnik_common_options(report_store)
target_link_libraries(report_store PRIVATE test_report_bed store base)

vestnik_test(unit/test_report.c USES report test_report_bed test_scratch)
vestnik_test_beside(test_report postgres)
vestnik_test(unit/test_archive.c USES report test_report_bed test_scratch LIBRARIES PkgConfig::ZIP)
vestnik_test_beside(test_archive postgres)
