vestnik_test(unit/test_mustache.c USES base letter LIBRARIES PkgConfig::JANSSON)
vestnik_test(unit/test_mustache_spec.c USES base letter LIBRARIES PkgConfig::JANSSON)
