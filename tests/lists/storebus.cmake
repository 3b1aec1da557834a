# Shared by the tests of store and bus; also for later drivers of both.
add_library(test_scratch STATIC support/scratch.c)
vestnik_common_options(test_scratch)
target_include_directories(test_scratch PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_scratch PUBLIC store base PkgConfig::CMOCKA)

vestnik_test(unit/test_watermark.c USES bus test_scratch)
vestnik_test(contract/test_db.c USES test_scratch LIBRARIES Threads::Threads)
vestnik_test(integration/test_store_sqlite.c USES test_scratch LIBRARIES PkgConfig::SQLITE Threads::Threads)
vestnik_test(contract/test_bus.c USES bus test_scratch LIBRARIES PkgConfig::JANSSON Threads::Threads)
vestnik_test(integration/test_power_cut.c USES test_scratch LIBRARIES PkgConfig::SQLITE)
vestnik_test(chaos/test_wal_reset.c USES test_scratch LIBRARIES PkgConfig::SQLITE)
vestnik_test(chaos/test_bus_kill.c USES bus test_scratch)
vestnik_test(integration/test_bus_embedded.c USES bus test_scratch)
vestnik_test(integration/test_bus_retention.c USES bus test_scratch)

add_executable(bench_bus bench/bench_bus.c)
vestnik_common_options(bench_bus)
target_link_libraries(bench_bus PRIVATE bus store base)
