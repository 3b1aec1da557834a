vestnik_test(unit/test_mustache.c USES base letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_mustache_spec.c USES base letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_letter.c USES base calendar letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_mime.c USES base letter)
vestnik_test(unit/test_letter_noise.c USES base calendar letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_letter_threads.c USES base calendar letter LIBRARIES PkgConfig::JANSSON Threads::Threads)

# Prints a letter, for the tests in Python and for people who want to look.
add_executable(print_letter support/print_letter.c)
vestnik_common_options(print_letter)
target_link_libraries(print_letter PRIVATE base calendar letter PkgConfig::JANSSON)

add_executable(bench_render bench/bench_render.c)
vestnik_common_options(bench_render)
target_link_libraries(bench_render PRIVATE base calendar letter PkgConfig::JANSSON PkgConfig::GMIME)
vestnik_test(integration/letter_is_read_back_by_gmime.c USES base calendar letter
  LIBRARIES PkgConfig::JANSSON PkgConfig::GMIME)
vestnik_script_test(integration/letter_is_read_back_by_python.py)
