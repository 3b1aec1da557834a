# Campaigns being written in the browser.
vestnik_test(unit/test_compose.c USES compose directory test_scratch LIBRARIES PkgConfig::ZIP)
