# Sheets (common/table) and the directory (common/directory).
pkg_check_modules(XLSXWRITER REQUIRED IMPORTED_TARGET xlsxwriter) # tests write workbooks with it
add_library(test_table_dump STATIC support/table_dump.c)
vestnik_common_options(test_table_dump)
target_include_directories(test_table_dump PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/support)
target_link_libraries(test_table_dump PUBLIC table base PkgConfig::CMOCKA)

vestnik_test(unit/test_table_csv.c USES table LIBRARIES test_table_dump)
vestnik_test(unit/test_table_xlsx.c USES table
  LIBRARIES test_table_dump PkgConfig::XLSXWRITER PkgConfig::ZIP PkgConfig::EXPAT)
vestnik_test(unit/test_table_noise.c USES table test_scratch
  LIBRARIES test_table_dump PkgConfig::XLSXWRITER PkgConfig::ZIP)
vestnik_test(unit/test_directory.c USES directory calendar test_scratch LIBRARIES test_table_dump)
vestnik_test(unit/test_directory_demo.c USES directory calendar test_scratch LIBRARIES PkgConfig::XLSXWRITER)
vestnik_script_test(integration/directory_is_imported_exported_and_suppressed.py)

add_executable(bench_import bench/bench_import.c)
vestnik_common_options(bench_import)
target_link_libraries(bench_import PRIVATE directory calendar store base)
