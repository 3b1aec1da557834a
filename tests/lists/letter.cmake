vestnik_test(unit/test_mustache.c USES base letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_mustache_spec.c USES base letter LIBRARIES PkgConfig::JANSSON)

# Prints a letter, for the tests in Python and for people who want to look.
add_executable(print_letter support/print_letter.c)
vestnik_common_options(print_letter)
target_link_libraries(print_letter PRIVATE base calendar letter PkgConfig::JANSSON)
